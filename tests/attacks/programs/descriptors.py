"""Descriptors that were there at the start, are passed around, or lead to a denied file.

Arguments: a directory to write in, a denied file, a file that may be read and is our input.
"""

import array
import fcntl
import os
import socket
import stat

from .attempt import AT_EMPTY_PATH, AT_FDCWD, arguments, attempt, call, content

LAST = 64


def inherited() -> list[str]:
    """Descriptors beyond the three streams that lead to a file of the person's."""
    found = []
    for number in range(3, LAST):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode):
            found.append(f"{number}: {os.pread(number, 4096, 0)!r}")
    if not found:
        raise OSError(9, "none")
    return found


def sent(fd: int) -> int:
    """The same open file, through SCM_RIGHTS."""
    ours, theirs = socket.socketpair()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
    ours.sendmsg([b"x"], rights)
    _, [(_, _, data)], _, _ = theirs.recvmsg(1, 64)
    return int.from_bytes(data[:4], "little")


def by_another_process(fd: int) -> object:
    """Reopened by a child, through the parent's /proc entry and through its own copy."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        for place in (f"/proc/{os.getppid()}/fd/{fd}", f"/proc/self/fd/{fd}"):
            try:
                os.write(writer, repr(content(os.open(place, os.O_RDONLY))).encode())
            except OSError:
                continue
        os._exit(0)
    os.close(writer)
    os.wait()
    found = os.read(reader, 4096)
    if not found:
        raise OSError(1, "nothing")
    return found


def through(label: str, fd: int) -> None:
    """All that one can try with a descriptor that gives no access."""
    places = (f"/proc/self/fd/{fd}", f"/dev/fd/{fd}", f"/proc/thread-self/fd/{fd}")
    for place in places:
        for flags in (os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
            attempt(f"{label}: {place} {flags}", lambda p=place, f=flags: content(os.open(p, f)))
        attempt(f"{label}: truncate {place}", lambda p=place: os.truncate(p, 0))
        attempt(f"{label}: chmod {place}", lambda p=place: os.chmod(p, 0o777))
    attempt(f"{label}: read", lambda: os.read(fd, 4096))
    attempt(f"{label}: F_SETFL", lambda: (fcntl.fcntl(fd, fcntl.F_SETFL, 2), os.read(fd, 9)))
    attempt(f"{label}: empty path", lambda: content(call("openat", fd, b"", 0, 0)))
    attempt(f"{label}: dup", lambda: os.read(os.dup(fd), 4096))
    attempt(f"{label}: execveat", lambda: call("execveat", fd, b"", None, None, AT_EMPTY_PATH))
    attempt(f"{label}: another process", lambda: by_another_process(fd))


def main() -> None:
    work, denied, plain = arguments()
    attempt("inherited", inherited)
    attempt("listing of others", lambda: content(os.open(f"/proc/{os.getppid()}/fd", os.O_RDONLY)))
    bare = os.open(denied, os.O_PATH)
    through("O_PATH", bare)
    through("O_PATH, sent", sent(bare))
    # Our input was opened for reading outside: reading it is ours, and nothing else.
    for place in ("/proc/self/fd/0", "/dev/stdin", f"/proc/{os.getpid()}/fd/0"):
        attempt(f"{place}: write", lambda p=place: os.open(p, os.O_WRONLY))
        attempt(f"{place}: both", lambda p=place: os.open(p, os.O_RDWR))
        attempt(f"{place}: truncate", lambda p=place: os.open(p, os.O_RDONLY | os.O_TRUNC))
        attempt(f"{place}: link", lambda p=place: os.link(p, f"{work}/linked"))
    attempt("input: fchmod", lambda: os.fchmod(0, 0o777))
    attempt("input: futimens", lambda: os.utime(0, (1, 1)))
    attempt("input: fsetxattr", lambda: os.setxattr(0, "user.attack", b"x"))
    attempt("input: ftruncate", lambda: os.ftruncate(0, 0))
    other = os.fsencode(os.path.basename(denied))
    above = os.open(os.path.dirname(denied), os.O_PATH)
    attempt("below a sent handle", lambda: content(call("openat", sent(above), other, 0, 0)))
    os.fchdir(above)
    attempt("working directory", lambda: content(call("openat", AT_FDCWD, other, 0, 0)))
    print("input", os.path.samefile("/proc/self/fd/0", plain), os.read(0, 64).decode(), sep="\t")


if __name__ == "__main__":
    main()
