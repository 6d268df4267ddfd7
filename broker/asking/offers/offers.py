"""The offers of a question, each made when somebody looks at it, and then the same for everybody.

A function that takes the first one needs no other. What they are made of was fixed with the
question, so what an offer opens does not depend on when it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import overload

from nono.broker.asking.question import Offer


class Offers(Sequence[Offer]):
    """`made` gives them in their order, one when it is asked for. From any thread."""

    __slots__ = ("_begun", "_lock", "_made")

    def __init__(self, made: Iterator[Offer]) -> None:
        self._made: Iterator[Offer] | None = made
        self._begun: list[Offer] = []
        self._lock = Lock()

    def __iter__(self) -> Iterator[Offer]:
        begun = self._begun
        position = 0
        while position < len(begun) or self._has_made(position):
            yield begun[position]
            position += 1

    def _has_made(self, position: int) -> bool:
        """Make those up to this position, if there are so many."""
        with self._lock:
            while len(self._begun) <= position and self._made is not None:
                offer = next(self._made, None)
                if offer is None:
                    self._made = None
                else:
                    self._begun.append(offer)
        return len(self._begun) > position

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
