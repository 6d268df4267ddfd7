"""Remove or replace what was granted, so that the name means something else in the next run.

Arguments: the granted directory, a granted file beside it, a denied file.
"""

import os
from collections.abc import Callable, Iterator

from .attempt import AT_FDCWD, RENAME_EXCHANGE, arguments, attempt, call


def exchange(old: str, new: str) -> None:
    call("renameat2", AT_FDCWD, old.encode(), AT_FDCWD, new.encode(), RENAME_EXCHANGE)


def attacks(work: str, file: str, denied: str) -> Iterator[tuple[str, Callable[[], object]]]:
    tmpdir = os.environ["TMPDIR"]
    link, piece, directory = f"{work}/link", f"{work}/piece", f"{work}/directory"
    os.symlink(denied, link)
    os.mkdir(directory)
    os.close(os.open(piece, os.O_CREAT))
    for granted in (work, file, tmpdir):
        for new in (f"{granted}-moved", f"/tmp/moved-{os.getpid()}", f"{tmpdir}/moved", directory):
            yield f"{granted} to {new}", lambda g=granted, n=new: os.rename(g, n)
        for mine in (link, piece, directory):
            yield f"{mine} over {granted}", lambda g=granted, m=mine: os.rename(m, g)
            yield f"{mine} for {granted}", lambda g=granted, m=mine: exchange(m, g)
    yield "unlink", lambda: os.unlink(file)
    yield "symlink", lambda: os.symlink(denied, file)
    yield "link", lambda: os.link(link, file, follow_symlinks=False)
    for name in (link, piece):
        os.unlink(name)
    os.rmdir(directory)
    os.chdir("/")
    for granted in (work, tmpdir):
        yield f"rmdir {granted}", lambda g=granted: os.rmdir(g)
        yield f"symlink {granted}", lambda g=granted: os.symlink("/", g)


def main() -> None:
    for label, attack in attacks(*arguments()):
        attempt(label, attack)


if __name__ == "__main__":
    main()
