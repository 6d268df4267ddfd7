"""The report after a run: what was refused, once, with the rule and the fix, in few lines."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Account, Finished, Nono, Secret

pytestmark = pytest.mark.requires(landlock=6)

HOSTILE = b"\x1b]0;owned\x07\x1b[2J\n\r\tnono: fake\xe2\x80\xae\xe2\x80\x8b\xff"


@pytest.fixture
def refused(nono: Nono, project: Path, as_user: Account) -> Callable[..., list[str]]:
    """Run a Python text quietly; the lines of nono's report."""

    def run(text: str, *flags: str) -> list[str]:
        as_user.file(project / "program.py", f"import os\n{ATTEMPT}\n{text}")
        command = ("--", "/usr/bin/python3", "-S", "program.py")
        done = nono("run", "--allow-cwd", *flags, *command)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        return done.stderr.splitlines()

    return run


ATTEMPT = """
def attempt(work, *arguments):
    try:
        work(*arguments)
    except OSError:
        pass
"""


@pytest.fixture
def elsewhere(as_user: Account) -> Path:
    """A directory with files that no rule covers."""
    path = as_user.directory(as_user.home / "elsewhere")
    for number in range(30):
        as_user.file(path / f"file{number:02}")
    return path


def test_nothing_refused_nothing_said(refused: Callable[..., list[str]]) -> None:
    assert refused("open('made', 'w').close(); attempt(open, 'absent')") == []


def test_each_object_once_with_how_often(refused: Callable[..., list[str]]) -> None:
    text = "for _ in range(7): attempt(open, '/etc/shadow')\nattempt(os.mkdir, '/srv/new')"
    assert refused(text) == [
        "nono: 8 calls refused:",
        "  read /etc/shadow (7 times): no rule allows it  hint: --read-file /etc/shadow",
        "  create the directory /srv/new: no rule allows it  hint: --write /srv/new",
    ]


def test_many_files_of_one_directory_are_one_line(
    refused: Callable[..., list[str]], elsewhere: Path
) -> None:
    text = f"for n in range(30): attempt(open, f'{elsewhere}/file{{n:02}}')"
    first, line = refused(text)
    assert first == "nono: 30 calls refused:"
    assert line.startswith(f"  read {elsewhere}/file00 and 29 more in {elsewhere}: ")
    assert line.endswith(f"  hint: --read {elsewhere}")


def test_the_home_is_never_a_suggestion(
    refused: Callable[..., list[str]], as_user: Account
) -> None:
    home = as_user.home
    for number in range(4):
        as_user.file(home / f"new{number}")
    text = f"for n in range(4): attempt(open, f'{home}/new{{n}}', 'w')"
    _, line = refused(text)
    assert line.startswith(f"  write {home}/new0 and 3 more in {home}: ")
    assert "hint" not in line


def test_hints_lead_to_success(nono: Nono, elsewhere: Path) -> None:
    """What the report says to add does allow it; a second need may show only after the first."""
    key = elsewhere / "file00"
    for script in (f"cat {key}", f"echo x >> {key}", f"ls {elsewhere}", f"rm {key}"):
        added: list[str] = []
        for _ in range(3):
            done = nono("run", "--allow-cwd", *added, "--", "sh", "-c", script)
            if done.returncode == 0:
                break
            for line in done.stderr.splitlines():
                added += shlex.split(line.partition("  hint: ")[2])
        assert (done.returncode, done.stderr) == (0, ""), (script, added)
        assert added


def test_a_protected_file_names_its_protection(
    refused: Callable[..., list[str]], secret: Callable[[str], Secret], as_user: Account
) -> None:
    key = secret(".ssh/id_ed25519").path
    _, line = refused(f"attempt(open, '{key}')")
    assert line.startswith(f"  read {key}: denied by group deny_credentials (~/.ssh)")
    assert line.endswith("hint: --bypass-protection '~/.ssh' --read '~/.ssh'")
    _, line = refused(f"attempt(open, '{key}')", "--read", str(as_user.home))
    assert line.endswith("hint: --bypass-protection '~/.ssh'")


def test_a_thousand_different_things(refused: Callable[..., list[str]]) -> None:
    text = (
        "for n in range(3000): attempt(os.mkdir, f'/srv/{n}/{n}'); attempt(os.mkdir, f'/srv/{n}')"
    )
    lines = refused(text)
    assert len(lines) == 20
    assert lines[0] == "nono: 3000 calls refused:"
    assert lines[-1] == "  and 2982 more objects (--json lists them)"


def hostile(nono: Nono, project: Path, *flags: str) -> Finished:
    script = (
        f"import os; name = {HOSTILE!r}\n"
        "for path in (b'/etc/' + name, b'/srv/' + name + b'/x', b'/root/' + name):\n"
        "    for work in (os.mkdir, os.unlink, lambda p: os.open(p, os.O_CREAT)):\n"
        "        try: work(path)\n"
        "        except OSError: pass\n"
        "os.mkdir(name); os.chdir(name)\n"
        "try: open('/etc/shadow')\n"
        "except OSError: pass\n"
    )
    return nono("run", "--allow-cwd", *flags, "--", "/usr/bin/python3", "-S", "-c", script)


def is_harmless(text: str) -> bool:
    """Only printable ASCII and line ends."""
    return all(character == "\n" or " " <= character <= "~" for character in text)


def test_hostile_names_are_escaped(nono: Nono, project: Path) -> None:
    done = hostile(nono, project)
    assert done.returncode == 0
    assert is_harmless(done.stderr), ascii(done.stderr)
    assert r"\x1b]0;owned\x07\x1b[2J\x0a" in done.stderr
    assert r"\u202e\u200b\xff" in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("nono: fake")]


def test_hostile_names_are_whole_in_json(nono: Nono, project: Path) -> None:
    done = hostile(nono, project, "--json")
    assert done.returncode == 0
    assert is_harmless(done.stderr)
    (line,) = done.stderr.splitlines()
    report = json.loads(line)
    assert {denial["request"] for denial in report["denials"]} == {"Open", "PathChange"}
    assert all(is_harmless(denial["path"]) for denial in report["denials"])
    assert all(denial["reason"] and denial["rule"] for denial in report["denials"])
    assert report["denials_not_listed"] == 0


def test_a_bug_is_reported_without_its_control_characters(as_user: Account, project: Path) -> None:
    failing = (
        "import sys\n"
        "from nono.supervisor.cli import main as cli\n"
        "from nono.supervisor.linux.calls import handlers\n"
        "def fail(call, decisions):\n"
        "    raise ValueError('odd \\x1b[2J\\u202e text')\n"
        "handlers.HANDLERS = {**handlers.HANDLERS, 'chmod': fail, 'fchmodat': fail}\n"
        "cli.main(sys.argv[1:])\n"
    )
    command = ("run", "-q", "--allow-cwd", "--", "sh", "-c", "chmod 700 .; chmod 700 .; exit 3")
    done = as_user(as_user.python, "-P", "-c", failing, *command, cwd=project)
    assert done.returncode == 3
    assert "nono: 2 calls refused because of a bug in nono; please report it:" in done.stderr
    assert r"ValueError: odd \x1b[2J\u202e text" in done.stderr
    assert is_harmless(done.stderr)
