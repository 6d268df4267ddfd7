"""Command lines that show what a command is for: in its help, and on its page of the manual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nono.broker.settings import flag

_CWD = flag("workdir.access")
_READ = flag("filesystem.read")
_HOST = flag("network.allow_domain")
_PROCESSES = flag("limits.processes")
_TIMEOUT = flag("limits.timeout")

EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "run": (
        ("a script, in a directory that it may write in", f"{_CWD} -- python3 my_script.py"),
        (
            "one that reaches a single host",
            f"{_HOST} api.example.org -- ./fetch",
        ),
        ("by a profile, as an agent needs it", "--profile claude-code -- claude"),
        ("a line for a shell", f"{_CWD} -c 'make test | tail'"),
        ("no more than that of the machine", f"{_PROCESSES} 50 {_TIMEOUT} 5m -- ./build"),
        ("look first, and run nothing", f"--dry-run {_READ} ~/data -- ./report"),
    ),
    "shell": (("look around as a program would", f"{_CWD} {flag('network.block')}"),),
    "learn": (("write down what a program needs", "-o my-tool -- ./tool --all"),),
    "why": (
        ("what the last run was refused", "--last"),
        ("a path, with the options of a run", "--profile python-dev --path ~/.ssh/id_ed25519"),
        ("a host", f"{flag('network.network_profile')} developer --host pypi.org"),
    ),
    "ps": (("for programs", "--json"),),
    "kill": (("by the beginning of a name", "ab12"),),
    "status": (("what a run was given and refused", "ab12"),),
    "grant": (("one more directory, while it runs", f"ab12 {_READ} ~/data"),),
    "revoke": (("take it back", "ab12 1"),),
    "watch": (("answer whatever asks", ""),),
    "profile": (
        ("what a profile opens", "show python-dev"),
        ("one of your own", "init mine"),
    ),
    "audit": (("the last run, call by call", "show last"), ("nothing was changed", "verify last")),
    "trust": (("what this directory's project asks for", ""), ("a script", "./report.py")),
    "answers": (("what was answered with always", "list --all"),),
    "credential": (("keep a key in the keychain", "set openai"),),
    "init": (
        ("look at it first", "claude --print"),
        ("by a profile of your own", "codex -- --profile mine"),
    ),
    "mcp": (("tools for a client, in this directory", _CWD),),
    "jupyter": (("a kernel that changes its notebooks' directory", f"install {_CWD}"),),
    "warm": (("until nothing was run for ten minutes", "--idle 10m"),),
    "completion": (("for this shell alone", "bash"),),
    "man": (("where man(1) of one user looks", "~/.local/share/man/man1"),),
    "setup": (("what this machine offers", "--check"),),
}
"""By the name of a command: what for, and the words that follow the name."""


def lines(name: str) -> Iterator[str]:
    """The examples of a command, each behind a comment that says what for."""
    for purpose, words in EXAMPLES.get(name, ()):
        yield f"# {purpose}"
        yield f"nono {name} {words}".rstrip()
