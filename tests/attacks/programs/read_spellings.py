"""Open what is denied, by every call and every spelling of its path.

Arguments: a directory to write in, then the paths to get at.
"""

import os
import struct
from collections.abc import Callable, Iterator

from .attempt import AT_FDCWD, NUMBERS, arguments, attempt, call, content

RESOLVE = {
    "none": 0x00,
    "NO_XDEV": 0x01,
    "NO_MAGICLINKS": 0x02,
    "NO_SYMLINKS": 0x04,
    "BENEATH": 0x08,
    "IN_ROOT": 0x10,
    "CACHED": 0x20,
}
FLAGS = {
    "O_RDONLY": os.O_RDONLY,
    "O_RDWR": os.O_RDWR,
    "O_NOFOLLOW": os.O_NOFOLLOW,
    "O_NONBLOCK": os.O_NONBLOCK,
    "O_CREAT": os.O_CREAT | os.O_RDWR,
    "O_NOATIME": os.O_NOATIME,
    "O_ASYNC and an unknown bit": os.O_ASYNC | 1 << 30,
}
CHAIN = 8


def handle(path: str) -> int:
    """A descriptor without access. The sandbox may have these: that a name exists can be seen."""
    return os.open(path, os.O_PATH)


def open_how(flags: int, mode: int, resolve: int) -> bytes:
    return struct.pack("=QQQ", flags, mode, resolve)


def openings(path: str) -> Iterator[tuple[str, Callable[[], int]]]:
    """Every call that opens a path."""
    name = os.fsencode(path)
    for label, flags in FLAGS.items():
        if "open" in NUMBERS:
            yield f"open {label}", lambda flags=flags: call("open", name, flags, 0)
        yield f"openat {label}", lambda flags=flags: call("openat", AT_FDCWD, name, flags, 0)
    for label, resolve in RESOLVE.items():
        how = open_how(os.O_RDONLY, 0, resolve)
        yield f"openat2 {label}", lambda how=how: call("openat2", AT_FDCWD, name, how, 24)
    yield "openat2 longer", lambda: call("openat2", AT_FDCWD, name, how + bytes(40), 64)


def openings_below(path: str) -> Iterator[tuple[str, Callable[[], int]]]:
    """Calls with a directory's descriptor and the last name."""
    directory, _, last = path.rpartition("/")
    name = os.fsencode(last)
    top = handle(directory)
    yield "openat dirfd", lambda: call("openat", top, name, os.O_RDONLY, 0)
    for label, resolve in RESOLVE.items():
        how = open_how(os.O_RDONLY, 0, resolve)
        yield f"openat2 dirfd {label}", lambda how=how: call("openat2", top, name, how, 24)
        if label == "IN_ROOT":
            rooted = b"/../" + name
            yield "openat2 as root", lambda h=how, r=rooted: call("openat2", top, r, h, 24)


def reopenings(path: str) -> Iterator[tuple[str, Callable[[], int]]]:
    """By a descriptor that gives no access."""
    bare = handle(path)
    parent = handle(os.path.dirname(path))
    last = os.path.basename(path)
    how = open_how(3, 0, 0)
    for flags in (os.O_RDONLY, os.O_RDWR, 3):
        for place in (f"/proc/self/fd/{bare}", f"/dev/fd/{bare}", f"/proc/{os.getpid()}/fd/{bare}"):
            yield f"{place} {flags}", lambda p=place, f=flags: os.open(p, f)
        yield f"empty path {flags}", lambda flags=flags: call("openat", bare, b"", flags, 0)
    yield "below a handle", lambda: os.open(f"/proc/self/fd/{parent}/{last}", os.O_RDONLY)
    yield (
        "mode 3, then again",
        lambda: os.open(
            f"/proc/self/fd/{call('openat2', AT_FDCWD, os.fsencode(path), how, 24)}", os.O_RDONLY
        ),
    )


def spellings(path: str, work: str) -> Iterator[tuple[str, str]]:
    """Other ways to write the path, or to make one that leads there."""
    parent, last = os.path.split(path)
    yield "plain", path
    yield "doubled slashes", path.replace("/", "//")
    yield "dots", f"{parent}/./{last}"
    yield "up and down", f"{parent}/../{os.path.basename(parent)}/{last}"
    yield "past the root", "/.." * 3 + path
    yield "/proc/self/root", "/proc/self/root" + path
    yield "/proc/thread-self/root", "/proc/thread-self/root" + path
    yield "/proc/PID/root", f"/proc/{os.getpid()}/root{path}"
    yield "/proc/PID/task/TID/root", f"/proc/{os.getpid()}/task/{os.getpid()}/root{path}"
    yield "twice through /proc", "/proc/self/root/proc/self/root" + path
    yield "/proc/self/cwd", "/proc/self/cwd/" + os.path.relpath(path)
    yield "relative", os.path.relpath(path)
    yield from links(path, work)


def links(path: str, work: str) -> Iterator[tuple[str, str]]:
    parent, last = os.path.split(path)
    made = {"link": path, "directory link": parent, "relative link": os.path.relpath(path, work)}
    for label, target in made.items():
        place = f"{work}/{label}"
        os.symlink(target, place)
        yield label, f"{place}/{last}" if label.startswith("directory") else place
    os.symlink("/proc/self/root" + path, f"{work}/proc link")
    yield "link through /proc", f"{work}/proc link"
    os.symlink(path, f"{work}/chain0")
    for number in range(1, CHAIN):
        os.symlink(f"chain{number - 1}", f"{work}/chain{number}")
    yield "chain of links", f"{work}/chain{CHAIN - 1}"


def main() -> None:
    work, *targets = arguments()
    for target in targets:
        place = f"{work}/links-{os.path.basename(target)}"
        os.mkdir(place)
        for spelling, path in spellings(target, place):
            for label, opening in openings(path):
                attempt(f"{target}: {spelling}: {label}", lambda o=opening: content(o()))
        for label, opening in (*openings_below(target), *reopenings(target)):
            attempt(f"{target}: {label}", lambda o=opening: content(o()))
        os.chdir(os.path.dirname(target))
        attempt(
            f"{target}: working directory",
            lambda t=target: content(os.open(os.path.basename(t), os.O_RDONLY)),
        )


if __name__ == "__main__":
    main()
