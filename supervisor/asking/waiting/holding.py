"""What an answer does to the policy, with what holds it as at a start; and what no answer opens.

Looking at files blocks, so it is done beside trio's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nono.broker import Deny, Effect, PolicyError, Rule, visible
from nono.broker.asking.question import Offer, Question
from nono.broker.asking.surroundings import Place
from nono.broker.errors import NonoError
from nono.supervisor.asking.waiting.answered import Log, asked
from nono.supervisor.asking.waiting.call import Refused, WaitingCall
from nono.supervisor.decisions.decide import Decisions

if TYPE_CHECKING:
    from nono.supervisor.decisions.opened_later import OpenedLater


class Holding:
    """Of the questions of one sandbox; without `later` the policy alone holds what is opened."""

    def __init__(self, decisions: Decisions, later: OpenedLater | None, log: Log) -> None:
        self._decisions = decisions
        self._later = later
        self._log = log

    async def refuse(self, calls: list[WaitingCall]) -> None:
        """Refuse those that no answer opens, as a rule of a start would, and take them out.

        Others may join meanwhile: in the end all that is left was looked at. Raises what looking
        raises.
        """
        import trio

        seen: list[WaitingCall] = []
        while self._later is not None and (new := [each for each in calls if each not in seen]):
            doubtful = [call for call in new if not call.is_plain]
            requests = [call.undecided.requests for call in doubtful]
            found: list[Deny | None] = []
            if doubtful:
                found = await trio.to_thread.run_sync(self._later.protections, requests)
            for call, why in zip(doubtful, found, strict=True):
                if why is not None and call in calls:
                    calls.remove(call)
                    call.settle(Refused(why))
            seen += new

    async def open(self, rules: Sequence[Rule]) -> bool:
        """Make an answer's rules the run's. False, with a note, where they cannot be held."""
        import trio

        if self._later is None or all(rule.effect is Effect.DENY for rule in rules):
            self._decisions.extend(rules)
            return True
        try:
            await trio.to_thread.run_sync(self._later.open, rules)
        except Exception as error:  # whatever it is: nothing was opened
            why = error.message if isinstance(error, NonoError) else str(error)
            self._log.notes.append(f"the answer opened nothing: {visible(why)}")
            return False
        return True

    def keep(self, offer: Offer, question: Question, place: Place) -> None:
        """Write it down for later runs. Where that fails it holds for this one, which is said."""
        # What only such an answer needs is loaded only then.
        from nono.supervisor.asking.waiting.keeping import keep_answer

        try:
            keep_answer(offer, asked(question), place)
        except (OSError, PolicyError) as error:
            self._log.notes.append(f"the answer could not be kept: {error}: it held for this run")
