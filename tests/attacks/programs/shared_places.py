"""What others left in /tmp, /var/tmp and /dev/shm, where only what is its own is the sandbox's.

Arguments: a directory to write in, a denied file, a name for everything that is made.
"""

import os
from collections.abc import Callable, Iterator

from .attempt import AT_FDCWD, RENAME_EXCHANGE, arguments, attempt, call, content
from .outside import Outside

PLACES = ("/tmp", "/var/tmp", "/dev/shm")
TRIES = 64

Made = tuple[str, Callable[[], object]]


def read(path: str) -> object:
    return content(os.open(path, os.O_RDONLY))


def make(path: str) -> int:
    """A file of our own; its inode number."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.write(fd, b"ours")
    number = os.fstat(fd).st_ino
    os.close(fd)
    return number


def exchange(old: str, new: str) -> None:
    call("renameat2", AT_FDCWD, old.encode(), AT_FDCWD, new.encode(), RENAME_EXCHANGE)


def uses(path: str) -> Iterator[Made]:
    """Everything that one does with a file of one's own."""
    yield "read", lambda: read(path)
    yield "write", lambda: os.open(path, os.O_WRONLY)
    yield "append", lambda: os.open(path, os.O_RDWR | os.O_APPEND)
    yield "O_CREAT", lambda: os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    yield "truncate", lambda: os.truncate(path, 0)
    yield "chmod", lambda: os.chmod(path, 0o666)
    yield "utime", lambda: os.utime(path, (1, 1))
    yield "setxattr", lambda: os.setxattr(path, "user.attack", b"x")
    yield "handle", lambda: read(f"/proc/self/fd/{os.open(path, os.O_PATH)}")
    yield "unlink", lambda: os.unlink(path)


def swaps(mine: str, theirs: str, work: str) -> Iterator[Made]:
    """Giving their file a name of ours, and the other way round."""
    yield "link", lambda: os.link(theirs, f"{mine}-linked")
    yield "link to work", lambda: os.link(theirs, f"{work}/linked")
    yield "rename", lambda: os.rename(theirs, f"{mine}-renamed")
    yield "rename over ours", lambda: os.rename(theirs, mine)
    yield "rename to work", lambda: os.rename(theirs, f"{work}/renamed")
    yield "rename of ours over theirs", lambda: os.rename(mine, theirs)
    yield "exchange", lambda: exchange(mine, theirs)
    yield "exchange, the other way", lambda: exchange(theirs, mine)
    yield "exchange with work", lambda: exchange(f"{work}/piece", theirs)
    yield "symlink", lambda: (os.symlink(theirs, f"{mine}-symlink"), read(f"{mine}-symlink"))[1]


def strangers(outside: Outside, top: str, work: str) -> Iterator[Made]:
    """Files of others, beside ours and in a directory of theirs."""
    mine, theirs, directory = f"{top}-mine", f"{top}-theirs", f"{top}-directory"
    make(mine)
    outside.hide(theirs)
    outside.mkdir(directory)
    outside.hide(f"{directory}/file")
    for path in (theirs, f"{directory}/file"):
        yield from uses(path)
        yield from swaps(mine, path, work)
    yield "list", lambda: read(directory)
    yield "make in theirs", lambda: make(f"{directory}/new")
    yield "mkdir in theirs", lambda: os.mkdir(f"{directory}/new")
    yield "rename their directory", lambda: os.rename(directory, f"{mine}-directory")
    yield "rmdir", lambda: os.rmdir(directory)
    for path in (theirs, f"{directory}/file"):
        yield f"{path} changed", lambda p=path: changed(outside, p)


def changed(outside: Outside, path: str) -> None:
    if outside.intact(path):
        raise OSError(1, "intact")


def planted(outside: Outside, top: str, denied: str) -> Iterator[Made]:
    """A link that somebody else left."""
    directory, name = os.path.split(denied)
    outside.link(directory, f"{top}-planted-directory")
    yield from uses(f"{top}-planted-directory/{name}")
    outside.link(denied, f"{top}-planted")
    for label, use in uses(f"{top}-planted"):
        if label != "unlink":
            yield label, use


def squatted(outside: Outside, top: str, work: str) -> Iterator[Made]:
    """A directory of ours where somebody else puts something."""
    os.mkdir(f"{top}-ours")
    outside.hide(f"{top}-ours/file")
    os.makedirs(f"{work}/moved", exist_ok=True)
    try:
        os.rename(f"{work}/moved", f"{top}-moved")
    except OSError:
        os.mkdir(f"{top}-moved")  # as mv(1) does
    outside.hide(f"{top}-moved/file")
    for path in (f"{top}-ours/file", f"{top}-moved/file"):
        yield from uses(path)
        yield from swaps(f"{top}-mine", path, work)
        yield f"{path} changed", lambda p=path: changed(outside, p)
        directory = os.path.dirname(path)
        yield (
            "with its directory",
            lambda d=directory: os.rename(d, f"{work}/taken") or read(f"{work}/taken/file"),
        )


def stale(outside: Outside, top: str) -> Iterator[Made]:
    """Their deleted file, after its directory's name has become ours."""
    directory = f"{top}-stale"
    outside.mkdir(directory)
    outside.hide(f"{directory}/file")
    handle = os.open(f"{directory}/file", os.O_PATH)
    outside.remove(f"{directory}/file")
    outside.rmdir(directory)
    os.mkdir(directory)
    yield "deleted file", lambda: read(f"/proc/self/fd/{handle}")
    make(f"{directory}/file")
    yield "deleted file, another there", lambda: read(f"/proc/self/fd/{handle}")


def reused(outside: Outside, top: str) -> Iterator[Made]:
    """A file of theirs that gets the inode of one of ours."""
    for label, remove in (("by them", outside.remove), ("by us", os.unlink)):
        for number in range(TRIES):
            mine, theirs = f"{top}-old{number}-{label}", f"{top}-new{number}-{label}"
            inode = make(mine)
            remove(mine)
            if outside.hide(theirs) == inode:
                yield from ((f"inode deleted {label}: {name}", use) for name, use in uses(theirs))
                break


def main() -> None:
    work, denied, tag = arguments()
    outside = Outside(work)
    make(f"{work}/piece")
    for place in PLACES:
        top = f"{place}/{tag}"
        for name, attacks in (
            ("strangers", strangers(outside, top, work)),
            ("planted", planted(outside, top, denied)),
            ("squatted", squatted(outside, top, work)),
            ("stale", stale(outside, top)),
            ("reused", reused(outside, top)),
        ):
            for number, (label, attack) in enumerate(attacks):
                attempt(f"{place}: {name} {number}: {label}", attack)


if __name__ == "__main__":
    main()
