"""Names in places that everybody shares, which other programs trust: data/shared_names.json.

In /tmp a program may make what it likes, but not what somebody's next tmux would obey. A person who
wants that inside, such as an X server, lifts it with `--bypass-protection`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from nono.broker import Effect, Glob, Origin, OriginKind, Rule, Subtree
from nono.broker.datafile import data
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import SHARED, components, is_within

_ORIGIN = Origin(OriginKind.BUILTIN, "shared names that other programs trust")


@cache
def shared_names() -> tuple[Rule, ...]:
    """The refusals of making anything by these names, or in what they name; a bypass lifts them.

    They are the same for every sandbox of a process, which holds them once.
    """
    return tuple(_refusals())


def _refusals() -> Iterator[Rule]:
    known = data("shared_names")
    for directory in known["directories"]:
        for name in known["names"]:
            path = f"{directory}/{name}"
            pattern = Glob(path) if "*" in name else Subtree(path)
            yield Rule(pattern, CHANGING, Effect.DENY, _ORIGIN, protected=True)


def missed(paths: Sequence[str]) -> list[str]:
    """Of files that were removed, those that are not what tools leave behind: a person's output."""
    if not paths:
        return []
    import fnmatch  # seldom needed
    import re

    usual = [each for names in data("shared_names")["left_by_tools"].values() for each in names]
    is_usual = re.compile("|".join(map(fnmatch.translate, usual))).fullmatch
    found = []
    for path in paths:
        place = next((each for each in SHARED if is_within(path, each)), "/")
        if not any(map(is_usual, components(path[len(place) :]))):
            found.append(path)
    return found


def pointed_at(tmpdir: str, env: Mapping[str, str]) -> dict[str, str]:
    """The variables that let programs look in the private directory, as far as not given."""
    return {name: tmpdir for name in data("shared_names")["variables"] if name not in env}
