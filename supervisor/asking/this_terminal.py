"""The channel of this terminal: the program gets one of its own, and we ask on the person's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping

from nono.broker.asking.block import is_too_long
from nono.broker.asking.keys import Choice, refusal
from nono.broker.asking.question import Answer, Question
from nono.supervisor.asking.inner import Inner, open_outer
from nono.supervisor.asking.relay import Asked, Relay
from nono.supervisor.streams import Streams

NAME = "terminal"
_LEAVE_SECONDS = 2.0


class ThisTerminal:
    """Of one run, made before the program starts and used by one trio task per question."""

    name = NAME

    def __init__(self, relay: Relay, inner: Inner, outer_fd: int) -> None:
        self._relay, self._inner, self._outer_fd = relay, inner, outer_fd

    def streams(self, streams: Streams) -> Streams:
        """What the program gets: a terminal of its own where it had this one."""
        return self._inner.streams(streams)

    def start(self, interrupted: Callable[[], None]) -> None:
        """The program runs: carry what it prints and what is typed. Raises RuntimeError.

        `interrupted` is called for each Control-C that is a signal to the program.
        """
        self._relay.start(interrupted)

    @property
    def is_attached(self) -> bool:
        """False once the terminal has hung up."""
        return not self._relay.is_gone

    def resized(self) -> None:
        """SIGWINCH has come. From any thread."""
        self._relay.post(self._relay.resized)

    def leave(self) -> None:
        """Before this process stops: the terminal is as it was before the run."""
        self._relay.wait_for(self._relay.leave, _LEAVE_SECONDS)

    def come_back(self) -> None:
        """After this process was continued. From any thread."""
        self._relay.post(self._relay.come_back)

    def close(self) -> None:
        """No process of the program is left: what it has printed is shown first."""
        self._relay.post(self._relay.finish)
        if self._relay.join(_LEAVE_SECONDS):
            os.close(self._outer_fd)
        self._inner.hang_up()
        os.close(self._inner.slave)

    async def ask(self, question: Question) -> Answer | None:
        """Show it and wait for the key. None when it cannot be shown, or was refused by no offer.

        Cancelled, it is taken off the screen.
        """
        if is_too_long(question) or not self.is_attached:
            return None
        choice = await self._choice(question)
        offer = choice.offer if choice is not None else refusal(question)
        return Answer(offer.id, self.name) if offer is not None else None

    async def _choice(self, question: Question) -> Choice | None:
        import trio

        token = trio.lowlevel.current_trio_token()
        decided = trio.Event()
        answers: list[Choice | None] = []

        def deliver(choice: Choice | None) -> None:
            answers.append(choice)
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(decided.set)

        asked = Asked(question, deliver)
        self._relay.post(lambda: self._relay.ask(asked))
        try:
            await decided.wait()
        except trio.Cancelled:
            self._relay.post(lambda: self._relay.withdraw(asked))
            raise
        return answers[0]


def this_terminal(
    streams: Streams,
    environment: Mapping[str, str],
    run: str,
    is_plain: bool = False,
) -> ThisTerminal | None:
    """The channel, if one of the streams is the controlling terminal; else None.

    `is_plain` asks by a numbered list; so does NO_COLOR.
    """
    outer = open_outer(streams, environment.get("TERM", ""))
    if outer is None:
        return None
    inner = Inner(outer.fd)
    is_plain = is_plain or bool(environment.get("NO_COLOR"))
    relay = Relay(outer, inner, run, is_plain)
    return ThisTerminal(relay, inner, outer.fd)
