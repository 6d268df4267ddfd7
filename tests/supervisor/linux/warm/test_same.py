"""A run by `nono warm` is as an ordinary one: streams, exit status, what is told."""

import random
import re

import pytest

from tests.conftest import BY_A_USER, Account
from tests.supervisor.linux.warm.conftest import Warm

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

SH = ("--", "sh", "-c")
CWD = "--allow-cwd"
COMMANDS: dict[str, tuple[str, ...]] = {
    "nothing to do": ("--", "true"),
    "a status": (*SH, "exit 7"),
    "the highest status": (*SH, "exit 255"),
    "both streams": (*SH, "echo out; echo err >&2"),
    "not executable": ("--", "/etc/passwd"),
    "not found": ("--", "no-such-command"),
    "no command": (),
    "a wrong option": ("--alow-cwd", "--", "true"),
    "a wrong path": ("--read", "absent", "--", "true"),
    "a contradiction": ("--block-net", "--open-port", "80", "--", "true"),
    "no profile": ("--profile", "no-such-profile", "--", "true"),
    "help": ("--help",),
    "killed": (*SH, "kill -9 $$"),
    "ended by TERM": (*SH, "kill -TERM $$"),
    "aborted": (*SH, "ulimit -c 0; kill -ABRT $$"),
    "much output": (*SH, "head -c 3000000 /dev/zero | tr '\\0' x"),
    "much on stderr": (*SH, "head -c 300000 /dev/zero | tr '\\0' y >&2"),
    "stdin": ("--", "cat"),
    "stdin in part": (*SH, "head -c 3"),
    "a stdin that is not read": ("--", "true"),
    "stdin closed": (*SH, "cat <&-"),
    "denied": ("--", "cat", "/etc/shadow"),
    "denied, as JSON": ("--json", "--", "cat", "/etc/shadow"),
    "denied, quietly": ("-q", "--", "cat", "/etc/shadow"),
    "denied writing": (*SH, "echo x > written"),
    "writing": (CWD, *SH, "echo x > written; cat written; rm written"),
    "writing, denied by an option": (CWD, "--deny", "secret", *SH, "echo x > secret"),
    "a new directory": (CWD, *SH, "mkdir new && rmdir new"),
    "a profile": ("--profile", "python-dev", "--", "python3", "-c", "print(1)"),
    "no network": ("--block-net", *SH, "cat < /dev/null"),
    "connecting, refused": (
        *("--block-net", "--", "python3", "-c"),
        "import socket; socket.create_connection(('127.0.0.1', 9))",
    ),
    "a host that is not named": (
        *("--allow-domain", "example.org", "--", "python3", "-c"),
        "import socket; socket.create_connection(('example.com', 443))",
    ),
    "names looked up": (
        *("--allow-domain", "example.org", "--", "python3", "-c"),
        "import socket; print(bool(socket.gethostbyname('example.org')))",
    ),
    "a credential": (
        *("--env-credential", "env:A_KEY", "--", "sh", "-c"),
        'test -n "$A_KEY" && echo given',
    ),
    "a service's credential": (
        *("--proxy-credential", "openai", "--", "sh", "-c"),
        'test -n "$OPENAI_API_KEY" && echo given',
    ),
    "statistics": ("--stats", "-q", "--", "true"),
    "a report": (CWD, "--report", "1", "--", "true"),
    "a report in a file": (CWD, "--report", "report.json", "--", "true"),
    "no audit": ("--no-audit", "--", "true"),
    "every call": ("--audit=all", "--", "true"),
    "floor only": ("--floor-only", "--", "true"),
    "a dry run": ("--dry-run", "--", "true"),
    "a dry run as JSON": ("--dry-run", "--json", "--", "true"),
    "a working directory": ("--workdir", "/", "--", "pwd"),
    "the same directory": ("--", "pwd"),
    "the environment": (*SH, "env | grep -v -e TMPDIR -e NONO | sort"),
    "a variable": ("--env-allow", "A_KEY", *SH, "echo $A_KEY"),
    "the umask": (*SH, "umask"),
    "limits": (*SH, "ulimit -a"),
    "signals": (*SH, "grep -e SigIgn -e SigBlk -e SigCgt /proc/self/status"),
    "who it is": (*SH, "id; grep -e Cap -e NoNew -e Seccomp /proc/self/status"),
    "descriptors": (*SH, "ls /proc/self/fd | wc -l"),
    "no terminal": (*SH, "exec 3</dev/tty"),
    "the time is up": ("--timeout", "0.3", "--", "sleep", "20"),
    "descriptors bounded": ("--max-open-files", "50", *SH, "ulimit -n"),
    "no preload": ("--no-preload", *SH, "echo ${LD_PRELOAD-none}"),
    "a script": ("-c", "echo by a shell"),
    "what goes on": (*SH, "sleep 20 & exit 3"),
    "a large line": ("--", "echo", "x" * 100_000),
    "odd bytes": ("--", "echo", "é\udcff".encode("utf-8", "surrogateescape").hex(), "ü"),
    "a process that forks": (*SH, "for i in 1 2 3 4 5 6; do (echo $i) & wait; done"),
    "a temporary file": (*SH, 'f=$(mktemp) && test -O "$f" && echo made'),
}
_DIFFERS = re.compile(
    r"nono-[0-9a-f]{8}|\d{8}T\d{6}-\d+-[0-9a-f]+|\d+(\.\d+)? ?(µs|us|ms|s)\b|\b[0-9a-f]{8,}\b"
    r"|127\.0\.0\.1:\d+"
    r"|\"(started|ended|seconds|pid|id|run|duration)\": ?[^,}\n]+|\d{4}-\d\d-\d\d[T ][\d:.Z+]+"
)
"""What is another one in every run."""
_COSTS = re.compile(r"(calls were stopped).*", re.DOTALL)


def _plain(text: str) -> str:
    return _DIFFERS.sub("*", _COSTS.sub(r"\1", text))


UNBUFFERED = """
import os, sys
from nono.supervisor.linux.warm.becoming import _stream
stream = _stream(1, sys.__stdout__)
stream.write("said")
os._exit(0)
"""


@pytest.mark.parametrize(("option", "said"), [("-u", "said"), ("-P", "")])
def test_a_stream_is_buffered_as_that_of_the_start(
    as_user: Account, option: str, said: str
) -> None:
    done = as_user(as_user.python, "-P", option, "-c", UNBUFFERED, env={"PYTHONUNBUFFERED": ""})
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


@pytest.mark.long
def test_what_a_run_says_and_how_it_ends_is_the_same(warm: Warm) -> None:
    """Each of those drawn once by it and once without, in the same place."""
    differ = {}
    for name in random.sample([*COMMANDS], len(COMMANDS) // 2):
        arguments = COMMANDS[name]
        both = []
        for by in ("required", ""):
            done = warm("run", *arguments, warm=by, input="some input\n", A_KEY="value-of-a-key")
            both.append((done.returncode, _plain(done.stdout), _plain(done.stderr)))
        if both[0] != both[1]:
            differ[name] = both
    assert not differ
