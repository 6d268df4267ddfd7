"""The offers of a question, each made when somebody looks at it, and then the same for everybody.

A function that takes the first one needs no other. What they are made of was fixed with the
question, so what an offer opens does not depend on when it is looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import overload

from nono.broker.asking.question import Offer


class Offers(Sequence[Offer]):
    """May be looked at from any thread."""

    def __init__(self, made: Iterator[Offer]) -> None:
        self._made = made
        self._known: list[Offer] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Offer]:
        place = 0
        while place < len(self._known) or self._has(place):
            yield self._known[place]
            place += 1

    def _has(self, place: int) -> bool:
        with self._lock:
            while len(self._known) <= place:
                offer = next(self._made, None)
                if offer is None:
                    return False
                self._known.append(offer)
        return True

    def _all(self) -> tuple[Offer, ...]:
        return tuple(iter(self))

    @overload
    def __getitem__(self, index: int) -> Offer: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Offer, ...]: ...
    def __getitem__(self, index: int | slice) -> Offer | tuple[Offer, ...]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
