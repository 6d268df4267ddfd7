"""The directories that a grant by wildcards opens for making names in them, as they are now.

A pattern is followed from its fixed beginning, name by name, through directories that are there
and no links. What lies below `**` is opened like a directory that was named, so it is not gone
through. Of very many, and where names cannot be listed, the fixed beginning stands for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nono.broker import Effect, Glob, Rule, Subtree
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import Access
from nono.broker.rules.automaton import ANY_DEPTH, States
from nono.broker.rules.paths import RESERVED_TREES, components
from nono.supervisor import looks
from nono.supervisor.descriptors import scandir

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.kinds_of_looks import Entry

_MAX_ENTRIES = 5_000


class Opened(NamedTuple):
    """`wholly` are directories that are opened with all below, `directly` those in which only
    some names may be made."""

    wholly: frozenset[str]
    directly: frozenset[str]

    @property
    def directories(self) -> frozenset[str]:
        """All of them."""
        return self.wholly | self.directly


def opened_by(pattern: Glob) -> Opened:
    """What the pattern opens. Does not raise."""
    wholly, directly, left = set(), set(), _MAX_ENTRIES
    names = pattern.names
    waiting = [(pattern.prefix, names.after(components(pattern.prefix)))]
    while waiting:
        directory, states = waiting.pop()
        if any(state < len(names.parts) and names.parts[state] is ANY_DEPTH for state in states):
            if looks.isdir(directory):
                wholly.add(directory)
            continue
        if _ends_after_one_name(pattern, states) and looks.isdir(directory):
            directly.add(directory)
        for entry in _entries(directory):
            left -= 1
            if entry is None or left < 0:
                return Opened(frozenset([pattern.prefix]), frozenset())
            after = names.step(states, entry.name)
            if after and entry.path not in RESERVED_TREES and entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, after))
    return Opened(frozenset(wholly), frozenset(directly))


def opened_by_people(rules: Iterable[Rule], access: Access) -> Opened:
    """The directories that a person opened for all of this, by name or by a pattern."""
    wholly: set[str] = set()
    directly: set[str] = set()
    for rule in grants_of_people(rules, access):
        match rule.pattern:
            case Subtree(path):
                wholly.add(path)
            case Glob() as pattern:
                opened = opened_by(pattern)
                wholly |= opened.wholly
                directly |= opened.directly
    return Opened(frozenset(wholly), frozenset(directly - wholly))


def grants_of_people(rules: Iterable[Rule], access: Access) -> Iterator[Rule]:
    """The grants of this access that a person wrote."""
    for rule in rules:
        # Most are a group's.
        if rule.origin.is_of_person and rule.effect is not Effect.DENY and access in rule.access:
            yield rule


def _ends_after_one_name(pattern: Glob, states: States) -> bool:
    parts = pattern.names.parts
    return any(
        state < len(parts) and all(part is ANY_DEPTH for part in parts[state + 1 :])
        for state in states
    )


def _entries(directory: str) -> Iterator[Entry | None]:
    """What is in a directory; None for what may be in there and cannot be told."""
    try:
        with scandir(directory) as entries:
            yield from entries
    except PermissionError:
        from nono.supervisor.out_of_reach import is_out_of_reach  # which a start does without

        if not is_out_of_reach(directory):
            yield None
    except OSError:
        return
