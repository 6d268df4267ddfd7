"""A notification on the desktop, which informs and cannot answer: the sandbox may reach the bus.

The answer comes from `nono watch`, which whoever reads it has time to start.
"""

from __future__ import annotations

import html

from nono.broker import visible
from nono.broker.asking.question import Answer, Question
from nono.broker.settings import flag
from nono.supervisor.asking.channel import Channel, ChannelGone, Run
from nono.supervisor.asking.control.commands import find_command
from nono.supervisor.asking.control.over_control import OverControl
from nono.supervisor.errors import UsageError

CHANNEL = "notification"
SECONDS = 300.0
"""How long to wait for somebody to come and answer."""
_TELLING_SECONDS = 2.0
_MAX_TEXT = 300


class Notify(OverControl):
    """Tells, and waits for who answers over the control socket."""

    name = CHANNEL

    def __init__(self, notifier: str, run: str) -> None:
        super().__init__()
        self._notifier = notifier
        self._run = run

    @property
    def is_attached(self) -> bool:
        return self.offered is not None and bool(self.offered.path)

    async def ask(self, question: Question) -> Answer | None:
        """None when nobody has come in time."""
        import trio

        if self.offered is None:
            raise ChannelGone
        answer: Answer | None = None
        with trio.move_on_after(SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tell, question)
                answer = await self.offered.server().ask(question, patient=True)
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


def open_notify(run: Run, value: str, is_named: bool) -> Channel:
    """Raises UsageError where there is no notify-send that the program cannot have written."""
    notifier = find_command("notify-send", run.live.policy)
    if notifier is None:
        raise UsageError(
            f"{flag('ask')}=notify: there is no notify-send, or the program may change it",
            "apt-get install libnotify-bin",
        )
    return Notify(notifier, run.name)
