"""Write into what may only be read, or not even that.

Arguments: a directory to write in, then the files to change.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Callable, Iterator

from .attempt import AT_FDCWD, NUMBERS, arguments, attempt, call
from .read_spellings import RESOLVE, spellings

FLAGS = {
    "O_WRONLY": os.O_WRONLY,
    "O_RDWR": os.O_RDWR,
    "O_APPEND": os.O_WRONLY | os.O_APPEND,
    "O_TRUNC alone": os.O_RDONLY | os.O_TRUNC,
    "O_TRUNC": os.O_WRONLY | os.O_TRUNC,
    "O_CREAT": os.O_CREAT | os.O_WRONLY,
    "mode 3, O_TRUNC": 3 | os.O_TRUNC,
    "O_DIRECT": os.O_WRONLY | os.O_DIRECT,
    "the high half": os.O_WRONLY | 1 << 40,
}
FICLONE = 0x40049409

Writing = tuple[str, Callable[[], object]]


def write(fd: int) -> int:
    """Write to a descriptor that was opened for it; opened for nothing else, that alone counts."""
    try:
        return os.write(fd, b"overwritten")
    except OSError:
        return -1
    finally:
        os.close(fd)


def openings(path: str) -> Iterator[Writing]:
    name = os.fsencode(path)
    for label, flags in FLAGS.items():
        if "open" in NUMBERS:
            yield f"open {label}", lambda f=flags: write(call("open", name, f, 0o600))
        yield f"openat {label}", lambda f=flags: write(call("openat", AT_FDCWD, name, f, 0o600))
    if "creat" in NUMBERS:
        yield "creat", lambda: write(call("creat", name, 0o600))
    for label, resolve in RESOLVE.items():
        how = struct.pack("=QQQ", os.O_WRONLY | os.O_TRUNC, 0, resolve)
        yield f"openat2 {label}", lambda h=how: write(call("openat2", AT_FDCWD, name, h, 24))
    yield "truncate", lambda: call("truncate", name, 0)


def by_descriptor(path: str) -> Iterator[Writing]:
    """What a descriptor open for reading, or for nothing, might do."""
    for label, flags in (("handle", os.O_PATH), ("read", os.O_RDONLY), ("mode 3", 3)):
        try:
            fd = os.open(path, flags)
        except OSError:
            continue
        place = f"/proc/self/fd/{fd}"
        yield f"{label}: write", lambda f=fd: os.write(f, b"overwritten")
        yield f"{label}: pwrite", lambda f=fd: os.pwrite(f, b"overwritten", 0)
        yield f"{label}: ftruncate", lambda f=fd: os.ftruncate(f, 0)
        yield f"{label}: fallocate", lambda f=fd: os.posix_fallocate(f, 0, 1 << 16)
        shared = (mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED)
        yield f"{label}: mmap", lambda f=fd, s=shared: call("mmap", None, 4096, *s, f, 0)
        yield f"{label}: sendfile", lambda f=fd: os.sendfile(f, source(), 0, 4)
        yield f"{label}: copy_file_range", lambda f=fd: os.copy_file_range(source(), f, 4)
        yield f"{label}: FICLONE", lambda f=fd: fcntl.ioctl(f, FICLONE, source())
        yield f"{label}: truncate", lambda p=place: os.truncate(p, 0)
        for again in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_TRUNC):
            yield f"{label}: again {again}", lambda p=place, a=again: write(os.open(p, a))


def source() -> int:
    """A descriptor that may be read, with something in it."""
    fd = os.memfd_create("source")
    os.write(fd, b"overwritten")
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def main() -> None:
    work, *targets = arguments()
    for target in targets:
        place = f"{work}/links-{os.path.basename(target)}"
        os.mkdir(place)
        for spelling, path in spellings(target, place):
            for label, writing in openings(path):
                attempt(f"{target}: {spelling}: {label}", writing)
        for label, writing in by_descriptor(target):
            attempt(f"{target}: {label}", writing)


if __name__ == "__main__":
    main()
