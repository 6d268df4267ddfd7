"""How fast an audit may grow: what comes too fast is counted, and no longer written one by one.

In each second the first decisions are all written, more only about what was not asked for in that
second before, and the rest are counted by kind. The fuller the file, the fewer.
"""

from __future__ import annotations

from nono.broker.named_tuple import NamedTuple

_NANOSECONDS = 1_000_000_000


class _Allowed(NamedTuple):
    """In a second: `all` decisions, and further ones about new objects up to `new`."""

    all: int
    new: int


_BY_EIGHTHS = (_Allowed(500, 2000),) * 4 + (_Allowed(20, 100),) * 3 + (_Allowed(0, 0),)
"""By how many eighths of the file's bound are used; the last one only holds counts."""


class Passed(NamedTuple):
    """What an audit's pace goes by, for whoever goes on with it."""

    second: int
    written: int
    seen: set[tuple[str, object]]
    summed: dict[str, int]
    by_eighths: tuple[tuple[int, int], ...]


class Pace:
    """Of one audit whose file has at most `bound` bytes."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._second = 0
        self._written = 0
        self._seen: set[tuple[str, object]] = set()
        self._summed: dict[str, int] = {}

    def admits(self, time: int, size: int, kind: str, about: object) -> bool:
        """Whether to write a decision of this kind about an object; if not, it is counted.

        `time` is in nanoseconds, `size` is that of the file.
        """
        if time // _NANOSECONDS != self._second:
            self._second = time // _NANOSECONDS
            self._written = 0
            self._seen.clear()
        allowed = _BY_EIGHTHS[min(7, size * 8 // self._bound)]
        key = (kind, about)
        if self._written < allowed.all or (self._written < allowed.new and key not in self._seen):
            self._written += 1
            self._seen.add(key)
            return True
        self._summed[kind] = self._summed.get(kind, 0) + 1
        return False

    def passed(self) -> Passed:
        """All that was seen and counted so far."""
        by_eighths = tuple((each.all, each.new) for each in _BY_EIGHTHS)
        return Passed(self._second, self._written, self._seen, self._summed, by_eighths)

    def take(self, time: int | None = None) -> dict[str, int]:
        """How many of each kind were counted, which then begins anew.

        None while the second of `time` is the one that they were counted in.
        """
        if not self._summed or (time is not None and time // _NANOSECONDS == self._second):
            return {}
        summed, self._summed = self._summed, {}
        return summed
