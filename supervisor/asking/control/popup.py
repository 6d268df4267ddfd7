"""A popup of tmux's as the way to a person: tmux draws it over everything, the program included.

What runs in it is `nono watch`, which answers over the control socket. See display-popup and
allow-passthrough in tmux(1): where that is on, and in versions before 3.3, which have no such
option, the program writes to the terminal past tmux, over the popup as well.
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
from nono.supervisor.asking.control.commands import find_command
from nono.supervisor.asking.control.over_control import OverControl
from nono.supervisor.errors import UsageError

CHANNEL = "tmux popup"
_OLDEST = (3, 3)
_VERSION_SECONDS = 2.0
_MAX_SAID = 100
_REPLACES_SECONDS = 10.0
"""So long a key may still be meant for a popup that was withdrawn."""


def tmux_of(env: Mapping[str, str], policy: Policy) -> str | None:
    """The tmux that can show a popup to whoever started nono, and over which no program draws; None
    where there is none."""
    if not env.get("TMUX"):
        return None
    path = find_command("tmux", policy)
    if path is None or _version(path) < _OLDEST or _passes(path, env.get("TMUX_PANE", "")):
        return None
    return path


def _version(tmux: str) -> tuple[int, ...]:
    """Of `tmux 3.3a` or `tmux next-3.4`; nothing where it does not tell."""
    found = re.search(rb"(\d{1,4})\.(\d{1,4})", _said(tmux, "-V")[1])
    return tuple(map(int, found.groups())) if found else ()


def _passes(tmux: str, pane: str) -> bool:
    """True unless passing through is off, for every pane and for ours, or not known to tmux."""
    of_ours = ["-pAqv", *(("-t", pane) if pane else ())]
    for scope in (["-gqv"], of_ours):
        status, said = _said(tmux, "show-options", *scope, "allow-passthrough")
        if status != 0 or said.strip() not in (b"off", b""):
            return True
    return False


def _said(tmux: str, *words: str) -> tuple[int, bytes]:
    """The exit status and the beginning of what was printed; -1 where it did not come to that."""
    try:
        done = subprocess.run([tmux, *words], capture_output=True, timeout=_VERSION_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return -1, b""
    return done.returncode, done.stdout[:_MAX_SAID]


class Popup(OverControl):
    """One popup at a time: another question waits for it."""

    name = CHANNEL
    is_elsewhere = False

    def __init__(self, tmux: str) -> None:
        import trio

        super().__init__()
        self._tmux = tmux
        self._free = trio.Lock()
        self._replaces_until = float("-inf")

    @property
    def is_attached(self) -> bool:
        return self.offered is not None and bool(self.offered.path)

    async def ask(self, question: Question) -> Answer | None:
        """Raises ChannelGone when the popup is closed without an answer, and where there is none:
        nobody is attached to tmux, or the program could draw over it by now."""
        import trio

        if self.offered is None:
            raise ChannelGone
        if await trio.to_thread.run_sync(_passes, self._tmux, os.environ.get("TMUX_PANE", "")):
            raise ChannelGone
        server, socket = self.offered.server(), self.offered.path
        answer: Answer | None = None

        async def answered() -> None:
            nonlocal answer
            answer = await server.ask(question, patient=True)
            nursery.cancel_scope.cancel()

        async with self._free:
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(answered)
                    command = self._command(socket, question)
                    await trio.run_process(
                        command, check=False, capture_stdout=True, capture_stderr=True
                    )
                    nursery.cancel_scope.cancel()
            except trio.Cancelled:  # withdrawn: keys that are meant for it are still to come
                self._replaces_until = trio.current_time() + _REPLACES_SECONDS
                raise
        if answer is None:
            raise ChannelGone
        return answer

    def _command(self, socket: str, question: Question) -> list[str]:
        import trio

        watch = [sys.executable, "-P", "-m", "nono.supervisor", "watch", socket]
        new = ["--new"] if trio.current_time() < self._replaces_until else []
        inside = shlex.join([*watch, "--once", str(question.id), *new])
        return [self._tmux, "display-popup", "-E", "-w", "90%", "-h", "80%", inside]


def open_popup(run: Run, value: str, is_named: bool) -> Channel | None:
    """None, or UsageError when it was named, where nono was not started in a tmux that has them."""
    tmux = tmux_of(os.environ, run.live.policy)
    if tmux is not None:
        return Popup(tmux)
    if is_named:
        raise UsageError(
            f"{flag('ask')}=tmux: there is no tmux here that has popups over which no program draws"
            " (3.3 or newer, with allow-passthrough off), or the program may change it",
            "start nono inside tmux",
        )
    return None
