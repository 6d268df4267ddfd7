"""Which channel gets a question: the first of the run's that somebody is at.

A channel that is gone hands its questions on; the last one refuses. No channel has a time limit
here: where nobody is, nobody is waited for. Who sits before the program is told of a question that
is asked elsewhere, and may have it asked there as well: the first answer counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nono.broker.dataclass import dataclass
from nono.supervisor.asking.channel import Channel, ChannelGone, awaited
from nono.supervisor.faults import Faults

if TYPE_CHECKING:
    from nono.broker.asking.question import Answer, Begun, Offer, Question


@dataclass(slots=True)
class Dispatch:
    """The channels of a run, the best first. `attached` may be looked at from any thread."""

    channels: list[Channel]
    faults: Faults

    @property
    def attached(self) -> Channel | None:
        """The channel that the next question goes to."""
        for each in self.channels:
            if each.is_attached:
                return each
        return None

    async def ask(
        self, question: Question, begun: Begun | None = None
    ) -> tuple[Answer | None, Channel | None]:
        """The answer, and the channel that it came by; None for nobody. Never raises.

        An answer that is no offer of the question's is none. With `begun` a function was asked.
        """
        tried: list[Channel] = []
        while (channel := self._next(tried)) is not None:
            try:
                if begun is not None:
                    answer = await awaited(begun.said)
                else:
                    answer, channel = await self._ask(channel, question)
                return checked(channel, question, answer), channel
            except ChannelGone:
                tried.append(channel)
                continue
            except Exception as error:
                self.faults.note()
                channel.failed(error)
                return None, channel
        return None, None

    async def _ask(self, first: Channel, question: Question) -> tuple[Answer | None, Channel]:
        """Raises ChannelGone when nobody is there any more, and what the channel raises."""
        here = self._here(first)
        if here is None:
            return await first.ask(question), first
        from nono.supervisor.asking.both import ask_both

        return await ask_both(first, here, question)

    def _here(self, first: Channel) -> Channel | None:
        """Whoever sits before the program, where somebody else is asked first."""
        if not first.is_elsewhere:
            return None
        return next((e for e in self.channels if e.terminal is not None and e.is_attached), None)

    def _next(self, tried: Sequence[Channel]) -> Channel | None:
        return next(
            (each for each in self.channels if each not in tried and each.is_attached), None
        )


def checked(channel: Channel, question: Question, answer: Answer | None) -> Answer | None:
    """The answer, if it is an offer of the question's. Raises as `chosen`."""
    return None if answer is None or chosen(channel, question, answer) is None else answer


def chosen(channel: Channel, question: Question, answer: object) -> Offer | None:
    """The offer that was answered. Raises TypeError for what is no answer, and ValueError for
    another id where a function answers: people may be late, a function is wrong."""
    from nono.broker.asking.question import Answer, offered

    if not isinstance(answer, Answer):
        raise TypeError(f"`ask` returns an Answer or None, and not {type(answer).__name__}")
    found = offered(question, answer.offer)
    if found is None and not channel.is_person:
        raise ValueError(f"`ask` has answered {answer.offer!r}, which is the id of no offer")
    return found
