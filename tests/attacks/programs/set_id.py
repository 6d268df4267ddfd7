"""Leave behind a file that gives its owner's rights to whoever runs it.

Arguments: a directory to write in, with `before`, a set-user-ID file; a set-user-ID file that may
only be read.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from .attempt import AT_EMPTY_PATH, AT_FDCWD, NUMBERS, Argument, arguments, attempt, call

BITS = (0o4755, 0o2755, 0o6755, 0o4000)
CREATE, TMPFILE = os.O_CREAT | os.O_WRONLY, 0o20200002
CAPABILITY = b"security.capability"
# cap_dac_override+ep in struct vfs_cap_data: capabilities(7)
VALUE = struct.pack("=IIIII", 0x02000001, 1 << 1, 0, 0, 0)
VALUES = ctypes.create_string_buffer(VALUE)
XATTR_ARGS = struct.pack("=QII", ctypes.addressof(VALUES), len(VALUE), 0)


def made(mode: int, name: bytes) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Calls that make a file."""
    yield "open", (name, CREATE, mode)
    yield "open", (b".", TMPFILE, mode)
    yield "openat", (AT_FDCWD, name, CREATE | os.O_EXCL, mode)
    yield "openat", (AT_FDCWD, name, CREATE, mode | 1 << 40)
    yield "openat", (AT_FDCWD, b".", TMPFILE, mode)
    yield "openat2", (AT_FDCWD, name, struct.pack("=QQQ", CREATE, mode, 0), 24)
    yield "openat2", (AT_FDCWD, b".", struct.pack("=QQQ", TMPFILE, mode, 0), 24)
    yield "creat", (name, mode)
    yield "mknod", (name, stat.S_IFREG | mode, 0)
    yield "mknod", (name, mode, 0)
    yield "mknodat", (AT_FDCWD, name, stat.S_IFREG | mode, 0)


def changed(mode: int, name: bytes, fd: int) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    """Calls that change one."""
    yield "chmod", (name, mode)
    yield "chmod", (b"/proc/self/fd/%d" % fd, mode)
    yield "fchmod", (fd, mode)
    yield "fchmod", (fd, mode | 1 << 40)
    yield "fchmodat", (AT_FDCWD, name, mode)
    yield "fchmodat2", (fd, b"", mode, AT_EMPTY_PATH)
    yield "setxattr", (name, CAPABILITY, VALUE, len(VALUE), 0)
    yield "lsetxattr", (name, CAPABILITY, VALUE, len(VALUE), 0)
    yield "fsetxattr", (fd, CAPABILITY, VALUE, len(VALUE), 0)
    yield "setxattrat", (AT_FDCWD, name, 0, CAPABILITY, XATTR_ARGS, len(XATTR_ARGS))


def has_bits(path: str | int) -> bool:
    status = os.stat(path)
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o6000)


def leaves_it(path: bytes, name: str, words: tuple[Argument, ...]) -> Callable[[], object]:
    """What counts is what is there afterwards, whatever the call said."""

    def run() -> object:
        result = call(name, *words)
        if result > 2 and has_bits(result):
            return oct(os.fstat(result).st_mode)
        if os.path.exists(path) and (has_bits(os.fsdecode(path)) or os.listxattr(path)):
            return os.stat(path)
        raise OSError(1, "nothing gained")

    return run


def main() -> None:
    work, readable = arguments()
    os.chdir(work)
    os.umask(0)
    for mode in BITS:
        for number, (name, words) in enumerate(made(mode, b"made")):
            if os.path.exists("made"):
                os.unlink("made")
            if name in NUMBERS:
                attempt(f"{name} {mode:o} {number}", leaves_it(b"made", name, words))
        Path("file").write_text("#!/bin/sh")
        fd = os.open("file", os.O_RDWR)
        for number, (name, words) in enumerate(changed(mode, b"file", fd)):
            if name in NUMBERS:
                attempt(f"{name} {mode:o} {number}", leaves_it(b"file", name, words))
    attempt("link", lambda: os.link(readable, "linked"))
    attempt("rename", lambda: os.rename(readable, "moved"))
    Path("before").write_text("replaced")
    print("written", has_bits("before"), sep="\t")
    os.mkdir("directory")
    os.chmod("directory", 0o2755)
    print("directory", oct(os.stat("directory").st_mode), sep="\t")


if __name__ == "__main__":
    main()
