"""Making the directory of a run's own caches, whatever an earlier run has left in its place.

It is reached step by step, by descriptors, and no link is followed below the person's cache
directory: what a program put there must not lead the next run, or nono, elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator

from nono.broker.caches import files, made
from nono.supervisor.errors import StartError, quoted
from nono.supervisor.places import HANDLE, make_private, through
from nono.supervisor.session.new_directories import DIRECTORY, make_below

_HINT = "export XDG_CACHE_HOME=$(mktemp -d)"
"""For an account whose home is not its own, such as `/`."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_caches(root: str, name: str, places: Iterable[str] = ()) -> None:
    """Make the directory `name` in the directory of all caches, `root`, for its owner alone.

    `places` are to be in it, besides those that every sandbox has.
    Raises StartError when it is not, and cannot become, a directory of ours.
    """
    path = os.path.join(root, name)
    try:
        with _ours(os.path.dirname(os.path.dirname(root)), root) as all_of_them:
            _clear(all_of_them, name)
            with _step(all_of_them, name) as own:
                for place in (*made(), *places):
                    make_below(own, place.split("/"))
                for file in files():
                    _make_file(own, *os.path.split(file))
    except OSError as error:
        raise StartError(
            f"{path}: the caches of this sandbox cannot be made: {os.strerror(error.errno or 0)}",
            _HINT if isinstance(error, PermissionError) else f"ls -ld {_there(root)}",
        ) from error


def _there(path: str) -> str:
    """What is there of the way to it, quoted: the last of it may be the file that is in the way."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return quoted(path)


@contextlib.contextmanager
def _ours(cache: str, root: str) -> Iterator[int]:
    """The directory `root`, two steps below the person's `cache` directory. Raises OSError."""
    make_private(cache)
    with contextlib.ExitStack() as opened:
        here = os.open(cache, HANDLE | os.O_DIRECTORY | os.O_CLOEXEC)
        opened.callback(os.close, here)
        for name in os.path.relpath(root, cache).split("/"):
            here = opened.enter_context(_step(here, name))
        yield here


@contextlib.contextmanager
def _step(parent: int, name: str) -> Iterator[int]:
    """A directory of ours in another, made if need be, that nobody else may use. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    fd = os.open(name, DIRECTORY, dir_fd=parent)
    try:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid():
            raise PermissionError(13, os.strerror(13))
        if stat.S_IMODE(status.st_mode) != 0o700:
            os.chmod(through(fd), 0o700)
        yield fd
    finally:
        os.close(fd)


def _clear(parent: int, name: str) -> None:
    """Remove what is no directory: the last run may have put a link in the place of its own."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=parent)


def _make_file(parent: int, directory: str, name: str) -> None:
    """Make an empty file in a directory one step below, unless something is in its place."""
    with contextlib.suppress(OSError):
        make_below(parent, [directory])
        fd = os.open(directory, DIRECTORY, dir_fd=parent)
        try:
            os.close(os.open(name, _NEW, 0o600, dir_fd=fd))
        finally:
            os.close(fd)
