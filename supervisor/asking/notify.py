"""A notification on the desktop, which informs and cannot answer: the sandbox may reach the bus.

The answer comes from `nono watch`, which whoever reads it has time to start.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from nono.broker import Policy, visible
from nono.broker.asking.question import Answer, Question
from nono.supervisor.asking.commands import find_command

if TYPE_CHECKING:
    from nono.supervisor.asking.server import Server

SECONDS = 300.0
"""How long to wait for somebody to come and answer."""
_TELLING_SECONDS = 2.0
_MAX_TEXT = 300


def notifier_of(policy: Policy) -> str | None:
    """notify-send(1), where there is one that the program inside cannot have written."""
    return find_command("notify-send", policy)


class Notify:
    """A channel."""

    def __init__(self, notifier: str, server: Server, run: str) -> None:
        self._notifier = notifier
        self._server = server
        self._run = run

    async def ask(self, question: Question) -> Answer | None:
        """None when nobody has come in time, and once the last that came has left."""
        import trio

        answer: Answer | None = None
        with trio.move_on_after(SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tell, question)
                answer = await self._server.ask(question, patient=True)
                nursery.cancel_scope.cancel()
        return answer

    async def _tell(self, question: Question) -> None:
        import trio

        with trio.move_on_after(_TELLING_SECONDS):
            words = command(self._notifier, question, self._run)
            await trio.run_process(words, check=False, capture_stdout=True, capture_stderr=True)


def command(notifier: str, question: Question, run: str) -> list[str]:
    """What tells of a question. The text is read as markup by the desktop: notify-send(1)."""
    exe = question.program.process.exe.rpartition("/")[2]
    said = visible(f"{exe} wants to {question.wants} {question.subject.value}", _MAX_TEXT)
    body = f"{html.escape(said)}\nnono watch {run}"
    return [notifier, "--app-name=nono", "--", "nono asks", body]
