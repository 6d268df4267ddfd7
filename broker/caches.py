"""Caches of the sandbox's own: where tools keep what they fetch and later run without a check.

What a program inside put into the person's caches would run outside later. So the variables that
tools look at point into a directory of the sandbox's own. Which variables, and why, is data
(data/caches.json).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from nono.broker.dataclass import dataclass
from nono.broker.datafile import data


@dataclass(frozen=True, slots=True)
class Cache:
    """What one variable is set to.

    `place` is the directory below the sandbox's own; with an `option` the
    variable is a list of options, and that one with the directory comes last;
    `text` is a value that names no directory. `real` is where the person's
    own is unless a variable says otherwise; `why` says what would run it.
    """

    variable: str
    why: str
    place: str = ""
    option: str = ""
    text: str = ""
    real: tuple[str, ...] = ()

    def value(self, directory: str, given: str) -> str | None:
        """The value in the sandbox, where the person's is `given`; None for one that cannot be."""
        if self.text:
            return self.text
        path = f"{directory}/{self.place}"
        if not self.option:
            return path
        if any(map(str.isspace, path)):
            return None  # the tool takes the list apart at blanks
        return f"{given} {self.option}{path}".strip()

    def named(self, given: str) -> str:
        """The directory that the person's value names; empty for none."""
        if not self.option:
            return "" if self.text else given
        words = [word for word in given.split() if word.startswith(self.option)]
        return words[-1].removeprefix(self.option) if words else ""


@cache
def caches() -> Mapping[str, Cache]:
    """All of them, by their variables."""
    return MappingProxyType(
        {
            name: Cache(name, **{**entry, "real": tuple(entry.get("real", ()))})
            for name, entry in data("caches")["variables"].items()
        }
    )


def search(directory: str) -> tuple[str, ...]:
    """The directories that tools install programs in; none where PATH could not name them."""
    if ":" in directory:
        return ()
    return tuple(f"{directory}/{place}" for place in data("caches")["search"])


def made() -> tuple[str, ...]:
    """The places that are to be there when a program starts: some tools make none."""
    return tuple(data("caches")["made"])


def real_places() -> Mapping[str, str]:
    """The person's own, as a group has paths, each with the reason why no sandbox writes there.

    The directory of all caches is not among them.
    """
    found = {real: each.why for each in caches().values() for real in each.real if "/" in real}
    found.update(data("caches")["also_real"])
    return found


def variables(
    directory: str, given: Mapping[str, str], is_open: Callable[[str], bool]
) -> dict[str, str]:
    """The variables of a sandbox with this directory.

    `given` is the person's environment. One that names a place where the sandbox may write, as
    `is_open` says, is respected.
    """
    found = {}
    for name, each in caches().items():
        before = given.get(name, "")
        named = each.named(before)
        if named.startswith("/") and is_open(named):
            continue
        value = each.value(directory, before)
        if value is not None:
            found[name] = value
    return found


def files() -> tuple[str, ...]:
    """The files that are to be there, empty, when a program starts: a tool is told to use them."""
    return tuple(data("caches")["files"])


def moved_places() -> tuple[str, ...]:
    """The person's own, as a group has paths, that tools do without in a sandbox that has its own.

    Where programs are installed is none of them.
    """
    named = {real for each in caches().values() if each.place for real in each.real}
    named |= {path for path in data("caches")["also_real"] if path.startswith("$XDG_CACHE_HOME/")}
    return tuple(sorted(path for path in named if "/" in path and path.split("/")[-1] != "bin"))
