"""Profiles on the real kernel: what they say is what is enforced, and bad ones run nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nono.broker import PolicyError
from nono.supervisor.planning.profiles.profile_files import Profiles
from tests.broker.worlds import ISSUE
from tests.conftest import BY_A_USER, Account, Finished, Nono, Secret, program_beside

pytestmark = pytest.mark.requires(landlock=2)

Write = Callable[..., str]
MARK = "it ran"


@pytest.fixture
def profile(as_user: Account, project: Path) -> Write:
    """Write a profile beside the project; its path."""

    def write(content: dict[str, Any] | str, name: str = "profile") -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        return str(as_user.file(project.parent / f"{project.name}-{name}.json", text))

    return write


def tries(nono: Nono, profile: str, program: str, *options: str) -> list[str]:
    """The lines that a Python program printed under the profile."""
    done = nono("run", "-q", "--profile", profile, *options, "--", "python3", "-c", program)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


ATTEMPTS = program_beside(__file__, "attempts.py")


@BY_A_USER
def test_the_example_enforces_what_it_says(
    nono: Nono, project: Path, as_user: Account, secret: Callable[[str], Secret]
) -> None:
    as_user.file(project / "untrusted-python.json", ISSUE.decode())
    secret(".ssh/id_ed25519")
    secret(".aws/credentials")
    as_user.file(as_user.home / "diary.txt", "dear")
    as_user.file(
        project / "my_script.py",
        ATTEMPTS + program_beside(__file__, "example.py"),
    )
    command = ("python3", "my_script.py")
    done = nono("run", "--profile", "untrusted-python.json", "--allow-cwd", "--", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "inside ok",
        "temporary ok",
        "keys Operation not permitted",
        "cloud Operation not permitted",
        "home Permission denied",
        "host Connection refused",
        "port Connection refused",
    ]
    notes = [line for line in done.stderr.splitlines() if "older spelling" in line]
    assert len(notes) == 3
    assert (project / "result.txt").read_text() == "x"


def test_a_profile_that_cannot_be_read_is_shown(tmp_path: Path) -> None:
    profiles = Profiles({}, str(tmp_path))
    (tmp_path / "loop.json").symlink_to("loop.json")
    for name, hint in (("loop", f"ls -ld {tmp_path}/loop.json"), ("none", "nono profile list")):
        with pytest.raises(PolicyError) as found:
            profiles.load(f"{tmp_path}/{name}.json", None)
        assert found.value.hint == hint


BAD: list[tuple[str, str, str]] = [
    ("{", "1:2: the file ends where '}' is missing", ""),
    ('{"network": {"allow_domain": ["https://a.org"]}}', "is a URL, not a host", "a.org"),
    ('{"filesystem": {"read": ["$UNSET"]}}', "there is no variable $UNSET", "there are: $HOME"),
    ('{"filesystem": {"read": ["/a/../b"]}}', "goes up with '..'", "without '..'"),
    ('{"filesystem": {"raed": []}}', "there is no key 'raed'", "did you mean 'read'?"),
    ('{"extends": "no-such"}', "there is no profile 'no-such'", "nono profile list"),
    ('{"network": {"credentials": ["opnai"]}}', "there is no service", "did you mean 'openai'"),
    ('{"env_credentials": {"a": "B"}}', "a program never gets a real key", "leave env_credentials"),
    (" " * 10_000_000, "larger than 1024 KiB", "is this the right file?"),
    ('{"filesystem": {"read": ["$XDG_RUNTIME_DIR/x"]}}', "is not set", "export XDG_RUNTIME_DIR"),
]


@BY_A_USER
@pytest.mark.parametrize(("text", "said", "hint"), BAD)
def test_a_bad_profile_runs_nothing(
    nono: Nono, profile: Write, text: str, said: str, hint: str
) -> None:
    path = profile(text)
    done = nono("run", "--profile", path, "--", "echo", MARK)
    assert (done.returncode, done.stdout) == (125, "")
    assert said in done.stderr
    assert f"hint: {hint}" in done.stderr.replace("hint: write only ", "hint: ") or hint in (
        done.stderr
    )
    checked = nono("profile", "validate", path)
    assert checked.returncode == 1
    assert said in checked.stdout


@BY_A_USER
def test_five_mistakes_are_five_lines(nono: Nono, profile: Write) -> None:
    path = profile(
        {
            "workdir": {"access": 1},
            "filesystem": {"read": {}, "write": "/x"},
            "network": {"block": 1},
            "meta": {"name": []},
        }
    )
    done = nono("run", "--profile", path, "--", "echo", MARK)
    assert (done.returncode, done.stdout) == (125, "")
    assert sum(line.startswith("nono: ") for line in done.stderr.splitlines()) == 5


@BY_A_USER
def test_a_circle(nono: Nono, profile: Write, project: Path) -> None:
    second = profile({"extends": f"./{project.name}-profile.json"}, "second")
    first = profile({"extends": second})
    done = nono("run", "--profile", first, "--", "echo", MARK)
    assert (done.returncode, done.stdout) == (125, "")
    assert "cannot extend itself" in done.stderr


@BY_A_USER
def test_what_is_odd_about_a_file_is_said(nono: Nono, profile: Write, project: Path) -> None:
    path = profile({"workdir": {"access": "read"}})
    os.chmod(path, 0o666)
    link = project / "link.json"
    link.symlink_to(path)
    done = nono("run", "--profile", "link.json", "--", "echo", MARK)
    assert (done.returncode, done.stdout) == (0, f"{MARK}\n")
    assert f"link.json is a link to {path}" in done.stderr
    assert "can be changed by other users: chmod go-w" in done.stderr
    quiet = nono("run", "-q", "--profile", "link.json", "--", "echo", MARK)
    assert quiet.stderr == ""


@BY_A_USER
def test_what_is_no_file(nono: Nono, project: Path) -> None:
    os.mkfifo(project / "pipe.json")
    for name, said in (
        ("./pipe.json", "not a regular file"),
        ("./absent.json", "No such file"),
        (".", "neither the name nor the file"),
        ("/", "not a regular file"),
        ("pyton-dev", "there is no profile 'pyton-dev'"),
    ):
        done = nono("run", "--profile", name, "--", "echo", MARK)
        assert (done.returncode, done.stdout) == (125, ""), name
        assert said in done.stderr


@BY_A_USER
def test_a_path_that_does_not_exist_is_a_note(nono: Nono, profile: Write) -> None:
    path = profile({"filesystem": {"read": ["/no/such/place"]}})
    done = nono("run", "--profile", path, "--", "echo", MARK)
    assert (done.returncode, done.stdout) == (0, f"{MARK}\n")
    assert "filesystem.read: /no/such/place does not exist" in done.stderr


@BY_A_USER
@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ("none", ["r Permission denied", "w Permission denied"]),
        ("read", ["r ok", "w Permission denied"]),
        ("write", ["r Permission denied", "w ok"]),
        ("readwrite", ["r ok", "w ok"]),
    ],
)
def test_workdir(
    nono: Nono, profile: Write, project: Path, as_user: Account, access: str, expected: list[str]
) -> None:
    as_user.file(project / "here", "text")
    path = profile({"workdir": {"access": access}})
    program = ATTEMPTS + "attempt('r', lambda: read('here'))\nattempt('w', lambda: write('new'))"
    assert tries(nono, path, program) == expected
    if access == "read":
        assert tries(nono, path, program, "--allow-cwd") == expected
    if access == "none":
        assert tries(nono, path, program, "--allow-cwd") == ["r ok", "w ok"]


def test_denied_wherever_it_is(
    nono: Nono, profile: Write, project: Path, as_user: Account, secret: Callable[[str], Secret]
) -> None:
    as_user.file(project / ".env", "x")
    as_user.file(project / "sub/.env", "x")
    secret(".netrc")
    as_user.file(as_user.home / ".npmrc", "x")
    path = profile(
        {
            "workdir": {"access": "readwrite"},
            "filesystem": {
                "read_file": ["~/.netrc", "~/.npmrc"],
                "deny": ["**/.env"],
                "bypass_protection": ["~/.npmrc"],
            },
            "environment": {"set_vars": {"A": "~/b"}, "deny_vars": ["LANG"]},
        }
    )
    program = (
        ATTEMPTS + "for path in '.env', 'sub/.env', '~/.netrc', '~/.npmrc':\n"
        "    attempt(path, lambda: read(path))\n"
        "print(os.environ['A'], 'LANG' in os.environ)"
    )
    refused = "Operation not permitted"
    assert tries(nono, path, program) == [
        f".env {refused}",
        f"sub/.env {refused}",
        f"~/.netrc {refused}",
        "~/.npmrc ok",
        f"{as_user.home}/b False",
    ]


@BY_A_USER
def test_network_keys_and_flags_add_up(nono: Nono, profile: Write) -> None:
    closed = profile({"network": {"block": True}}, "closed")
    empty = profile({"network": {"allow_domain": []}}, "empty")
    inherited = profile({"extends": "python-dev", "network": {"network_profile": None}}, "less")
    program = ATTEMPTS + (
        "attempt('a', lambda: connect('127.0.0.1', 9))\n"
        "attempt('b', lambda: socket.socket().close())"
    )
    unsupported = "Address family not supported by protocol"
    assert tries(nono, closed, program)[1] == f"b {unsupported}"
    for path in (empty, inherited):
        assert tries(nono, path, program) == ["a Connection refused", "b ok"]
        shown = nono("why", "--profile", path, "--host", "pypi.org")
        assert shown.returncode == 1
        shown = nono("why", "--profile", path, "--allow-domain", "pypi.org", "--host", "pypi.org")
        assert shown.returncode == 0
    refused = nono("run", "--profile", closed, "--allow-domain", "a.org", "--", "echo", MARK)
    assert (refused.returncode, refused.stdout) == (125, "")


def test_a_profile_cannot_be_written_by_its_program(
    nono: Nono, as_user: Account, profile: Write
) -> None:
    directory = as_user.home / ".config/nono/profiles"
    as_user.file(directory / "mine.json", json.dumps({"workdir": {"access": "readwrite"}}))
    program = (
        ATTEMPTS + "attempt('w', lambda: write('~/.config/nono/profiles/mine.json'))\n"
        "attempt('n', lambda: write('~/.config/nono/profiles/new.json'))\n"
        "attempt('m', lambda: os.rename(os.path.expanduser('~/.config/nono'), "
        "os.path.expanduser('~/.config/gone')))"
    )
    path = profile({"filesystem": {"allow": ["~/.config"]}})
    assert tries(nono, path, program) == [f"{name} Operation not permitted" for name in "wnm"]
    named = nono("run", "-q", "--profile", "mine", "--", "echo", MARK)
    assert (named.returncode, named.stdout) == (0, f"{MARK}\n")


@BY_A_USER
def test_a_run_without_a_profile_does_not_load_what_reads_one(as_user: Account) -> None:
    code = (
        "import sys\nfrom nono.supervisor.planning.make_plan import Options, make_plan\n"
        "make_plan(Options())\nprint([n for n in sys.modules if 'pydantic' in n])"
    )
    done: Finished = as_user(as_user.python, "-P", "-c", code)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
