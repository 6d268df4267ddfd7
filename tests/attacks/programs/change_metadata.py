"""Change mode, owner, times and attributes of what may only be read, or not even that.

Arguments: a directory to write in, then the paths to change. Nothing here needs more from the
kernel than a path or a descriptor open for reading.
"""

import ctypes
import fcntl
import os
import struct
from collections.abc import Callable, Iterator

from .attempt import (
    AT_EMPTY_PATH,
    AT_FDCWD,
    AT_SYMLINK_NOFOLLOW,
    NUMBERS,
    Argument,
    arguments,
    attempt,
    call,
)

MODE = 0o777
OWNER = os.getuid()
NEVER = 0xFFFFFFFF
TIMES = struct.pack("=qqqq", 1, 0, 1, 0)
MICROSECONDS = struct.pack("=qqqq", 1, 0, 1, 0)
SECONDS = struct.pack("=qq", 1, 1)
KEY, KEPT, VALUE = b"user.attack", b"user.kept", b"planted"
VALUES = ctypes.create_string_buffer(VALUE)
XATTR_ARGS = struct.pack("=QII", ctypes.addressof(VALUES), len(VALUE), 0)
FILE_ATTR = struct.pack("=QIIII", 0x80, 0, 0, 0, 0)  # FS_XFLAG_NODUMP
REQUESTS = {
    "FS_IOC_SETFLAGS": (0x40086602, struct.pack("=q", 0x40)),
    "FS_IOC_FSSETXATTR": (0x401C5820, FILE_ATTR + bytes(4)),
    "FS_IOC_SETVERSION": (0x40087602, struct.pack("=q", 7)),
}

Change = tuple[str, Callable[[], object]]


def by_path(path: bytes) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Calls that take a path alone."""
    yield "chmod", (path, MODE)
    yield "chown", (path, OWNER, NEVER)
    yield "lchown", (path, OWNER, NEVER)
    yield "utime", (path, SECONDS)
    yield "utime", (path, None)
    yield "utimes", (path, MICROSECONDS)
    yield "setxattr", (path, KEY, VALUE, len(VALUE), 0)
    yield "lsetxattr", (path, KEY, VALUE, len(VALUE), 0)
    yield "removexattr", (path, KEPT)
    yield "lremovexattr", (path, KEPT)


def at(fd: int, path: bytes | None, flags: int) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Calls that take a directory's descriptor, a path and flags."""
    yield "fchmodat2", (fd, path, MODE, flags)
    yield "fchownat", (fd, path, OWNER, NEVER, flags)
    yield "utimensat", (fd, path, TIMES, flags)
    yield "utimensat", (fd, path, None, flags)
    yield "setxattrat", (fd, path, flags, KEY, XATTR_ARGS, len(XATTR_ARGS))
    yield "removexattrat", (fd, path, flags, KEPT)
    yield "file_setattr", (fd, path, FILE_ATTR, len(FILE_ATTR), flags)
    if not flags:
        yield "fchmodat", (fd, path, MODE)
        yield "futimesat", (fd, path, MICROSECONDS)


def by_descriptor(fd: int) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Calls that take a descriptor alone."""
    yield "fchmod", (fd, MODE)
    yield "fchown", (fd, OWNER, NEVER)
    yield "utimensat", (fd, None, TIMES, 0)
    yield "futimesat", (fd, None, MICROSECONDS)
    yield "fsetxattr", (fd, KEY, VALUE, len(VALUE), 0)
    yield "fremovexattr", (fd, KEPT)


def descriptors(path: str) -> Iterator[tuple[str, int]]:
    """One that gives nothing, one for ioctl(2) alone, and where it may be read one for that."""
    yield "handle", os.open(path, os.O_PATH)
    for label, flags in (("read", os.O_RDONLY | os.O_NONBLOCK), ("mode 3", 3)):
        try:
            yield label, os.open(path, flags)
        except OSError:
            continue


def spellings(path: str, link: str) -> Iterator[str]:
    yield path
    yield "/proc/self/root" + path
    yield os.path.relpath(path)
    yield link
    yield f"/proc/self/fd/{os.open(path, os.O_PATH)}"


def changes(path: str, link: str) -> Iterator[tuple[str, str, tuple[Argument, ...]]]:
    """What it is done through, the system call, its arguments."""
    for spelling in spellings(path, link):
        name = os.fsencode(spelling)
        yield from ((spelling, *each) for each in at(AT_FDCWD, name, 0))
        ours = os.path.islink(spelling)  # the link itself may be changed
        if not ours:
            yield from ((spelling, *each) for each in at(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW))
        calls = by_path(name)
        yield from ((spelling, *each) for each in calls if not (ours and each[0].startswith("l")))
    top, last = os.open(os.path.dirname(path), os.O_PATH), os.fsencode(os.path.basename(path))
    yield from (("below a handle", *each) for each in at(top, last, 0))
    for label, fd in descriptors(path):
        yield from ((label, *each) for each in by_descriptor(fd))
        for empty in (b"", None):
            yield from ((f"{label} {empty!r}", *each) for each in at(fd, empty, AT_EMPTY_PATH))


def main() -> None:
    work, *targets = arguments()
    os.chdir(work)
    for target in targets:
        link = f"{work}/link to {os.path.basename(target)}"
        os.symlink(target, link)
        for label, name, words in changes(target, link):
            if name in NUMBERS:
                text = f"{target}: {label}: {name} {len(words)} {words[-1]!r}"
                attempt(text, lambda n=name, w=words: call(n, *w))
        for label, fd in descriptors(target):
            for request, (number, data) in REQUESTS.items():
                text = f"{target}: {label}: {request}"
                attempt(text, lambda f=fd, n=number, d=data: fcntl.ioctl(f, n, d))


if __name__ == "__main__":
    main()
