"""What a home of the tests has when each of them begins: what any start of nono keeps, and no more.

Without it the first run of every test makes a filter and looks through all of nono's own files, as
only the first run of a person does. `.ci/run` would take a quarter longer.
"""

import os
import shutil
from pathlib import Path

from nono.supervisor.session.tmpdir import remove_tree

_STATE = Path(".local/state/nono")
_KEPT = ("filters", "own-files-*")
_AS_GIVEN: dict[Path, dict[str, int]] = {}


def set_aside(home: Path) -> None:
    """Of what a run has left in a home, that is what others begin with; nothing else stays."""
    for pattern in _KEPT:
        for path in (home / _STATE).glob(pattern):
            kept = _kept(home) / _STATE
            kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(kept / path.name)
    remove_tree(os.fspath(home / _STATE.parts[0]))


def begin(home: Path) -> set[Path]:
    """Give a home what was set aside. What is in it besides: what a test adds is removed after."""
    kept, given = _kept(home), home / _STATE.parts[0]
    if kept.is_dir() and not os.path.lexists(given):
        shutil.copytree(kept, home, dirs_exist_ok=True)
        owner = home.stat()
        for path in (given, *given.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
            path.chmod(0o700 if path.is_dir() else 0o600)
        _AS_GIVEN[given] = _times(given)
    return set(home.iterdir()) - {given}


def is_as_given(path: Path) -> bool:
    """Whether it is what a home was given, and nobody has changed anything in it."""
    return path in _AS_GIVEN and _times(path) == _AS_GIVEN[path]


def _times(top: Path) -> dict[str, int]:
    """When each directory and file below was last changed, whatever of it."""
    found = {os.fspath(top): top.lstat().st_ctime_ns}
    for directory, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(directory, name)
            found[path] = os.lstat(path).st_ctime_ns
    return found


def _kept(home: Path) -> Path:
    return home.with_name(f"kept-{home.name}")
