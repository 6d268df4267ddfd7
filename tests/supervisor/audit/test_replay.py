"""Replay: a recorded run decided again under another profile, and what that would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.audit.conftest import Sessions
from tests.supervisor.network.world import world

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

PROGRAM = program_beside(__file__, "replayed.py")


@pytest.fixture
def profiles(project: Path, as_user: Account) -> Path:
    """Profiles beside the project: what the run had, less, and more."""
    base = {
        "workdir": {"access": "readwrite"},
        "filesystem": {"read_file": ["~/data.txt"]},
        "network": {"allow_domain": ["a.example"]},
    }
    place = as_user.directory(project.parent / f"{project.name}-profiles")
    less = {**base, "workdir": {"access": "read"}, "filesystem": {}}
    more = {**base, "filesystem": {"read_file": ["~/data.txt", "~/other.txt"]}}
    for name, content in (("same", base), ("less", less), ("more", more)):
        as_user.file(place / f"{name}.json", json.dumps(content))
    return place


def test_what_breaks_and_what_opens(
    sessions: Sessions, project: Path, as_user: Account, profiles: Path
) -> None:
    for path in (project / "in.txt", as_user.home / "data.txt", as_user.home / "other.txt"):
        as_user.file(path, "text")
    done = sessions(
        "run", "--audit=all", "--profile", profiles / "same.json", "--", "python3", "-c", PROGRAM
    )
    assert done.returncode == 0, done.stderr
    home = as_user.home

    def replay(name: str, *options: str) -> tuple[int, list[str]]:
        done = sessions("audit", "replay", "last", "--profile", profiles / f"{name}.json", *options)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    code, lines = replay("same")
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("no change: ")

    code, lines = replay("less")
    assert code == 1
    assert lines[0] == "breaks: was allowed and would be refused"
    text = "\n".join(lines)
    assert f"read {home}/data.txt" in text
    assert f"create {project}/out.txt" in text
    assert " /tmp/" not in text
    assert "opens" not in text
    assert "in.txt" not in text

    code, lines = replay("more")
    assert code == 1
    assert lines == [
        "opens: was refused and would be allowed",
        f"  read {home}/other.txt: allowed by profile filesystem.read_file in "
        f"{profiles}/more.json (~/other.txt)",
    ]
    code, (line,) = replay("more", "--json")
    found = json.loads(line)
    assert code == 1
    assert (found["breaks"], len(found["opens"])) == ([], 1)
    code, lines = replay("more", "--deny", str(home / "other.txt"))
    assert code == 0


def test_hosts(sessions: Sessions, as_user: Account) -> None:
    program = (
        "import urllib.request, urllib.error\n"
        "for host in 'a.example.net', 'b.example.net':\n"
        "    try: print(urllib.request.urlopen('http://' + host).status)\n"
        "    except urllib.error.URLError: print('refused')\n"
    )
    with world() as made:
        hosts = [made.http(name) for name in ("a.example.net", "b.example.net")]
        flags = made.flags(*hosts)
        options = (*flags, "--allow-domain", "a.example.net")
        done = sessions("run", "--allow-cwd", *options, "--", "python3", "-c", program)
    assert done.stdout.splitlines() == ["200", "refused"], done.stderr
    shared = ("audit", "replay", "last", "--allow-cwd", *flags)
    same = sessions(*shared, "--allow-domain", "a.example.net")
    assert same.returncode == 0, same.stdout
    other = sessions(*shared, "--allow-domain", "b.example.net")
    assert other.returncode == 1
    breaks, *lines = other.stdout.splitlines()
    assert breaks.startswith("breaks")
    assert lines[0].startswith("  connect to a.example.net port 80")
    assert lines[-2:][0].startswith("opens")
    assert lines[-1].startswith("  connect to b.example.net port 80")


def test_a_session_without_a_run(sessions: Sessions) -> None:
    assert sessions("audit", "replay", "last").returncode == 2
    sessions("run", "--", "no-such-command")
    done = sessions("audit", "replay", "last")
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stderr
