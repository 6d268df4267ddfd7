"""Two results of the same rows: what became slower, and how sure that is."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nono.perf.results.result import Line, Result
from nono.perf.results.spread import Figure, middle, ratio_draws

CONFIDENCE = 0.99
_DRAWS = 1000
_FEW_ROUNDS = 5
_SAME = 0.05
"""What differs by less is the same for whoever uses it."""
_LEAST = 0.02
"""What is nearer to nothing may be an address or a cache line that fell otherwise."""
_MACHINE = ("kernel", "processor", "processors", "python", "timed_program", "lane")


class Verdict(enum.StrEnum):
    """What can be said of a row."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "the same"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True)
class Change:
    """One row then and now. A ratio above 1 is slower."""

    section: str
    name: str
    ratio: Figure
    """Its spread is for CONFIDENCE."""
    verdict: Verdict
    of_ratios: bool
    """Whether the ratios to native were compared, which a faster machine changes little."""

    def __str__(self) -> str:
        how = "of its ratio to native" if self.of_ratios else "of its time"
        ratio = f"{self.ratio.value:.2f} x ({self.ratio.low:.2f} to {self.ratio.high:.2f}) {how}"
        return f"{self.verdict}: {self.section}: {self.name}: {ratio}"


def compare(old: Result, new: Result) -> list[Change]:
    """Every row that both have, in the order of the new one."""
    before = {(line.section, line.name): line for line in old.lines}
    pairs = ((before.get((line.section, line.name)), line) for line in new.lines)
    return [_change(old, then, new, now) for then, now in pairs if then is not None]


def _change(old: Result, then: Line, new: Result, now: Line) -> Change:
    natives = old.find(then, then.native), new.find(now, now.native)
    of_ratios = now.name != now.native and None not in natives
    if natives[0] is not None and natives[1] is not None and of_ratios:
        sides = then.rounds_against(natives[0]), now.rounds_against(natives[1])
    else:
        sides = [*then.rounds.values()], [*now.rounds.values()]
    draws = ratio_draws(sides[1], sides[0], _DRAWS)
    ratio = Figure(draws[len(draws) // 2], *middle(draws, CONFIDENCE))
    verdict = Verdict.UNKNOWN if min(map(len, sides)) < _FEW_ROUNDS else _verdict(ratio)
    return Change(now.section, now.name, ratio, verdict, of_ratios)


def _verdict(ratio: Figure) -> Verdict:
    if ratio.low > 1 + _LEAST:
        return Verdict.SLOWER
    if ratio.high < 1 - _LEAST:
        return Verdict.FASTER
    if ratio.low > 1 - _SAME and ratio.high < 1 + _SAME:
        return Verdict.SAME
    return Verdict.UNKNOWN


def differences(old: Result, new: Result) -> list[str]:
    """What else differs between the two runs, and may be why."""
    names = [name for name in _MACHINE if old.machine.get(name) != new.machine.get(name)]
    found = [f"{name}: {old.machine.get(name)} then, {new.machine.get(name)} now" for name in names]
    if old.policy != new.policy:
        found.append("another policy")
    return found


def summary(changes: Sequence[Change]) -> str:
    """The verdict on all of it, which names its confidence."""
    counts = Counter(each.verdict for each in changes)
    told = ", ".join(f"{counts[each]} {each}" for each in Verdict if counts[each])
    by_chance = len(changes) * (1 - CONFIDENCE)
    return (
        f"{told or 'no row in common'}; each verdict with a confidence of {CONFIDENCE:.0%},"
        f" so of {len(changes)} about {by_chance:.1f} are wrong by chance"
    )
