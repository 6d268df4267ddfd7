"""Open everything with the mark of nono's library, forged in every way, and without it.

Arguments: a directory to write in, the mark, then the paths to get at. With the mark nothing may be
opened, made or emptied that is not without it: it is then the same object, with the same flags.
"""

import contextlib
import ctypes
import fcntl
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

from .attempt import AT_FDCWD, NUMBERS, arguments, call

READING = [
    *(0, os.O_CLOEXEC, os.O_DIRECTORY, os.O_NOFOLLOW, os.O_NONBLOCK, os.O_NOATIME, os.O_NOCTTY),
    os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
]
OTHERS = [
    *(os.O_WRONLY, os.O_RDWR, os.O_ACCMODE, os.O_TRUNC, os.O_ACCMODE | os.O_TRUNC, os.O_APPEND),
    *(os.O_WRONLY | os.O_TRUNC, os.O_CREAT, os.O_CREAT | os.O_EXCL, os.O_PATH, os.O_ASYNC),
    *(os.O_TMPFILE | os.O_RDWR, os.O_PATH | os.O_ACCMODE, os.O_SYNC, os.O_DIRECT),
    *(1 << bit for bit in (2, 3, 4, 5, 23, 24, 25, 28, 30, 31)),
]
MODES = [0, 0o644, 0o4755, 0o2755, 0o7777]
NEVER_BLOCK = os.O_NONBLOCK
TRIES = 2000
ELSEWHERE = [
    *("/proc/1/environ", "/proc/1/mem", "/proc/1/root", "/proc/1/cwd", "/proc/1/fd/0"),
    *("/proc/self/environ", "/proc/self/mem", "/proc/self/maps", "/proc/self/ns/pid"),
    *("/proc/self/fd/0", "/proc/self/root/etc/shadow", "/proc/self/exe", "/proc/kcore"),
    *("/etc/shadow", "/etc/resolv.conf", "/etc/hosts", "/etc/passwd", "/etc", "/", "/proc", "/sys"),
    *(
        "/dev/tty",
        "/dev/ptmx",
        "/dev/null",
        "/dev/mem",
        "/dev/kmsg",
        "/dev",
        "/run",
        "/tmp",
        "/root",
    ),
    *("/no/such/name", "", "."),
]

Outcome = tuple[object, ...] | None


def outcome(opening: Callable[[], int], makes: bool) -> Outcome:
    """What was opened; None for a refusal."""
    try:
        fd = opening()
    except OSError:
        return None
    try:
        status, flags = os.fstat(fd), fcntl.fcntl(fd, fcntl.F_GETFL)
    finally:
        os.close(fd)
    return status.st_mode, flags, *(() if makes else (status.st_dev, status.st_ino))


def names(work: str, targets: list[str]) -> Iterator[tuple[str, int, str]]:
    """A label, a descriptor to start from, and a path from there."""
    for target in (*targets, *ELSEWHERE):
        yield target, AT_FDCWD, target
    for number, target in enumerate(targets):
        directory, _, last = target.rpartition("/")
        yield f"dirfd of {target}", os.open(directory, os.O_PATH), last
        handle = os.open(target, os.O_PATH)
        yield f"handle of {target}", AT_FDCWD, f"/proc/self/fd/{handle}"
        yield f"descriptor of {target}", handle, ""
        yield f"cwd of {target}", AT_FDCWD, f"/proc/self/cwd/{os.path.relpath(target, work)}"
        yield f"root of {target}", AT_FDCWD, f"/proc/self/root{target}"
        yield (
            f"dots of {target}",
            AT_FDCWD,
            f"{directory}/./../{os.path.basename(directory)}/{last}",
        )
        link = os.path.join(work, f"link-{number}")
        os.symlink(target, link)
        yield f"link to {target}", AT_FDCWD, link
        with contextlib.suppress(OSError):
            os.link(target, f"{link}-hard")
            yield f"name of {target}", AT_FDCWD, f"{link}-hard"


def pairs(
    mark: int, start: int, path: bytes, flags: int, mode: int
) -> Iterator[tuple[str, Callable[[], int], Callable[[], int]]]:
    """Each way to forge, and the same call without the mark."""
    low, high = mark & 0xFFFFFFFF, mark >> 32

    def openat(*more: int) -> Callable[[], int]:
        return lambda: call("openat", start, path, flags, mode, *more)

    yield "in its place", openat(0, mark), openat(0, 0)
    if flags in READING[:2]:
        yield "in both", openat(mark, mark), openat(0, 0)
        yield "beside it", openat(mark, 0), openat(0, 0)
        yield "its halves", openat(0, high | low << 32), openat(0, 0)
        if "open" in NUMBERS:
            plain = lambda: call("open", path, flags, mode, 0, 0, 0)  # noqa: E731
            yield "of open", lambda: call("open", path, flags, mode, 0, 0, mark), plain
        by_how = ("openat2", start, path, how(flags), 24, 0)
        yield "of openat2", lambda: call(*by_how, mark), lambda: call(*by_how, 0)


def how(flags: int) -> bytes:
    return flags.to_bytes(8, sys.byteorder) + bytes(16)


def race(mark: int, own: str, targets: list[str]) -> None:
    """Marked opens of a path that another thread changes all the time."""
    for target in targets:
        length = max(len(own), len(target)) + 1
        path, over = ctypes.create_string_buffer(length), threading.Event()
        # Slashes at the start are one, so that only the tail of the longer one is another's.
        words = [os.fsencode(each).rjust(length - 1, b"/") for each in (own, target)]
        path.value = words[0]

        def flip(path: ctypes.Array[ctypes.c_char] = path, over: threading.Event = over) -> None:
            while not over.is_set():
                for word in words:  # noqa: B023
                    path.value = word

        other = threading.Thread(target=flip)
        other.start()
        opened = refused = 0
        for _ in range(TRIES):
            try:
                fd = call("openat", AT_FDCWD, path, os.O_RDONLY, 0, 0, mark)
            except OSError:
                refused += 1
                continue
            opened += 1
            if os.path.samefile(f"/proc/self/fd/{fd}", target):
                print(f"race for {target}", "WON", sep="\t", flush=True)
            os.close(fd)
        over.set()
        other.join()
        print(f"race for {target}", f"opened {opened} refused {refused}", sep="\t", flush=True)


def main() -> None:
    work, mark, *targets = arguments()
    counts: Counter[str] = Counter()
    os.chdir(work)
    os.mkfifo("fifo")
    with open("own", "w") as file:
        file.write("own")
    os.mkdir("directory")
    os.rename("directory", "moved")
    own = [os.path.join(work, name) for name in ("own", "fifo", "moved", "not-there")]
    for label, start, text in names(work, [*targets, *own[:3]]):
        path = os.fsencode(text)
        for flags in (*READING, *(OTHERS if text in (*targets, *own) else OTHERS[:4])):
            compare(counts, label, int(mark, 0), start, path, flags | NEVER_BLOCK, 0)
    race(int(mark, 0), own[0], targets[:3])
    for mode in MODES:
        for flags in (os.O_CREAT, os.O_CREAT | os.O_RDWR, os.O_CREAT | os.O_ACCMODE):
            path = os.fsencode(own[3])
            compare(counts, "new", int(mark, 0), AT_FDCWD, path, flags, mode, made=own[3])
            flags = os.O_TMPFILE | os.O_RDWR
            compare(counts, "new", int(mark, 0), AT_FDCWD, b".", flags, mode, made=own[3])
    print("compared", *(f"{name}={count}" for name, count in sorted(counts.items())), sep="\t")


def compare(
    counts: Counter[str],
    label: str,
    mark: int,
    start: int,
    path: bytes,
    flags: int,
    mode: int,
    made: str = "",
) -> None:
    makes = bool(flags & (os.O_CREAT | os.O_TMPFILE & ~os.O_DIRECTORY))
    for way, marked, plain in pairs(mark, start, path, flags, mode):
        found = []
        for each in (marked, plain):
            found.append(outcome(each, makes))
            if made:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(made)
        with_mark, without = found
        if with_mark is not None and with_mark != without:
            print(f"{label} {way} {flags:#o} {mode:#o}", f"WON {found}", sep="\t", flush=True)
        counts["opened" if with_mark else "asked" if without else "refused"] += 1


main()
