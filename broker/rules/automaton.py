"""Wildcards over the parts of a path, one part after the other: the one matching of `**`.

A nondeterministic automaton whose states are positions in the pattern. So the time is bounded by
(parts of the path) x (parts of the pattern) whatever the input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nono.broker.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import re
    from typing import TypeAlias

    Part: TypeAlias = "str | Expression | Between | None"


ANY_DEPTH = None
"""The part of a pattern that stands for any number of parts of a path, none included."""


class Between(NamedTuple):
    """What a name with stars stands for: an expression takes 0.1 ms to compile, and this none."""

    start: str
    end: str
    middle: tuple[str, ...] = ()
    """What lies between the stars, in its order, where there is more than one."""

    @classmethod
    def of(cls, name: str) -> Between:
        """What is before, between and behind the stars of a name that has some."""
        start, *middle, end = name.split("*")
        return cls(start, end, tuple(middle))

    def fullmatch(self, name: str) -> bool:
        start, end, middle = self
        last = len(name) - len(end)
        if last < len(start) or not (name.startswith(start) and name.endswith(end)):
            return False
        after = len(start)
        for each in middle:  # the first place is the best: it leaves most for the others
            found = name.find(each, after, last)
            if found < 0:
                return False
            after = found + len(each)
        return True

    def among(self, names: Iterable[str]) -> list[str]:
        """Those that it stands for: a call for each of very many would cost more than the look."""
        start, end, middle = self
        if start or middle:
            return [name for name in names if name.startswith(start) and self.fullmatch(name)]
        return [name for name in names if name.endswith(end)]


class Expression(NamedTuple):
    """A regular expression, as its text: a policy consists of data alone."""

    text: str

    def fullmatch(self, name: str) -> re.Match[str] | None:
        import re  # seldom needed; it remembers what it has compiled

        return re.fullmatch(self.text, name)


States = frozenset[int]
"""How many parts of the pattern may be used up; empty when nothing below can match."""
NOWHERE: States = frozenset()
_FIRST: States = frozenset({0})
"""One for all: a process with many sandboxes holds hundreds of patterns for each."""


class Automaton(NamedTuple):
    """A pattern in parts: a text stands for itself, an expression for what it matches whole."""

    parts: tuple[Part, ...]
    admits: Callable[[str, tuple[str, ...]], bool] | None = None
    """Whether wildcards may stand for these pieces of a part; for any when it is None."""

    def start(self) -> States:
        """Before the first part of a path."""
        return _FIRST if self.parts[:1] != (ANY_DEPTH,) else self.with_depths({0})

    def step(self, states: States, name: str) -> States:
        """After one more part of the path."""
        only = self.only(states)
        if only is not None and only != name:  # as nearly always
            return NOWHERE
        after: set[int] = set()
        for state in states:
            if state == len(self.parts):
                continue
            part = self.parts[state]
            if part is ANY_DEPTH:
                if self._admitted(name, (name,)):
                    after.add(state)
            elif part == name if isinstance(part, str) else self._matched(part, name):
                after.add(state + 1)
        return self.with_depths(after) if after else NOWHERE

    def only(self, states: States) -> str | None:
        """The one name that brings it further; None where several may, or none."""
        if len(states) != 1:
            return None
        (state,) = states
        part = self.parts[state] if state < len(self.parts) else ANY_DEPTH
        return part if isinstance(part, str) else None

    def passed(self, states: States) -> States:
        """Those that a name brings further, and not only over another name that `**` stands for."""
        return frozenset(state for state in states if not self.is_depth(state))

    def _matched(self, part: Expression | Between, name: str) -> bool:
        if isinstance(part, Between):
            return part.fullmatch(name) and self._admitted(name, (name,))
        found = part.fullmatch(name)
        return found is not None and self._admitted(name, found.groups())

    def _admitted(self, name: str, pieces: tuple[str, ...]) -> bool:
        return self.admits is None or self.admits(name, pieces)

    def after(self, names: Iterable[str]) -> States:
        """After all of these parts of a path."""
        states = self.start()
        for name in names:
            states = self.step(states, name)
        return states

    def is_depth(self, state: int) -> bool:
        """True when any one part may come next without bringing the pattern further."""
        return state < len(self.parts) and self.parts[state] is ANY_DEPTH

    def accepts(self, states: States) -> bool:
        """True when the parts consumed so far are a match."""
        return len(self.parts) in states

    def with_depths(self, states: set[int]) -> States:
        """These states, and those that a `**` gives which stands for no part."""
        if not states or ANY_DEPTH not in self.parts:
            return frozenset(states)
        for state in sorted(states):
            while state < len(self.parts) and self.parts[state] is ANY_DEPTH:
                state += 1
                states.add(state)
        return frozenset(states)
