"""Open everything by nono's library and without its mark; say where the outcomes differ.

Arguments: directories, whose names are opened, and other paths. The current one can be written.
"""

import ctypes
import errno
import fcntl
import os
import sys

library = ctypes.CDLL(os.environ["LD_PRELOAD"], use_errno=True)
libc = ctypes.CDLL(None, use_errno=True)
OPENAT = 257 if os.uname().machine == "x86_64" else 56
FLAGS = [
    *(0, os.O_CLOEXEC, os.O_DIRECTORY, os.O_NOFOLLOW, os.O_NOATIME, os.O_NOCTTY, os.O_PATH),
    *(os.O_WRONLY, os.O_RDWR, os.O_ACCMODE, os.O_APPEND, os.O_SYNC, os.O_TMPFILE | os.O_RDWR),
    *(os.O_TRUNC, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW),
]
ELSEWHERE = [
    *("", ".", "/", "/proc", "/proc/1/environ", "/proc/1/fd", "/proc/self/fd/0", "/proc/self/mem"),
    *("/proc/self/fd/999", "/proc/99999999/stat", "/proc/self/root/etc/shadow", "/proc/cpuinfo"),
    *("/sys/kernel", "/dev/null", "/dev/tty", "/dev/ptmx", "/dev/shm", "/dev/mem", "/tmp", "/run"),
    *("/etc/passwd", "/etc/passwd/", "/etc/passwd/x", "/etc/shadow", "/etc/hosts", "/etc/absent"),
    *("/etc/resolv.conf", "/root/absent", "/usr", "/usr/" + "./" * 2100 + "bin", "a" * 256),
]


def told(fd: int, makes: bool) -> str:
    if fd < 0:
        return errno.errorcode[ctypes.get_errno()]
    status = os.fstat(fd)
    which = () if makes else (status.st_dev, status.st_ino)
    # What nono performs it has found before: the flag of how to is not kept.
    kept = fcntl.fcntl(fd, fcntl.F_GETFL) & ~os.O_NOFOLLOW
    flags = (kept, fcntl.fcntl(fd, fcntl.F_GETFD))
    os.close(fd)
    return f"opened {status.st_mode:o} {flags} {which}"


def spelled(path: str) -> list[str]:
    above, _, name = path.rpartition("/")
    return [path, f"{path}/", f"{path}/absent", f"{above}/./{name}", f"{path}/../{name}"]


def names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return ["inner"]


def main() -> None:
    paths = list(ELSEWHERE)
    for given in sys.argv[1:]:
        for name in ("", *names(given)):
            paths += spelled(os.path.join(given, name) if name else given)
    seen = {"opened": 0, "refused": 0}
    for path in paths:
        for flags in FLAGS:
            makes = bool(flags & (os.O_CREAT | os.O_TMPFILE & ~os.O_DIRECTORY))
            if path in ELSEWHERE and flags & (os.O_ACCMODE | os.O_CREAT | os.O_TRUNC):
                continue
            word, given = os.fsencode(path), flags | os.O_NONBLOCK
            plain = told(libc.syscall(OPENAT, -100, word, given, 0o600, 0, 0), makes)
            if makes and plain.startswith("opened") and not flags & os.O_DIRECTORY:
                os.unlink(path)
            ours = told(library.open(word, given, 0o600), makes)
            if makes and ours.startswith("opened") and not flags & os.O_DIRECTORY:
                os.unlink(path)
            seen["opened" if ours.startswith("opened") else "refused"] += 1
            if ours != plain:
                print(f"{path[:80]!r} {flags:#o}: {plain} unmarked, {ours} by the library")
    print(*(f"{what} {count > 100}" for what, count in seen.items()))


main()
