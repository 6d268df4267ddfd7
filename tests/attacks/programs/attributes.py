"""Read what denied files have as extended attributes.

Arguments: a directory to write in, denied paths with `user.kept`, the last one a file that may be
read and has it as well.
"""

import ctypes
import os
import struct

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

KEY = b"user.kept"
ROOM = ctypes.create_string_buffer(256)
ARGUMENTS = struct.pack("=QII", ctypes.addressof(ROOM), 256, 0)


def value(name: str, *words: Argument) -> object:
    ctypes.memset(ROOM, 0, 256)
    size = call(name, *words)
    return size, ROOM.value


def main() -> None:
    work, *denied, plain = arguments()
    os.chdir(work)
    for path in denied:
        link = f"{work}/to {os.path.basename(path)}"
        os.symlink(path, link)
        handle = os.open(path, os.O_PATH)
        above = os.open(os.path.dirname(path), os.O_PATH)
        spelled = (path, link, os.path.relpath(path), f"/proc/self/root{path}")
        for spelling in (*spelled, f"/proc/self/fd/{handle}"):
            name = os.fsencode(spelling)
            for size in (256, 0):
                attempt(
                    f"{spelling} {size}",
                    lambda n=name, s=size: value("getxattr", n, KEY, ROOM, s),
                )
            if not os.path.islink(spelling):
                attempt(f"{spelling}, l", lambda n=name: value("lgetxattr", n, KEY, ROOM, 256))
        attempt(f"{path}: fgetxattr", lambda h=handle: value("fgetxattr", h, KEY, ROOM, 256))
        last = os.fsencode(os.path.basename(path))
        if "getxattrat" in NUMBERS:
            for fd, each, flags in (
                (AT_FDCWD, os.fsencode(path), 0),
                (AT_FDCWD, os.fsencode(path), AT_SYMLINK_NOFOLLOW),
                (above, last, 0),
                (handle, b"", AT_EMPTY_PATH),
            ):
                attempt(
                    f"{path}: getxattrat {fd} {flags}",
                    lambda f=fd, e=each, g=flags: value("getxattrat", f, e, g, KEY, ARGUMENTS, 16),
                )
    print("honest", os.getxattr(plain, KEY), os.listxattr(plain), sep="\t")
    for bad in (1, 0x7FFFFFFFFFFF, 1 << 63, (1 << 64) - 8):
        try:
            call("getxattr", os.fsencode(plain), KEY, bad, 256)
        except OSError as error:
            print(f"buffer {bad:x}", error.errno, sep="\t")


if __name__ == "__main__":
    main()
