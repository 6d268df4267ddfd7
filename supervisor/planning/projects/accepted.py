"""What people accepted of the files of projects and scripts: the text of each, by the file's path.

It is kept in nono's state directory, which no sandbox can read or write. It counts for the user who
accepted it, for this path, and as long as the file says the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.descriptors import listdir
from nono.supervisor.errors import UsageError
from nono.supervisor.kept_files import keep, read_kept
from nono.supervisor.places import state_directory
from nono.supervisor.planning.paths.workdir import ACCEPTED

_KIND = ACCEPTED
_SUFFIX = ".json"


class Accepted(NamedTuple):
    """`path` is canonical; `text` is as `broker.profile.embedded` tells it."""

    path: str
    text: str


def directory(env: Mapping[str, str]) -> str:
    """Where they are; most people have none."""
    return os.path.join(state_directory(env), _KIND)


def digest(path: str, text: str) -> str:
    """What stands for just this text of just this file."""
    return hashlib.sha256(json.dumps([path, text]).encode()).hexdigest()


def accepted_text(path: str, env: Mapping[str, str]) -> str | None:
    """What was accepted of a file; None where nothing was."""
    found = _read(_name(path), env)
    return None if found is None or found.path != path else found.text


def accept(path: str, text: str, env: Mapping[str, str]) -> None:
    """Keep that this text of a file was accepted. Raises UsageError where it cannot be kept."""
    kept = {"path": path, "text": text, "user": os.geteuid()}
    keep(_KIND, _name(path), json.dumps(kept).encode(), env)
    if accepted_text(path, env) != text:
        raise UsageError(f"it could not be kept in {directory(env)}", f"ls -ld {directory(env)}")


def forget(path: str, env: Mapping[str, str]) -> bool:
    """Accept nothing of a file any more; True where something was. Raises OSError."""
    if accepted_text(path, env) is None:
        return False
    os.unlink(os.path.join(directory(env), _name(path)))
    return True


def every(env: Mapping[str, str]) -> Iterator[Accepted]:
    """All that was accepted, by path."""
    try:
        names = listdir(directory(env))
    except OSError:
        return
    found = [_read(name, env) for name in names if name.endswith(_SUFFIX)]
    yield from sorted(each for each in found if each is not None)


def _name(path: str) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest() + _SUFFIX


def _read(name: str, env: Mapping[str, str]) -> Accepted | None:
    try:
        kept = json.loads(read_kept(_KIND, name, env))
        path, text, user = kept["path"], kept["text"], kept["user"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_whole = isinstance(path, str) and isinstance(text, str) and user == os.geteuid()
    return Accepted(path, text) if is_whole else None
