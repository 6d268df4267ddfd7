"""Verdicts: the answer to one request, with the rule that gave it."""

from __future__ import annotations

from nono.broker.dataclass import dataclass
from nono.broker.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Allow:
    """The program may do it. `rule` is the most specific grant that took part."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class Deny:
    """The program may not do it and sees `errno` (a positive number of errno(3))."""

    rule: Rule
    errno: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A person decides. Nobody there to answer means no."""

    rule: Rule


Verdict = Allow | Deny | Ask
