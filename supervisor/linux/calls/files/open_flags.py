"""What an open asks for: its flags, and the access that they mean. See open(2)."""

from __future__ import annotations

import contextlib
import os

from nono.broker import Access
from nono.broker.named_tuple import NamedTuple
from nono.shims.linux import landlock
from nono.shims.linux.at import ACCESS_MODE
from nono.shims.linux.landlock import FS
from nono.supervisor.linux.calls.files import set_id

O_TMPFILE = 0o20200000
_UNNAMED = O_TMPFILE & ~os.O_DIRECTORY
_MAKES = os.O_CREAT | _UNNAMED
NEW_DIRECTORY = os.O_CREAT | os.O_DIRECTORY
_ACCESS = {
    os.O_RDONLY: Access.READ,
    os.O_WRONLY: Access.WRITE,
    os.O_RDWR: Access.READ | Access.WRITE,
    ACCESS_MODE: Access.READ | Access.WRITE,
}
_ACCESS |= {mode | os.O_TRUNC: access | Access.WRITE for mode, access in _ACCESS.items()}
OPEN_FLAGS = 0x7FFFFFFF  # of an int; what open(2) does not know there it ignores


class Arguments(NamedTuple):
    """What the caller asked for, in the form of openat2(2)."""

    dirfd: int
    path: bytes
    flags: int
    mode: int
    resolve: int = 0
    in_memory: bool = False
    """The flags are where another thread can change them: never continued."""

    @property
    def access(self) -> Access:
        return access_of(self.flags)

    @property
    def floor_checks(self) -> bool:
        return (
            floor_checks(self.flags)
            and not self.in_memory
            and not makes_set_id(self.flags, self.mode)
        )

    @property
    def is_tmpfile(self) -> bool:
        return self.flags & O_TMPFILE == O_TMPFILE


def ensure_flags(flags: int) -> None:
    """Raise the OSError of flags that are no open at all, which comes before that of the path.

    Which those are is for the kernel to say, and newer ones say it of more: no file has an empty
    name.
    """
    if flags & _UNNAMED or flags & NEW_DIRECTORY == NEW_DIRECTORY:
        with contextlib.suppress(FileNotFoundError):
            os.open("", flags)


def access_of(flags: int) -> Access:
    """The access that the flags of an open ask for."""
    return _ACCESS[flags & (ACCESS_MODE | os.O_TRUNC)]


def floor_checks(flags: int) -> bool:
    """Whether Landlock asks for a right. It does not for a descriptor that is for ioctl(2) only.

    Nor, before ABI 3, for emptying a file that is opened for reading only: open(2) does that if it
    may write. So such an open is never continued: another thread could make it mean any file.
    """
    if flags & (ACCESS_MODE | os.O_TRUNC) == os.O_RDONLY | os.O_TRUNC:
        return FS.TRUNCATE in landlock.running().fs
    return flags & ACCESS_MODE != ACCESS_MODE


def makes_set_id(flags: int, mode: int) -> bool:
    """Whether the file that is made, if one is, gets a set-id bit."""
    return bool(flags & _MAKES) and set_id.gives(mode)


def held_access(flags: int) -> Access:
    """What an open descriptor with these file status flags gives on the content.

    Nothing for O_PATH. Nothing for ACCESS_MODE as a mode either: the kernel opens such a descriptor
    for ioctl(2) only, and Landlock asks for no right.
    """
    mode = flags & ACCESS_MODE
    return Access(0) if flags & os.O_PATH or mode == ACCESS_MODE else _ACCESS[mode]
