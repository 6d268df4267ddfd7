"""A question that is asked somewhere else, and here as well once the person here wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from nono.supervisor.asking.channel import Channel, ChannelGone

if TYPE_CHECKING:
    from nono.broker.asking.question import Answer, Question


@dataclass(slots=True)
class _Asked:
    """What has come of it so far. `open` are the channels that have it."""

    open: list[Channel]
    scope: trio.CancelScope
    found: list[tuple[Answer | None, Channel]] = field(default_factory=list)
    error: Exception | None = None

    def decided(self, answer: Answer | None, channel: Channel) -> None:
        self.found.append((answer, channel))
        self.scope.cancel()

    def left(self, channel: Channel) -> None:
        """Nobody is there any more: the other may still have it."""
        self.open.remove(channel)
        if not self.open:
            self.scope.cancel()


async def ask_both(
    there: Channel, here: Channel, question: Question
) -> tuple[Answer | None, Channel]:
    """The first answer, and the channel that it came by.

    Raises ChannelGone when nobody is at any that has the question, and what a channel raises.
    """
    with trio.CancelScope() as scope:
        asked = _Asked([there], scope)

        async def ask(channel: Channel) -> None:
            try:
                asked.decided(await channel.ask(question), channel)
            except ChannelGone:
                asked.left(channel)
            except Exception as error:
                asked.error = error
                scope.cancel()

        async def ask_here() -> None:
            await here.wanted_here(question, lambda: there.where)
            asked.open.append(here)
            await ask(here)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, there)
            nursery.start_soon(ask_here)
    if asked.found:
        return asked.found[0]
    raise asked.error or ChannelGone
