"""Where repositories were in earlier runs: a file for each opened directory.

The search at the start is bounded, and a run could fill its bounds with names of its own. What was
found at the start of a run, and seen at its end, is therefore protected at the next start whatever
else is there. The file is nono's own record, which no program inside may write, and it only ever
adds refusals.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import stat
from collections.abc import Iterable, Iterator, Mapping

from nono.broker.digest import sha256
from nono.broker.rules.paths import is_canonical, is_within, lineage
from nono.supervisor import looks
from nono.supervisor.descriptors import bytes_of
from nono.supervisor.places import make_private, state_directory

MAX_REPOSITORIES = 10_000
_MAX_BYTES = 1 << 24
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def remembered(opened: Iterable[str], env: Mapping[str, str]) -> list[str]:
    """The tops that are in or below these directories, by the files for them and those above."""
    found: dict[str, None] = {}
    for directory in sorted(opened):
        for above in lineage(directory):
            known = _read(_place(above, env))
            found |= dict.fromkeys(each for each in known if is_within(each, directory))
    return list(found)[:MAX_REPOSITORIES]


def remember(directory: str, tops: Iterable[str], env: Mapping[str, str]) -> None:
    """Keep these, after those that were known and still are there. Raises OSError, with EFBIG
    when there are more of them than are kept."""
    place = _place(directory, env)
    with _alone(os.path.dirname(place)):
        before = _read(place)
        kept = dict.fromkeys(each for each in before if _may_be_there(each))
        inside = (each for each in tops if is_within(each, directory))
        kept |= dict.fromkeys(each for each in inside if _may_be_there(each))
        after = _as_many_as_are_kept(kept)
        if after != before:
            _write(place, b"".join(map(_line, after)))
    if len(kept) > len(after):
        raise OSError(errno.EFBIG, f"there are more than {len(after):,}")


def _as_many_as_are_kept(tops: Iterable[str]) -> list[str]:
    first = list(itertools.islice(tops, MAX_REPOSITORIES))
    sizes = itertools.accumulate(len(_line(each)) for each in first)
    return first[: sum(size <= _MAX_BYTES for size in sizes)]


def _line(top: str) -> bytes:
    return os.fsencode(top) + b"\0"


def _may_be_there(top: str) -> bool:
    """True also where a run has closed a directory on the way: it may be opened again."""
    try:
        return stat.S_ISDIR(looks.stat(top).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


@contextlib.contextmanager
def _alone(directory: str) -> Iterator[None]:
    """No other run of the user's adds to what is remembered meanwhile."""
    make_private(directory)
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _place(directory: str, env: Mapping[str, str]) -> str:
    name = sha256(os.fsencode(directory)).hexdigest()
    return os.path.join(state_directory(env), "repositories", name)


def _read(place: str) -> list[str]:
    names = bytes_of(place, _MAX_BYTES).split(b"\0")[:-1]
    return [path for path in map(os.fsdecode, names) if is_canonical(path)]


def _write(place: str, text: bytes) -> None:
    new = f"{place}.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new)
    fd = os.open(new, _NEW, 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(text)
        os.rename(new, place)
    except BaseException:
        os.unlink(new)
        raise
