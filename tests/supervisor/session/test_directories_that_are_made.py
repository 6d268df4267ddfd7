"""A directory that `--allow` names is there at the start, and a program may still make it."""

from __future__ import annotations

import shutil

from tests.conftest import Account, Nono

MAKES = """
import os, sys
path = sys.argv[1]
for name in (path, path, path + "/inside", path + "/inside"):
    try:
        os.mkdir(name)
        print("made")
    except OSError as error:
        print(error.strerror)
"""


def test_once_and_only_by_the_run_that_it_was_made_for(nono: Nono, as_user: Account) -> None:
    place = as_user.home / "made-by-allow"
    command = ("run", "--allow", place, "--", "python3", "-c", MAKES, place)
    first, second = nono(*command), nono(*command)
    shutil.rmtree(place)
    assert first.stdout.splitlines() == ["made", "File exists", "made", "File exists"]
    assert second.stdout.splitlines() == ["File exists"] * 4
    note = f"nono: note: {place}: does not exist, and is made at the start\n"
    assert (first.stderr, second.stderr) == (note, "")


def test_none_that_stays_refused(nono: Nono, as_user: Account) -> None:
    place = as_user.home / ".gnupg"
    done = nono("run", "--allow", place, "--", "true")
    assert not place.exists() and "made" not in done.stderr
