"""What speaks of everything in a directory, remembered: most paths are looked up beside others.

Rules do not change, so what is remembered of a directory stays true. Used from any thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import ancestors, parent, reserved_tree
from nono.broker.rules.rule import Effect, Rule

Rules = tuple[Rule, ...]

_MAX_REMEMBERED = 4096


class Standing(NamedTuple):
    """What grants and questions say of a path, explicit refusals aside.

    `granted` and `asked` are disjoint bits of Access. The sequences hold the
    rules that contributed, the most specific first, each with its bits.
    """

    granted: int
    asked: int
    grants: Sequence[tuple[int, Rule]]
    questions: Sequence[tuple[int, Rule]]


UNKNOWN = Standing(0, 0, (), ())
"""Where no rule says anything."""


def merge(standing: Standing, path: str, level: Sequence[Rule]) -> Standing:
    """Add the rules of one level, which is less specific than all before it."""
    if not level:
        return standing
    granted, asked = standing.granted, standing.asked
    grants, questions = [*standing.grants], [*standing.questions]
    for rule in level:
        if rule.effect is Effect.ASK and rule.reaches(path):
            fresh = rule.access._value_ & ~granted
            asked |= fresh
            questions.append((fresh, rule))
    for rule in level:
        if rule.effect is Effect.ALLOW and rule.reaches(path):
            fresh = rule.access._value_ & ~asked
            granted |= fresh
            grants.append((fresh, rule))
    return Standing(granted, asked, grants, questions)


class Around:
    """The rules on paths that speak of all that is in a directory, the most specific first.

    What grants or asks comes by `levels`.
    """

    __slots__ = ("_refusing", "_standing", "levels", "refusals")

    def __init__(self, refusals: Rules, levels: tuple[Rules, ...]) -> None:
        self.refusals = refusals
        self.levels = levels
        self._refusing: dict[int, Rules] = {}
        self._standing: dict[bool, Standing] = {}

    def standing(self, path: str) -> Standing:
        """What the levels say of `path`: the same of all that they are the levels of, but for the
        trees that a grant on `/` leaves out."""
        is_left_out = reserved_tree(path) is not None
        found = self._standing.get(is_left_out)
        if found is None:
            found = UNKNOWN
            for level in self.levels:
                found = merge(found, path, level)
            self._standing[is_left_out] = found
        return found

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
