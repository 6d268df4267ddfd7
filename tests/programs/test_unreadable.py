"""Executables that may be run and not read: nono cannot see what they ask for, the kernel can."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Account, Finished, Nono, Secret, program_beside

SCRIPT = program_beside(__file__, "unreadable.sh")
TOOLS = ("mkdir", "touch", "mv", "ln", "cat", "rm", "env", "chmod", "cp", "python3")

Run = Callable[..., Finished]


@pytest.fixture
def run(user: Account, as_user: Account, project: Path, nono: Nono) -> Run:
    """Run the script on a directory that is there and one beside the project that is not open."""
    tools = as_user.directory(project / "tools")
    there = as_user.directory(project / "there" / "inner").parent
    for name in TOOLS:
        shutil.copy(Path("/usr/bin", name).resolve(), tools / name)
        (tools / name).chmod(0o111)

    def run(secret: Path, *options: str | Path) -> Finished:
        opened = ("--allow", there, "--read", tools, "--json")
        return nono("run", *opened, *options, "--", "sh", "-c", SCRIPT, "sh", tools, secret)

    return run


def test_what_the_floor_holds_works(
    run: Run, as_user: Account, project: Path, secret: Callable[[str], Secret]
) -> None:
    hidden = secret("hidden.txt")
    done = run(hidden.path)
    outcome = json.loads(done.stderr.splitlines()[-1])
    assert hidden.text not in done.stdout + done.stderr
    assert hidden.path.exists()
    assert not Path("/tmp/made-by-the-unreadable").exists()
    assert sorted(path.name for path in (project / "there/inner/made").iterdir()) == [
        "copy",
        "link",
    ]
    said = done.stdout.splitlines()
    assert "started" in said
    if as_user.uid == 0:  # who may read every file
        assert outcome["unread"] == []
        return
    assert said[-7:] == [*["Operation not permitted"] * 5, "1", "Protocol not supported"]
    assert {"mkdir", "touch", "python3"} <= {*outcome["unread"]}
    denied = {each["call"] for each in outcome["denials"] if each["request"] == "Forbidden"}
    assert {
        *(f"{call} in the unreadable python3" for call in ("openat", "truncate", "connect")),
    } <= denied
    assert {each["fix"] == [] for each in outcome["denials"]} == {True}
    assert not outcome["internal_errors"]


def test_where_names_are_refused_nothing_is_opened_unread(
    run: Run, as_user: Account, project: Path, secret: Callable[[str], Secret]
) -> None:
    """A file of such a name that is made later is in no rule of the kernel's."""
    done = run(secret("hidden.txt").path, "--deny", "**/later")
    if as_user.uid:
        assert "started" not in done.stdout
        assert "openat in the unreadable mkdir" in done.stderr
