"""How an offer is made: rules of an answer, and words for people in one style."""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker.asking.question import Lasts, Offer
from nono.broker.dataclass import dataclass
from nono.broker.rules.access import Access
from nono.broker.rules.paths import is_within
from nono.broker.rules.rule import Effect, Origin, OriginKind, Pattern, Rule
from nono.broker.visible import visible

Opened = Sequence[tuple[Pattern, Access]]
"""What an offer speaks of, and the rights there."""

QUIT = "Q"
"""The id of the offer to ask no more in this run."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the offers of the question with this number."""

    question: int
    home: str

    def shown(self, path: str) -> str:
        """A path for people, with `~` for the home."""
        if self.home and self.home != "/" and is_within(path, self.home):
            path = "~" + path[len(self.home) :]
        return visible(path)

    def allow(
        self,
        id: str,
        lasts: Lasts,
        opened: Opened,
        words: str,
        *,
        is_risky: bool = False,
        broad: bool = False,
        reach: str = "",
    ) -> Offer:
        rules = self._rules(opened, Effect.ALLOW)
        return Offer(id, Effect.ALLOW, lasts, rules, words, reach, broad, is_risky)

    def keep(
        self,
        id: str,
        opened: Opened,
        words: str,
        reach: str,
        kept: tuple[tuple[str, str | int], ...],
        file: str,
    ) -> Offer:
        """What later runs may, too: always a second, deliberate step. `kept` is what is written."""
        rules, lasts = self._rules(opened, Effect.ALLOW), Lasts.ALWAYS
        entry = "; ".join(f"{key}: {value}" for key, value in kept)
        return Offer(id, Effect.ALLOW, lasts, rules, words, reach, True, True, entry, file, kept)

    def deny(self, id: str, lasts: Lasts, opened: Opened, words: str) -> Offer:
        return Offer(id, Effect.DENY, lasts, self._rules(opened, Effect.DENY), words)

    def quit(self) -> Offer:
        """Nothing is asked any more in this run."""
        return self.deny(QUIT, Lasts.RUN, (), "ask no more in this run, deny")

    def _rules(self, opened: Opened, effect: Effect) -> tuple[Rule, ...]:
        origin = Origin(OriginKind.ANSWER, str(self.question))
        return tuple([Rule(pattern, access, effect, origin) for pattern, access in opened])
