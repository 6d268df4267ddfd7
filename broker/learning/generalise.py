"""From the paths that a program used to the directories that a profile opens for it.

A directory takes the place of its files only where that is safe: never one that
holds the home, the project or a protected path, never one that everybody
shares, and only when the program used it as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field

from nono.broker.rules.paths import (
    SHARED,
    ancestors,
    child,
    components,
    is_within,
    lineage,
    outermost,
    parent,
    reserved_tree,
)

_LISTED = 3
_UNLISTED = 8
_SIBLINGS = 3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a program ran; all paths are canonical.

    `workdir` is None where it is no project: the home, or a directory above.
    `stores` hold a directory for each tool, such as `~/.cache`. `protected`
    are the paths that refusals guard. `states` hold a directory of state for each program, such
    as `~/.config`; in the home itself names with a dot are such. `kept` are those of others.
    """

    home: str
    workdir: str | None
    stores: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    _guarded: frozenset[str] = field(init=False, repr=False, compare=False)
    """The protected paths and all directories above one."""

    def __post_init__(self) -> None:
        guarded: set[str] = set()
        for path in self.protected:
            for each in lineage(path):
                if each in guarded:
                    break  # and so is all above it
                guarded.add(each)
        object.__setattr__(self, "_guarded", frozenset(guarded))

    def is_safe(self, directory: str) -> bool:
        """True when the directory may be opened with all that is below it."""
        return (
            len(components(directory)) >= 2
            and directory not in SHARED
            and reserved_tree(directory) is None
            and not self.is_above(directory)
            and directory not in self._guarded
        )

    def is_above(self, directory: str) -> bool:
        """True for the home, the project, and every directory above one of them."""
        return is_within(self.home, directory) or (
            self.workdir is not None and is_within(self.workdir, directory)
        )

    def holds_states(self, path: str) -> bool:
        """True for a directory that holds those of programs, and for what is above it."""
        return any(is_within(each, path) for each in self.states)

    def state_of(self, path: str) -> str | None:
        """The program's own directory of state, or file, that this path is or lies in."""
        if not self.states:
            return None
        chain = [path, *ancestors(path)]
        for place in sorted((self.home, *self.states), key=len, reverse=True):
            if place in chain[1:]:
                own = chain[chain.index(place) - 1]
                is_own = place != self.home or own.startswith(child(place, "."))
                if is_own and own not in self.kept and not self.is_shared(own):
                    return own if self.is_safe(own) else None
        return None

    def is_shared(self, path: str) -> bool:
        """True for what holds directories of many programs."""
        return self.holds_states(path) or any(is_within(each, path) for each in self.stores)

    def in_workdir(self, path: str) -> bool:
        return self.workdir is not None and is_within(path, self.workdir)


def written_directory(path: str, around: Surroundings) -> str | None:
    """The directory to open for a program that makes or removes the name `path`.

    In a store it is the tool's own, elsewhere the one that the name is in; None
    when no such directory is safe to open. State of a program's own is opened as a whole.
    """
    if (state := around.state_of(path)) is not None:
        return state
    chain = [path, *ancestors(path)]
    for store in sorted(around.stores, key=len, reverse=True):
        if store in chain[1:]:
            inside = chain[: chain.index(store)]
            # The name itself may be a directory, but its parent is the largest that can be meant.
            below = [*reversed(inside[1:])] or inside
            return next((each for each in below if around.is_safe(each)), None)
    return parent(path) if around.is_safe(parent(path)) else None


def read_directories(files: Set[str], listed: Set[str], around: Surroundings) -> set[str]:
    """The directories to open for a program that read these files and listed those directories."""
    below = Counter(directory for path in files for directory in ancestors(path))
    chosen = {
        directory
        for directory, count in below.items()
        if count >= (_LISTED if directory in listed else _UNLISTED)
        and (directory in listed or _is_direct(directory, files))
        and around.is_safe(directory)
    }
    return outermost(_merged(outermost(chosen), around))


def _is_direct(directory: str, files: Set[str]) -> bool:
    """True when enough of the files lie in the directory itself."""
    return sum(parent(path) == directory for path in files) >= _UNLISTED


def _merged(chosen: set[str], around: Surroundings) -> set[str]:
    """Where several neighbours are opened, the directory around them is, if it is safe."""
    while True:
        around_them = Counter(map(parent, chosen))
        larger = {
            directory
            for directory, count in around_them.items()
            if count >= _SIBLINGS and around.is_safe(directory) and parent(directory) != around.home
        }
        if not larger:
            return chosen
        chosen = outermost(chosen | larger)
