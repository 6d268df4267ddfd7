"""Directories for a run: made before it, and the private TMPDIR removed after it, whatever became
of that.

Everything is done below a descriptor of the directory and follows no link: a program that puts a
link where its TMPDIR was must not make us change what the link names. Directories are lifted to
the top and emptied there, so their depth costs neither descriptors nor stack.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Iterator
from itertools import count

from nono.supervisor.errors import StartError, UsageError, quoted
from nono.supervisor.places import HANDLE, TMPDIR_PREFIX, canonical, temporary_directory

_HANDLE_FLAGS = HANDLE | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LIST_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def make_tmpdir(name: str = "") -> str:
    """A new directory that only its owner may use; its canonical path. Raises StartError.

    It has the name that is wanted, if that is free.
    """
    try:
        top = temporary_directory()
        while True:
            path = os.path.join(top, name or TMPDIR_PREFIX + os.urandom(4).hex())
            name = ""
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
                os.chmod(path, 0o700)  # the umask may take from the owner
                return canonical(path)
    except OSError as error:
        # It is tried by writing a few bytes there, so a limit on files may be what is the matter.
        bounded = resource.getrlimit(resource.RLIMIT_FSIZE)[0] == 0
        hint = "ulimit -f unlimited" if bounded else "export TMPDIR=DIRECTORY"
        raise StartError(f"no private TMPDIR can be made: {error.strerror}", hint) from error


def make_directory(path: str) -> None:
    """Make a directory of a canonical path, and what is missing above it, for its owner alone.

    Raises UsageError where something else is there by now.
    """
    missing = [path]
    while not os.path.lexists(os.path.dirname(missing[-1])):
        missing.append(os.path.dirname(missing[-1]))
    try:
        for each in reversed(missing):
            with contextlib.suppress(FileExistsError):
                os.mkdir(each, 0o700)
        problem = "" if os.path.isdir(path) and canonical(path) == path else "not a directory"
    except OSError as error:
        problem = os.strerror(error.errno or 0)
    if problem:
        raise UsageError(f"{path}: {problem}", f"ls -ld {quoted(path)}")


def remove_tree(path: str) -> None:
    """Remove `path` and everything below it, as far as that is possible."""
    with contextlib.suppress(OSError):
        os.unlink(path)  # a link, or anything else that is no directory
    with contextlib.suppress(OSError):
        os.rmdir(path)  # which takes no descriptor, when none is left
        return
    with contextlib.suppress(OSError):
        with _directory(path) as top:
            _empty(top)
        os.rmdir(path)


@contextlib.contextmanager
def _directory(name: str, parent: int | None = None) -> Iterator[int]:
    """A descriptor to list and change the directory with, whatever its mode. Raises OSError."""
    if sys.platform == "darwin":  # there is no descriptor of what may not be listed
        with contextlib.suppress(OSError, NotImplementedError):
            os.chmod(name, 0o700, dir_fd=parent, follow_symlinks=False)
    handle = os.open(name, _HANDLE_FLAGS, dir_fd=parent)
    try:
        if sys.platform != "darwin":
            with contextlib.suppress(OSError):
                os.chmod(f"/proc/self/fd/{handle}", 0o700)
        directory = os.open(".", _LIST_FLAGS, dir_fd=handle)
    finally:
        os.close(handle)
    try:
        yield directory
    finally:
        os.close(directory)


def _empty(top: int) -> None:
    """Round after round, until one removes nothing."""
    prefix = os.urandom(8).hex()  # what the program cannot have used for a name
    fresh = (f"{prefix}-{number}" for number in count())
    while any([_remove(top, name, fresh) for name in os.listdir(top)]):
        pass


def _remove(top: int, name: str, fresh: Iterator[str]) -> bool:
    """Remove one entry of `top`; the directories in it come to `top`, to be next."""
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=top)
        return True
    with contextlib.suppress(OSError):
        with _directory(name, top) as directory:
            for inner in os.listdir(directory):
                _unlink_or_lift(directory, inner, top, next(fresh))
        os.rmdir(name, dir_fd=top)
        return True
    return False


def _unlink_or_lift(directory: int, name: str, top: int, new_name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        with _directory(name, directory):  # moving a directory takes the right to write in it
            os.rename(name, new_name, src_dir_fd=directory, dst_dir_fd=top)
