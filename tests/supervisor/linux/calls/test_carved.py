"""Work in a directory that is carved around something denied: all as usual, but for that."""

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=3)

SCRIPT = """
import os, subprocess
for turn in range(3):
    with open("main.txt.new", "w") as file:
        file.write(f"turn {turn}")
    os.rename("main.txt.new", "main.txt")
    print(open("main.txt").read())
    os.unlink("gone.txt")
    open("gone.txt", "x").close()
    open("gone.txt", "r+").close()
os.rename("directory", "renamed")
open("renamed/inside", "a").close()
os.mkdir("directory")
open("directory/new", "w").close()
os.link("main.txt", "directory/linked")
os.truncate("main.txt", 2)
print(sorted(os.listdir(".")), open("directory/linked").read())
def refused(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        print(what.__name__, type(error).__name__)
    else:
        print(what.__name__, "WON")
refused(open, "denied/file")
refused(open, "denied/new", "w")
refused(os.rename, "denied", "other")
refused(os.rename, "renamed", "denied")
refused(os.link, "denied/file", "linked")
refused(os.symlink, ".", "denied")
refused(os.listdir, "denied")
refused(os.rmdir, "denied")
"""


def test_everything_but_the_denied_directory_works(
    nono: Nono, as_user: Account, project: Path
) -> None:
    for name in ("main.txt", "gone.txt", "directory/inside", "denied/file"):
        as_user.file(project / name, "before")
    run = ("run", "--allow-cwd", "--deny", "denied", "--json", "--")
    done = nono(*run, "/usr/bin/python3", "-c", SCRIPT)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[:3] == ["turn 0", "turn 1", "turn 2"]
    assert lines[3] == ("['denied', 'directory', 'gone.txt', 'main.txt', 'renamed'] tu")
    assert "WON" not in done.stdout
    assert len(lines) == 12
