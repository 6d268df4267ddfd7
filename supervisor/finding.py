"""One look at the machine, as `nono setup --check` shows it."""

from __future__ import annotations

from nono.broker.named_tuple import NamedTuple


class Finding(NamedTuple):
    """`cost` says what is lost, and how to get it; `needed` that a run is refused without."""

    what: str
    found: str
    good: bool
    cost: str = ""
    needed: bool = True
