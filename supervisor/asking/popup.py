"""A popup of tmux's as the way to a person: tmux draws it over everything, the program included.

What runs in it is `nono watch`, which answers over the control socket. See display-popup in
tmux(1), which has it since 3.2.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping

from nono.broker import Policy
from nono.broker.asking.question import Answer, Question
from nono.broker.settings import flag
from nono.supervisor.asking.channel import Channel, ChannelGone, Run
from nono.supervisor.asking.commands import find_command
from nono.supervisor.asking.over_control import OverControl
from nono.supervisor.errors import UsageError

CHANNEL = "tmux popup"
_OLDEST = (3, 2)
_VERSION_SECONDS = 2.0
_MAX_VERSION = 100


def tmux_of(env: Mapping[str, str], policy: Policy) -> str | None:
    """The tmux that can show a popup to whoever started nono; None where there is none."""
    if not env.get("TMUX"):
        return None
    path = find_command("tmux", policy)
    return path if path is not None and _version(path) >= _OLDEST else None


def _version(tmux: str) -> tuple[int, ...]:
    """Of `tmux 3.3a` or `tmux next-3.4`; nothing where it does not tell."""
    try:
        done = subprocess.run([tmux, "-V"], capture_output=True, timeout=_VERSION_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(rb"(\d{1,4})\.(\d{1,4})", done.stdout[:_MAX_VERSION])
    return tuple(map(int, found.groups())) if found else ()


class Popup(OverControl):
    """One popup at a time: another question waits for it."""

    name = CHANNEL

    def __init__(self, tmux: str) -> None:
        import trio

        super().__init__()
        self._tmux = tmux
        self._free = trio.Lock()

    @property
    def is_attached(self) -> bool:
        return self.offered is not None and bool(self.offered.path)

    async def ask(self, question: Question) -> Answer | None:
        """None when the popup is closed without an answer. Raises ChannelGone where there is none:
        nobody is attached to tmux."""
        import trio

        if self.offered is None:
            raise ChannelGone
        server, socket = self.offered.server(), self.offered.path
        answer: Answer | None = None
        shown = False

        async def answered() -> None:
            nonlocal answer
            answer = await server.ask(question, patient=True)
            nursery.cancel_scope.cancel()

        async with self._free, trio.open_nursery() as nursery:
            nursery.start_soon(answered)
            command = self._command(socket, question)
            done = await trio.run_process(
                command, check=False, capture_stdout=True, capture_stderr=True
            )
            shown = done.returncode == 0
            nursery.cancel_scope.cancel()
        if answer is None and not shown:
            raise ChannelGone
        return answer

    def _command(self, socket: str, question: Question) -> list[str]:
        watch = [sys.executable, "-P", "-m", "nono.supervisor", "watch", socket]
        inside = shlex.join([*watch, "--once", str(question.id)])
        return [self._tmux, "display-popup", "-E", "-w", "90%", "-h", "80%", inside]


def open_popup(run: Run, value: str, is_named: bool) -> Channel | None:
    """None, or UsageError when it was named, where nono was not started in a tmux that has them."""
    tmux = tmux_of(os.environ, run.live.policy)
    if tmux is not None:
        return Popup(tmux)
    if is_named:
        raise UsageError(
            f"{flag('ask')}=tmux: there is no tmux here that has popups (3.2 or newer), or the"
            " program may change it",
            "start nono inside tmux",
        )
    return None
