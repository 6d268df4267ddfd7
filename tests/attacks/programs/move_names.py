"""Give what is denied another name, or its name to something else; then look what is there.

Arguments: a directory to write in, a denied file, a denied directory, a file in it, a file that
may be read.
"""

import os
from collections.abc import Callable, Iterator

from .attempt import (
    AT_EMPTY_PATH,
    AT_FDCWD,
    AT_SYMLINK_FOLLOW,
    NUMBERS,
    RENAME_EXCHANGE,
    RENAME_NOREPLACE,
    arguments,
    attempt,
    call,
    content,
)

Move = Callable[[str, str], object]


def renames() -> Iterator[tuple[str, Move]]:
    """Every call that renames."""
    fd, encode = AT_FDCWD, os.fsencode
    if "rename" in NUMBERS:
        yield "rename", lambda a, b: call("rename", encode(a), encode(b))
    if "renameat" in NUMBERS:
        yield "renameat", lambda a, b: call("renameat", fd, encode(a), fd, encode(b))
    for label, flags in (("", 0), ("NOREPLACE", RENAME_NOREPLACE)):
        yield f"renameat2 {label}", lambda a, b, f=flags: renameat2(a, b, f)
    yield "by handles", by_handles


def renameat2(old: str, new: str, flags: int) -> None:
    call("renameat2", AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags)


def by_handles(old: str, new: str) -> None:
    ends = [os.path.split(path) for path in (old, new)]
    (a, first), (b, second) = ((os.open(top, os.O_PATH), name) for top, name in ends)
    call("renameat2", a, os.fsencode(first), b, os.fsencode(second), 0)


def links() -> Iterator[tuple[str, Move]]:
    """Every call that makes a hard link."""
    fd, encode = AT_FDCWD, os.fsencode
    if "link" in NUMBERS:
        yield "link", lambda a, b: call("link", encode(a), encode(b))
    yield "linkat", lambda a, b: call("linkat", fd, encode(a), fd, encode(b), 0)
    yield "linkat of a handle", link_handle
    yield "linkat of an empty path", link_empty


def link_handle(old: str, new: str) -> None:
    place = os.fsencode(f"/proc/self/fd/{os.open(old, os.O_PATH)}")
    call("linkat", AT_FDCWD, place, AT_FDCWD, os.fsencode(new), AT_SYMLINK_FOLLOW)


def link_empty(old: str, new: str) -> None:
    call("linkat", os.open(old, os.O_PATH), b"", AT_FDCWD, os.fsencode(new), AT_EMPTY_PATH)


def look(path: str) -> object:
    return content(os.open(path, os.O_RDONLY))


def take(work: str, target: str) -> None:
    """Bring the target, or a directory above it, to the writable directory."""
    name = f"{target}: %s"
    for number, (label, move) in enumerate((*links(), *renames())):
        attempt(name % label, lambda m=move, n=number: (m(target, f"{work}/t{n}"), n))
    parent = os.path.dirname(target)
    for number, (label, move) in enumerate(renames()):
        for height, above in enumerate((parent, os.path.dirname(parent))):
            place = f"{work}/p{number}-{height}"
            attempt(
                name % f"{label} of ancestor {height}", lambda m=move, a=above, p=place: m(a, p)
            )


def exchange(work: str, target: str) -> None:
    """Put something of ours in the place of the target, or of what is above it."""
    name = f"{target}: %s"
    for kind in ("file", "directory", "link"):
        mine = make(f"{work}/mine-{os.path.basename(target)}-{kind}", kind)
        above = os.path.dirname(target)
        for what in (target, above, os.path.dirname(above)):
            here = name % f"{kind} for {os.path.basename(what)}, "
            attempt(here + "exchange", lambda m=mine, w=what: renameat2(m, w, RENAME_EXCHANGE))
            attempt(here + "back", lambda m=mine, w=what: renameat2(w, m, RENAME_EXCHANGE))
            for label, move in (*renames(), *links()):
                attempt(here + label, lambda v=move, m=mine, w=what: v(m, w))


def make(path: str, kind: str) -> str:
    if kind == "file":
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
    elif kind == "directory":
        os.mkdir(path)
    else:
        os.symlink("/", path)
    return path


def remove(target: str) -> None:
    """Delete the target, or a directory above it."""
    name, path = f"{target}: %s", os.fsencode(target)
    attempt(name % "unlinkat", lambda: call("unlinkat", AT_FDCWD, path, 0))
    attempt(name % "unlinkat directory", lambda: call("unlinkat", AT_FDCWD, path, 0x200))
    if "unlink" in NUMBERS:
        attempt(name % "unlink", lambda: call("unlink", path))
        attempt(name % "rmdir", lambda: call("rmdir", path))
    top = os.open(os.path.dirname(target), os.O_PATH)
    last = os.fsencode(os.path.basename(target))
    attempt(name % "unlinkat by a handle", lambda: call("unlinkat", top, last, 0))
    attempt(name % "rmdir of the parent", lambda: os.rmdir(os.path.dirname(target)))


def fill(directory: str) -> None:
    """Make something new in a directory that is denied or may only be read."""
    name, new = f"{directory}/: %s", f"{directory}/new"
    mine = make(f"{directory.replace('/', '_')[-40:]}", "file")
    attempt(name % "create", lambda: os.close(os.open(new, os.O_CREAT | os.O_WRONLY)))
    attempt(name % "create, exclusive", lambda: os.close(os.open(new, os.O_CREAT | os.O_EXCL)))
    attempt(name % "creat", lambda: call("creat", os.fsencode(new), 0o600))
    attempt(name % "nameless", lambda: os.open(directory, os.O_TMPFILE | os.O_RDWR))
    attempt(name % "mkdir", lambda: os.mkdir(new))
    attempt(name % "symlink", lambda: os.symlink("/", new))
    attempt(name % "mknod", lambda: os.mknod(new))
    attempt(name % "mkfifo", lambda: os.mkfifo(new))
    attempt(name % "device", lambda: os.mknod(new, 0o20666, os.makedev(1, 3)))
    for label, move in (*links(), *renames()):
        attempt(name % label, lambda m=move: m(os.path.abspath(mine), new))


def main() -> None:
    work, file, directory, inner, plain = arguments()
    os.chdir(work)
    for target in (file, directory, inner):
        exchange(work, target)
        remove(target)
        take(work, target)
        take(os.environ["TMPDIR"], target)
    remove(plain)
    exchange(work, plain)
    for label, move in (*links(), *renames()):
        attempt(f"{plain}: {label}", lambda m=move: m(plain, f"{work}/plain"))
    for closed in (directory, os.path.dirname(plain)):
        fill(closed)
    for name in os.listdir(work):
        attempt(f"now in {name}", lambda n=name: look(n))


if __name__ == "__main__":
    main()
