"""No descriptor is left: what a program with many sandboxes at the same time comes to.

Whoever looks at the tree before a run opens and lists by the functions here. That there is no
descriptor says nothing about a file, so it must not pass for one that is not there: what would be
refused because of it would then be open.
"""

from __future__ import annotations

import errno
import os
import resource

from nono.supervisor import looks
from nono.supervisor.errors import CommandError, NonoError, StartError, hint_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Collection, Container, Iterable, Sequence

    from nono.broker.rules.automaton import Between
    from nono.supervisor.kinds_of_looks import Among, Apart, Entries

_NONE_LEFT = {errno.EMFILE, errno.ENFILE}
_OF_ONE = 32
"""With no more not even one sandbox is certain to start."""


class needing_descriptors:
    """Raise StartError where no descriptor is left to start a program with."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _where: object) -> None:
        if isinstance(error, OSError) and error.errno in _NONE_LEFT:
            raise _none_left(error.errno) from error


_NEEDED = needing_descriptors()


def opened(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """As os.open(), for looking at what is there: an opener of open(), too.

    Raises StartError where no descriptor is left.
    """
    with _NEEDED:
        if dir_fd is None and not flags & os.O_CREAT:
            return looks.opened(path, flags | os.O_CLOEXEC)
        looks.spoil()
        return os.open(path, flags | os.O_CLOEXEC, mode, dir_fd=dir_fd)


def first_bytes(path: str, size: int) -> bytes:
    """As `looks.first_bytes`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.first_bytes(path, size)


def bytes_of(path: str, size: int) -> bytes:
    """At most so much of a regular file; nothing of any other, which could block."""
    try:
        return first_bytes(path, size)
    except OSError:
        return b""


def listdir(path: str) -> list[str]:
    """As os.listdir(). Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.listdir(path)


def names(path: str) -> Container[str]:
    """As `looks.names`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.names(path)


def directories(path: str, most: int) -> Collection[str] | None:
    """As `looks.directories`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.directories(path, most)


def folded_names(path: str, most: int) -> tuple[Collection[str] | None, Collection[str] | None]:
    """As `looks.folded_names`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.folded_names(path, most)


def scandir(path: str, *, inodes: bool = False) -> Entries:
    """As os.scandir(); with `inodes` they are looked at, too. Raises StartError where no descriptor
    is left."""
    with _NEEDED:
        return looks.scandir(path, inodes=inodes)


def apart(path: str, most: int) -> Apart:
    """As `looks.apart`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.apart(path, most)


def among(path: str, most: int, patterns: Iterable[Between]) -> Among:
    """As `looks.among`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.among(path, most, patterns)


def folds(directory: str, names: Sequence[str] | None = None) -> bool | None:
    """As `folding.folds`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.folds(directory, names)


def is_exact(directory: str) -> bool:
    """As `folding.is_exact`. Raises StartError where no descriptor is left."""
    with _NEEDED:
        return looks.is_exact(directory)


def raise_none_left(error: OSError) -> None:
    """For os.walk(), which says nothing of errors by itself. Raises StartError."""
    if error.errno in _NONE_LEFT:
        raise _none_left(error.errno) from error


def not_executed(error: CommandError) -> NonoError:
    """The same error, or the one for a command that is well, but whose execve(2) we had none for.

    The kernel gives it no such answer before the program has any of its own.
    """
    return _none_left(error.errno) if error.errno in _NONE_LEFT else error


def _none_left(number: int | None) -> StartError:
    if number == errno.ENFILE:
        why = "this machine has no descriptor left"
        return StartError(f"cannot start the sandbox: {why}", "sysctl fs.file-max")
    return _no_more()


def _no_more() -> StartError:
    """A sandbox has about eight of them, and three more for each program that runs in it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    why = f"this process may have {soft} descriptors, and none is left"
    if soft < hard:
        return StartError(f"cannot start the sandbox: {why}", f"ulimit -n {hard}")
    hint = "have fewer sandboxes at the same time" if soft > _OF_ONE else hint_of(errno.EMFILE)
    return StartError(f"cannot start the sandbox: {why}", hint)
