"""The offers of a question, each made when somebody looks at it, and then the same for everybody.

A function that takes the first one needs no other. What they are made of was fixed with the
question, so what an offer opens does not depend on when it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import overload

from nono.broker.asking.question import Offer


class Offers(Sequence[Offer]):
    """`make` makes them in their order, the same each time. `lead` is the first, if it is known."""

    def __init__(self, make: Callable[[], Iterator[Offer]], lead: Offer | None = None) -> None:
        self._make = make
        self.lead = lead
        self._begun: tuple[Offer, ...] = () if lead is None else (lead,)
        self._whole: tuple[Offer, ...] | None = None

    def __iter__(self) -> Iterator[Offer]:
        if self._whole is not None:
            yield from self._whole
            return
        # Each of the two is replaced as a whole: who else looks meanwhile makes the rest as well.
        known = self._begun
        yield from known
        for offer in islice(self._make(), len(known), None):
            self._begun = known = (*known, offer)
            yield offer
        self._whole = known

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
