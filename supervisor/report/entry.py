"""A refusal in words, and a line that tells one or several of them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nono.broker.dataclass import dataclass
from nono.broker.named_tuple import NamedTuple
from nono.supervisor.decisions.denials import Denial

if TYPE_CHECKING:
    from nono.broker import Explanation


class Entry(NamedTuple):
    """A denial in words."""

    denial: Denial
    explanation: Explanation

    @property
    def path(self) -> str:
        """Of what was asked for; empty where that is no path."""
        return getattr(self.denial.request, "path", "")


@dataclass(slots=True)
class Line:
    """Denials that one line tells: the same reason, and the same fix or many in one directory."""

    what: str
    reason: str
    fix: tuple[str, ...]
    entries: list[Entry]

    @property
    def count(self) -> int:
        return sum(entry.denial.count for entry in self.entries)

    @property
    def things(self) -> int:
        """Of how many objects: several calls may be about one."""
        return things_of(self.entries)

    def __str__(self) -> str:
        word = "times" if self.things == len(self.entries) else "calls"
        times = f" ({self.count} {word})" if self.count > self.things else ""
        fix = f"  hint: {shlex.join(self.fix)}" if self.fix else ""
        return f"  {self.what}{times}: {self.reason}{fix}"


def things_of(entries: Iterable[Entry]) -> int:
    """Of how many objects these are."""
    return len({entry.path or entry.explanation.summary for entry in entries})
