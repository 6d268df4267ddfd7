"""The report after a run: what was refused, once, with the rule and the fix, in few lines."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Finished, Nono, Secret

pytestmark = pytest.mark.requires(landlock=2)

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


@BY_A_USER
def test_nothing_refused_nothing_said(refused: Callable[..., list[str]]) -> None:
    assert refused("open('made', 'w').close(); attempt(open, 'absent')") == []


@BY_A_USER
def test_each_object_once_with_how_often(refused: Callable[..., list[str]]) -> None:
    text = "for _ in range(7): attempt(open, '/srv')\nattempt(os.mkdir, '/srv/new')"
    assert refused(text) == [
        "nono: 8 calls refused:",
        "  create the directory /srv/new: no rule allows it; make it before the run, and open it",
        "  read /srv (7 times): no rule allows it  hint: --list /srv",
    ]


@BY_A_USER
def test_many_files_of_one_directory_are_one_line(
    refused: Callable[..., list[str]], elsewhere: Path
) -> None:
    text = f"for n in range(30): attempt(open, f'{elsewhere}/file{{n:02}}')"
    first, line = refused(text)
    assert first == "nono: 30 calls refused:"
    assert line.startswith(f"  read {elsewhere}/file00 and 29 more in {elsewhere}: ")
    assert line.endswith(f"  hint: --read {elsewhere}")


@BY_A_USER
def test_objects_are_counted_and_caches_are_one_line(
    refused: Callable[..., list[str]], as_user: Account, elsewhere: Path
) -> None:
    """Several calls about one file are one; dated logs and random names of a tool are one flag."""
    home, file = as_user.home, elsewhere / "file00"
    for name in (".npm/_logs/old", ".npm/_cacache/tmp/old", ".cache/pip/old"):
        as_user.file(home / name)
    text = (
        f"home, file = {str(home)!r}, {str(file)!r}\n"
        "attempt(open, file, 'a'); attempt(os.chmod, file, 0o600); attempt(os.utime, file)\n"
        "logs = [f'_logs/2026-11-25T23_47_0{n}_000Z-debug-0.log' for n in range(3)]\n"
        "for name in (*logs, '_cacache/tmp/3f2a9c1d'):\n"
        "    attempt(open, f'{home}/.npm/{name}', 'w')\n"
        "attempt(os.unlink, f'{home}/.npm/_logs/old'); attempt(open, f'{home}/.cache/pip/old')\n"
        "for _ in range(2): attempt(os.mkdir, f'{home}/.cache/pip/http')\n"
        "attempt(open, f'{home}/.gitconfig.lock', 'w')\n"
    )
    first, *lines = refused(text)
    assert first == "nono: 12 calls refused:" and len(lines) == 3, lines
    by_end = {line.partition("  hint: ")[2]: line for line in lines}
    assert set(by_end) == {f"--write-file {file}", "--caches", ""}
    assert by_end[f"--write-file {file}"].startswith(f"  write {file} (3 calls): ")
    assert by_end["--caches"].startswith(
        f"  create {home}/.npm/_logs/2026-11-25T23_47_00_000Z-debug-0.log and 6 more (8 times): "
    )
    assert "kept on purpose" in by_end[""]
    assert "--caches" not in " ".join(refused(text, "--caches"))


@BY_A_USER
def test_the_home_is_never_a_suggestion(
    refused: Callable[..., list[str]], as_user: Account
) -> None:
    home = as_user.home
    for number in range(4):
        as_user.file(home / f"new{number}")
    text = f"for n in range(4): attempt(open, f'{home}/new{{n}}', 'w')"
    _, line = refused(text)
    assert line.startswith(f"  write {home}/new0 and 3 more in {home}: ")
    _, hint = line.split("  hint: ")
    assert hint == " ".join(f"--write-file {home}/new{number}" for number in range(4))


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
    assert line.endswith(f"hint: --bypass-protection {key} --read-file {key}")
    _, line = refused(f"attempt(open, '{key}')", "--read", str(as_user.home))
    assert line.endswith(f"hint: --bypass-protection {key}")


@BY_A_USER
def test_a_thousand_different_things(refused: Callable[..., list[str]]) -> None:
    text = (
        "for n in range(3000): attempt(os.mkdir, f'/srv/{n}/{n}'); attempt(os.mkdir, f'/srv/{n}')"
    )
    lines = refused(text)
    assert lines == [
        "nono: 3000 calls refused:",
        "  create the directory /srv/0 and 1999 more in /srv: no rule allows it;"
        " make it before the run, and open it",
        "  and 1000 more objects (-v lists them)",
    ]


@BY_A_USER
def test_at_most_ten_lines_and_what_matters_first(
    refused: Callable[..., list[str]], as_user: Account
) -> None:
    """Many places of their own, and in between a call that the filter refuses and a secret."""
    home = as_user.home
    as_user.file(home / ".netrc")
    for number in range(30):
        as_user.file(home / f"place{number}/file")
    text = (
        f"for n in range(30): attempt(open, f'{home}/place{{n}}/file')\n"
        f"attempt(open, '{home}/.netrc')\n"
        f"attempt(os.unlink, '{home}/place0/file')\n"
        "import ctypes; ctypes.CDLL(None).unshare(0x10000000)\n"
    )
    lines = refused(text)
    assert len(lines) == 10 and lines[0] == "nono: 33 calls refused:"
    assert "make namespaces" in lines[1] and ".netrc" in lines[2] and "delete" in lines[3]
    assert lines[-1] == "  and 25 more objects (-v lists them)"
    assert len(refused(text, "-v")) >= 34


@BY_A_USER
def test_several_files_of_the_project_are_one_flag(nono: Nono, project: Path) -> None:
    def hints(script: str) -> list[str]:
        lines = nono("run", "--", "/usr/bin/python3", "-I", "-S", "-c", script).stderr.splitlines()
        return [line.partition("  hint: ")[2] for line in lines[1:]]

    attempts = "import os\n" + ATTEMPT
    (project / "a").touch()
    (project / "b").touch()
    one = attempts + "attempt(open, 'a')"
    assert hints(one) == [f"--read-file {project}/a"]
    assert hints(one + "; attempt(open, 'b')") == [f"--read {project}"]
    assert hints(one + "; attempt(open, 'new', 'w')") == ["--allow-cwd"]
    assert hints(attempts + "attempt(os.mkdir, 'new')") == ["--allow-cwd"]


@BY_A_USER
def test_what_was_dropped_is_named_when_the_program_failed(nono: Nono) -> None:
    def said(script: str, *flags: str) -> str:
        env = {"GITHUB_TOKEN": "text", "MY_TOKEN": "text", "PLAIN": "text"}
        return nono("run", *flags, "--", "/bin/sh", "-c", script, env=env).stderr

    assert said("exit 3") == (
        "nono: GITHUB_TOKEN is a key and not passed on: --proxy-credential github gives the program"
        " a token for it\n"
        "nono: variables not passed on: MY_TOKEN; --env-allow NAME passes one on\n"
    )
    assert said("exit 0") == said("exit 3", "-q") == ""


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


@BY_A_USER
def test_hostile_names_are_escaped(nono: Nono, project: Path) -> None:
    done = hostile(nono, project)
    assert done.returncode == 0
    assert is_harmless(done.stderr), ascii(done.stderr)
    assert r"\x1b]0;owned\x07\x1b[2J\x0a" in done.stderr
    assert r"\u202e\u200b\xff" in done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("nono: fake")]


@BY_A_USER
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


@BY_A_USER
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


@BY_A_USER
@pytest.mark.requires(commands=["git"])
def test_what_a_run_that_succeeded_has_done_without(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """Python lists where it is started for modules, and git status writes down what it found."""
    make = "git init -q g && cd g && touch a && git add a && touch -d '1 hour ago' a"
    assert as_user("sh", "-c", make, cwd=project).returncode == 0

    def said(*words: str) -> str:
        return nono("run", *words, cwd=project / "g").stderr

    python, git = ("--", "/usr/bin/python3", "-S", "-c"), ("--read", ".", "--", "git")
    assert said(*python, "import json") == said(*git, "status") == ""
    assert f"read {project}/g: " in said(*python, "import no_such_module")
    assert "hint: --list" in said("-v", *python, "import json")
    assert ".git/index.lock: " in said(*git, "add", "a")


@BY_A_USER
def test_no_flag_is_suggested_for_what_this_user_may_not_do_outside(
    refused: Callable[..., list[str]], root: Account, place: Path
) -> None:
    closed = root.file(place / "of-root", "text", 0o600)
    text = f"attempt(open, '{closed}'); attempt(open, '{closed}s', 'w')"
    for line in refused(text)[1:]:
        assert line.endswith("; outside, file modes refuse it to this user, too"), line
    closed.unlink()
