"""One look at the machine, as `nono setup --check` shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`cost` says what is lost, and how to get it; `needed` that a run is refused without."""

    what: str
    found: str
    good: bool
    cost: str = ""
    needed: bool = True
