"""What of the machine decides which flag helps: what an object is, and whose place it is in."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from nono.broker import Access, Open, Operation, PathChange, Request
from nono.broker.rules.paths import lineage
from nono.supervisor.places import BASE_DIRECTORIES, base_directory, canonical, home_directory

if TYPE_CHECKING:
    from nono.broker.explaining.remedies import Around

_MODES = {Access.READ: os.R_OK, Access.WRITE: os.W_OK}


def around(request: Request, workdir: str) -> Around:
    """It is looked at as it is now."""
    from nono.broker.explaining.remedies import Around  # most runs have nothing to explain

    path: str = getattr(request, "path", "")
    home = home_directory(os.environ)
    if not path:
        return Around(home=home, workdir=workdir)
    is_made = isinstance(request, PathChange)
    return Around(
        directory=os.path.isdir(path),
        is_there=os.path.lexists(os.path.dirname(path) if is_made else path),
        home=home,
        workdir=workdir,
        cache=cache_of(path),
        repository=_repository(path),
        refuses=_is_refused_outside(request, path),
    )


def _is_refused_outside(request: Request, path: str) -> bool:
    """Whether the modes of the file system refuse it to this user, whatever nono says."""
    match request:
        case Open(_, _, access):
            mode = sum(_MODES[each] for each in _MODES if each in access)
        case PathChange(_, Operation.TRUNCATE):
            mode = os.W_OK
        case PathChange():
            path, mode = os.path.dirname(path), os.W_OK | os.X_OK
        case _:
            return False
    try:
        os.stat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(path, mode)


def cache_of(path: str) -> str:
    """The place, of those where tools keep what they fetched, that a path is or lies in, if any."""
    bases = tuple(os.environ.get(name, "") for name in BASE_DIRECTORIES)
    places = _caches(home_directory(os.environ), bases)
    return next((each for each in lineage(path) if each in places), "") if path[:1] == "/" else ""


@cache
def _caches(home: str, bases: tuple[str, ...]) -> frozenset[str]:
    """Where the person's are, that a run with caches of its own does without."""
    from nono.broker.caches import moved_places

    env = dict(zip(BASE_DIRECTORIES, bases, strict=True))
    found = set()
    for entry in moved_places():
        first, _, rest = entry.partition("/")
        base = home if first == "~" else base_directory(first[1:], env, home)
        found.add(canonical(os.path.join(base, rest)))
    return frozenset(found)


def _repository(path: str) -> str:
    """The repository without a work tree that a path lies in; empty for none."""
    from nono.broker.explaining.git_directory import bare_directories
    from nono.supervisor.planning.git.repositories import is_bare

    return next((each for each in bare_directories(path) if is_bare(each)), "")
