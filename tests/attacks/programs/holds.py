"""Keep others out of a file that may only be read, or get a descriptor that Landlock never saw.

Arguments: a directory to write in, a file that may only be read, a denied file.
"""

import array
import fcntl
import os
import socket
import struct
from collections.abc import Iterator

from .attempt import AT_FDCWD, arguments, attempt, call

F_SET_RW_HINT, F_SET_FILE_RW_HINT, F_SETDELEG = 1036, 1038, 1040
EVERY_LOCK = (fcntl.LOCK_EX, fcntl.LOCK_EX | fcntl.LOCK_NB)


def copies(path: str) -> Iterator[tuple[str, int]]:
    """Descriptors that are open for reading, come by in several ways."""
    fd = os.open(path, os.O_RDONLY)
    yield "opened", fd
    yield "duplicate", os.dup(fd)
    yield "reopened", os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    ours, theirs = socket.socketpair()
    ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    _, [(_, _, data)], _, _ = theirs.recvmsg(1, 64)
    yield "sent", int.from_bytes(data[:4], "little")


def holds(path: str) -> None:
    for label, fd in copies(path):
        for operation in EVERY_LOCK:
            for high in (0, 7 << 32):
                text = f"{label}: flock {operation} {high:x}"
                attempt(text, lambda f=fd, o=operation | high: call("flock", f, o))
        for kind in (fcntl.F_RDLCK, fcntl.F_WRLCK):
            attempt(f"{label}: lease {kind}", lambda f=fd, k=kind: call("fcntl", f, 1024, k))
            attempt(
                f"{label}: lease {kind}, high half",
                lambda f=fd, k=kind: call("fcntl", f, 1024 | 1 << 32, k),
            )
        for command in (F_SET_RW_HINT, F_SET_FILE_RW_HINT, F_SETDELEG):
            value = struct.pack("=Q", 2)
            attempt(
                f"{label}: fcntl {command}", lambda f=fd, c=command, v=value: call("fcntl", f, c, v)
            )
        whole = struct.pack("=hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)
        attempt(f"{label}: record lock", lambda f=fd, w=whole: fcntl.fcntl(f, fcntl.F_SETLK, w))


def how(flags: int) -> bytes:
    return struct.pack("=QQQ", flags, 0, 0)


def opens(path: str) -> None:
    """Access mode 3, whatever way."""
    mode = os.O_ACCMODE
    attempt(f"{path}: open", lambda: call("open", os.fsencode(path), mode, 0))
    attempt(f"{path}: openat", lambda: call("openat", AT_FDCWD, os.fsencode(path), mode, 0))
    attempt(f"{path}: openat2", lambda: call("openat2", AT_FDCWD, os.fsencode(path), how(mode), 24))
    bare = os.open(path, os.O_PATH)
    attempt(
        f"{path}: openat2, handle",
        lambda: call("openat2", AT_FDCWD, os.fsencode(path), how(os.O_PATH), 24),
    )
    place = b"/proc/self/fd/%d" % bare
    attempt(f"{path}: handle, reopened", lambda: call("openat", AT_FDCWD, place, mode, 0))
    attempt(f"{path}: handle, lock", lambda: fcntl.flock(bare, fcntl.LOCK_EX))
    attempt(f"{path}: handle, lease", lambda: call("fcntl", bare, 1024, fcntl.F_RDLCK))
    attempt(f"{path}: handle, read", lambda: os.read(bare, 1))


def honest(path: str) -> str:
    """On a file of one's own: locked for one, the other waits until it is given up."""
    held = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
    fcntl.flock(held, fcntl.LOCK_EX)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        other = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.write(writer, b"waits ")
        fcntl.flock(other, fcntl.LOCK_EX)
        os.write(writer, b"has it")
        os._exit(0)
    first = os.read(reader, 6)
    fcntl.flock(held, fcntl.LOCK_UN)
    os.waitpid(child, 0)
    return (first + os.read(reader, 6)).decode()


def main() -> None:
    work, plain, denied = arguments()
    print("honest", honest(f"{work}/locked"), sep="\t")
    holds(plain)
    fcntl.flock(os.open(plain, os.O_RDONLY), fcntl.LOCK_SH)
    for path in (plain, denied):
        opens(path)


if __name__ == "__main__":
    main()
