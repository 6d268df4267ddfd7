"""The channel of this terminal: the program gets one of its own, and we ask on the person's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from nono.broker.settings import flag
from nono.supervisor.asking.channel import Channel, ChannelGone, Run
from nono.supervisor.asking.terminal.elsewhere import Told
from nono.supervisor.asking.terminal.inner import open_outer
from nono.supervisor.asking.terminal.own_terminal import OwnTerminal
from nono.supervisor.asking.terminal.turns import Asked
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory
from nono.supervisor.streams import Streams

if TYPE_CHECKING:
    from nono.broker.asking.question import Answer, Question
    from nono.broker.asking.terminal.keys import Choice

_ELSEWHERE_SECONDS = 1.0


class ThisTerminal(Channel):
    """Of one run, made before the program starts and used by one trio task per question."""

    name = "terminal"

    def __init__(self, terminal: OwnTerminal) -> None:
        self.terminal = self._own = terminal

    @property
    def is_attached(self) -> bool:
        """False once the terminal has hung up."""
        return not self._own.relay.is_gone

    def streams(self, streams: Streams) -> Streams:
        return self._own.streams(streams)

    def close(self) -> None:
        self._own.close()

    async def ask(self, question: Question) -> Answer | None:
        """Show it and wait for the key. None when what it is about is too long to be shown.

        Cancelled, it is taken off the screen. Raises ChannelGone when the terminal has hung up.
        """
        # What only a question needs is loaded only then.
        from nono.broker.asking.question import Answer
        from nono.broker.asking.terminal.block import is_too_long
        from nono.broker.asking.terminal.keys import refusal

        if is_too_long(question):
            return None
        choice = await self._choice(question)
        if choice is None and not self.is_attached:
            raise ChannelGone
        offer = choice.offer if choice is not None else refusal(question)
        return Answer(offer.id, self.name) if offer is not None else None

    async def wanted_here(self, question: Question, where: Callable[[], str]) -> None:
        """Nothing is said of what is answered at once."""
        import trio

        from nono.broker.asking.terminal.block import subject_words

        await trio.sleep(_ELSEWHERE_SECONDS)
        token = trio.lowlevel.current_trio_token()
        taken = trio.Event()

        def take() -> None:
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(taken.set)

        elsewhere = self._own.relay.elsewhere
        told = Told(where(), subject_words(question, home_directory(os.environ)), take)
        self._own.relay.post(lambda: elsewhere.add(told))
        try:
            await taken.wait()
        finally:
            self._own.relay.post(lambda: elsewhere.forget(told))

    async def _choice(self, question: Question) -> Choice | None:
        import trio

        token = trio.lowlevel.current_trio_token()
        decided = trio.Event()
        answers: list[Choice | None] = []

        def deliver(choice: Choice | None) -> None:
            answers.append(choice)
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(decided.set)

        relay = self._own.relay
        asked = Asked(question, deliver)
        relay.post(lambda: relay.ask(asked))
        try:
            await decided.wait()
        except trio.Cancelled:
            relay.post(lambda: relay.withdraw(asked))
            raise
        return answers[0]


def open_drawn(run: Run, value: str, is_named: bool) -> Channel | None:
    """`--ask=tty`: a block, or a list where NO_COLOR is set."""
    return _open(run, is_named, bool(os.environ.get("NO_COLOR")))


def open_plain(run: Run, value: str, is_named: bool) -> Channel | None:
    """`--ask=plain`: a list, for screen readers."""
    return _open(run, is_named, True)


def _open(run: Run, is_named: bool, is_plain: bool) -> Channel | None:
    """None, or UsageError where it was named, when none of our streams is our terminal."""
    outer = open_outer(Streams(), os.environ.get("TERM", ""))
    if outer is None:
        if is_named:
            ask = flag("ask")
            raise UsageError(
                f"{ask}: there is no terminal to ask on (su --pty and ssh -t make one), and"
                " `nono watch` in another can be asked",
                f"{ask}=watch",
            )
        return None
    return ThisTerminal(OwnTerminal(outer, run.name, is_plain))
