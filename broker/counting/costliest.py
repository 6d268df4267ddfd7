"""The objects that cost most, of any number of objects, in bounded memory."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
MAX_KEPT = 2048


class Costliest(Generic[_Key]):
    """Keeps the costliest half whenever there are too many. One thread adds, any may read."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._most = most
        self._costs: dict[_Key, list[int]] = {}
        self.missed = 0
        """As much more each object may have cost than is told, and one that is not told of."""

    def add(self, key: _Key, cost: int) -> None:
        """Count that something of this cost happened to an object."""
        known = self._costs.get(key)
        if known is not None:
            known[0] += cost
            known[1] += 1
            return
        if len(self._costs) >= self._most:
            self._forget()
        self._costs[key] = [cost, 1]

    def _forget(self) -> None:
        """Forget the half that cost least: none of them cost more than the last one of it."""
        ordered = sorted(self._costs.items(), key=lambda each: each[1][0], reverse=True)
        kept = ordered[: self._most // 2]
        self.missed += ordered[len(kept)][1][0]
        self._costs = dict(kept)

    def top(self, number: int) -> list[tuple[_Key, int, int]]:
        """(object, cost, how often) of the costliest, the costliest first."""
        ordered = sorted(self._costs.copy().items(), key=lambda each: each[1][0], reverse=True)
        return [(key, cost, count) for key, (cost, count) in ordered[:number]]
