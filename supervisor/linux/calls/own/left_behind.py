"""Removing what a run left in shared places: only the very objects, and whatever they are called.

A directory that was moved into another may have a path that is longer than the kernel takes or
tells, so paths are gone piece by piece, and no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable

from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.openat2 import RESOLVE_NO_SYMLINKS, openat2

_FLAGS = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_PIECE = 2048
"""Bytes; with a last name of 255 it is below PATH_MAX: path_resolution(7)."""

_Done = Callable[[str, bytes], None]
_Identify = Callable[[int], bytes | None]


def remove(named: Iterable[tuple[str, bytes]], identify: _Identify) -> list[str]:
    """Remove what still has each of these names and identities; the paths of files with content.

    The deepest first, and no directory with something of somebody else's in it. `identify` gives
    the identity of what is behind a descriptor.
    """
    contents: list[str] = []

    def remove_one(path: str, known: bytes) -> None:
        if _remove(path, known, identify):
            contents.append(path)

    def open_up(path: str, known: bytes) -> None:
        _open_up(path, known, identify)

    names = sorted(named)
    left = [each for each in reversed(names) if not _done(remove_one, *each)]
    for path, known in reversed(left):
        _done(open_up, path, known)
    for path, known in left:
        _done(remove_one, path, known)
    return sorted(contents)


def _done(act: _Done, path: str, known: bytes) -> bool:
    try:
        act(path, known)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _remove(path: str, known: bytes, identify: _Identify) -> bool:
    """Remove what is there, if it is what is known; true for a file with content.

    Raises OSError.
    """
    directory, _, name = path.rpartition("/")
    with contextlib.ExitStack() as held:
        parent = _handle(directory, held)
        fd = _opened(parent, os.fsencode(name), held)
        if identify(fd) != known:
            return False
        status = os.fstat(fd)
        remove = os.rmdir if stat.S_ISDIR(status.st_mode) else os.unlink
        remove(f"/proc/self/fd/{parent}/{name}")
        return stat.S_ISREG(status.st_mode) and status.st_size > 0


def _open_up(path: str, known: bytes, identify: _Identify) -> None:
    """Let what is in a directory of the sandbox's be removed, whatever mode that has."""
    with contextlib.ExitStack() as held:
        fd = _handle(path, held)
        if identify(fd) == known and stat.S_ISDIR(os.fstat(fd).st_mode):
            os.chmod(f"/proc/self/fd/{fd}", 0o700)


def _handle(path: str, held: contextlib.ExitStack) -> int:
    """A handle of a path of any length, reached without a link. Raises OSError."""
    rest, parent = os.fsencode(path), AT_FDCWD
    while len(rest) > _MAX_PIECE:
        piece, _, behind = rest[:_MAX_PIECE].rpartition(b"/")
        parent, rest = _opened(parent, piece or b"/", held), behind + rest[_MAX_PIECE:]
    return _opened(parent, rest, held)


def _opened(parent: int, path: bytes, held: contextlib.ExitStack) -> int:
    fd = openat2(parent, path, _FLAGS, resolve=RESOLVE_NO_SYMLINKS)
    held.callback(os.close, fd)
    return fd
