"""The relay between an editor and the agent in the sandbox, which asks in the agent's place.

Three threads move bytes, from the program's start on and with plain blocking calls: an editor's
pipes are not to be changed for whoever else holds them. trio's thread never waits for any of them.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from nono.broker.asking.acp.conversation import CHANNEL, Relay, Relayed
from nono.broker.asking.question import Answer, Question
from nono.supervisor.asking.channel import Channel, ChannelGone, Run
from nono.supervisor.faults import Faults
from nono.supervisor.streams import Streams

_CHUNK = 1 << 16
_MAX_OUTBOX = 1 << 20
"""Bytes for the editor that it has not read; then the agent waits."""
_END_SECONDS = 5.0


class _Asked:
    """A question on its way, for trio's thread to wait for."""

    def __init__(self) -> None:
        import trio

        self.answer: Answer | None = None
        self.over = trio.Event()
        self._token = trio.lowlevel.current_trio_token()

    def settle(self, answer: Answer | None) -> None:
        """From any thread."""

        def set_here() -> None:
            self.answer = answer
            self.over.set()

        import trio

        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(set_here)


class Acp(Channel):
    """One for a run."""

    name = CHANNEL

    def __init__(self) -> None:
        self._editor = Streams()
        self._theirs: tuple[int, ...] = ()
        self._to_agent = self._from_agent = -1
        self._faults = Faults()
        self._relay = Relay(secrets.token_hex(16))
        self._outbox = bytearray()
        self._agents_pipe = threading.Lock()
        self._changed = threading.Condition()
        self._over = False
        self._is_read = True
        self._asked: dict[int, _Asked] = {}
        self._threads: list[threading.Thread] = []

    @property
    def is_attached(self) -> bool:
        return self._relay.has_session and not self._over

    def streams(self, streams: Streams) -> Streams:
        """Pipes, whatever ours are: the other ends of theirs are here."""
        self._editor = streams
        theirs_in, self._to_agent = os.pipe()
        self._from_agent, theirs_out = os.pipe()
        self._theirs = theirs_in, theirs_out
        return replace(streams, stdin=theirs_in, stdout=theirs_out, closed=())

    def started(self, pid: int) -> None:
        """The program has its streams: from now on they are relayed."""
        self._close_theirs()
        for each in (self._read_editor, self._read_agent, self._write_editor):
            thread = threading.Thread(target=partial(self._run, each), name="nono-acp", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """What the program said last is passed on, as far as the editor reads it."""
        if not self._threads:
            self._close_theirs()
            for fd in {self._to_agent, self._from_agent} - {-1}:
                os.close(fd)
        for thread in self._threads[1:]:
            thread.join(_END_SECONDS)

    async def ask(self, question: Question) -> Answer | None:
        """None when the editor says no. Raises ChannelGone where no session has begun."""
        asked = _Asked()
        with self._changed:
            out = None if self._over else self._relay.ask(question)
            if out is None:
                raise ChannelGone
            self._asked[question.id] = asked
            self._take(out)
        try:
            await asked.over.wait()
            return asked.answer
        finally:
            with self._changed:
                self._asked.pop(question.id, None)
                self._take(self._relay.withdraw(question.id))

    def _take(self, out: Relayed) -> None:
        """With the lock held."""
        if self._is_read:
            self._outbox += out.to_editor
        for id, answer in out.settled:
            asked = self._asked.pop(id, None)
            if asked is not None:
                asked.settle(answer)
        self._changed.notify_all()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            self._faults.note()
            self._end()

    def _read_editor(self) -> None:
        try:
            while data := _read(self._editor.stdin):
                with self._changed:
                    out = self._relay.from_editor(data)
                    self._take(out)
                self._tell_agent(out)
            with self._changed:
                out = self._relay.editor_ended()
                self._take(out)
            self._tell_agent(out)
        except BrokenPipeError:
            pass  # the agent reads no more
        finally:
            with self._agents_pipe:
                os.close(self._to_agent)
                self._to_agent = -1

    def _tell_agent(self, out: Relayed) -> None:
        """Whole lines, of whichever thread. Raises OSError."""
        with self._agents_pipe:
            if self._to_agent >= 0:
                _write(self._to_agent, out.to_agent)

    def _read_agent(self) -> None:
        while self._is_read and (data := _read(self._from_agent)):
            with self._changed:
                out = self._relay.from_agent(data)
                self._take(out)
                while len(self._outbox) > _MAX_OUTBOX and not self._over:
                    self._changed.wait()
            with suppress(BrokenPipeError):
                self._tell_agent(out)
        with self._changed:
            self._take(self._relay.ended())
        self._end()
        os.close(self._from_agent)

    def _write_editor(self) -> None:
        while True:
            with self._changed:
                while not self._outbox and not self._over:
                    self._changed.wait()
                data, self._outbox = self._outbox, bytearray()
            if not data:
                return
            try:
                _write(self._editor.stdout, data)
            except OSError:
                self._is_read = False  # as the agent's own pipe would be closed
                self._end()
                return

    def _end(self) -> None:
        with self._changed:
            self._over = True
            self._take(self._relay.editor_ended())

    def _close_theirs(self) -> None:
        for fd in self._theirs:
            os.close(fd)
        self._theirs = ()


def open_acp(run: Run, value: str, is_named: bool) -> Channel:
    """An editor has started us, whether or not it will ever begin a session."""
    return Acp()


def _read(fd: int) -> bytes:
    """Nothing at the end, whatever kind of end it is."""
    try:
        return os.read(fd, _CHUNK)
    except OSError:
        return b""


def _write(fd: int, data: bytearray) -> None:
    """All of it. Raises OSError."""
    left = memoryview(bytes(data))
    while left:
        left = left[os.write(fd, left) :]
