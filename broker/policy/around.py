"""What speaks of everything in a directory, remembered: most paths are looked up beside others.

Rules do not change, so what is remembered of a directory stays true. Used from any thread.
"""

from __future__ import annotations

from collections.abc import Mapping

from nono.broker.rules.paths import ancestors, parent
from nono.broker.rules.rule import Effect, Rule

Rules = tuple[Rule, ...]

_MAX_REMEMBERED = 4096


class Around:
    """The rules on paths that speak of all that is in a directory, the most specific first.

    What grants or asks comes by `levels`.
    """

    __slots__ = ("_refusing", "levels", "refusals")

    def __init__(self, refusals: Rules, levels: tuple[Rules, ...]) -> None:
        self.refusals = refusals
        self.levels = levels
        self._refusing: dict[int, Rules] = {}

    def refusing(self, bits: int) -> Rules:
        """The refusals of any of `bits` of Access."""
        found = self._refusing.get(bits)
        if found is None:
            found = tuple(rule for rule in self.refusals if rule.access._value_ & bits)
            self._refusing[bits] = found
        return found


NOTHING = Around((), ())
"""What speaks of `/`, as far as it is not of that path itself."""


class Directories:
    """Of the rules of one index: those on trees, by their paths."""

    def __init__(self, below: Mapping[str, Rules]) -> None:
        self._below = below
        self._known: dict[str, Around] = {}

    def around(self, path: str) -> Around:
        """What speaks of `path` since it lies where it does."""
        if path == "/":
            return NOTHING
        directory = parent(path)
        return self._known.get(directory) or self._look(path, directory)

    def _look(self, path: str, directory: str) -> Around:
        """Most directories have what the one above them has."""
        found, way = NOTHING, []
        for at in ancestors(path):
            known = self._known.get(at)
            if known is not None:
                found = known
                break
            way.append(at)
        for at in reversed(way):
            found = self._inside(at, found)
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[directory] = found
        return found

    def _inside(self, directory: str, above: Around) -> Around:
        """What is said of all that is in the directory, and not only of the directory."""
        below = self._below.get(directory, ())
        if not below:
            return above
        level = tuple(rule for rule in below if rule.effect is not Effect.DENY)
        return Around(
            tuple(rule for rule in below if rule.effect is Effect.DENY) + above.refusals,
            (level, *above.levels) if level else above.levels,
        )
