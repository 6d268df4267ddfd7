"""Serves the control socket: bounded clients, lines and queues; nobody is waited for.

A client that does not read what it is sent is left, and one that does not say hello in time.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import termios
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import trio

from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.conversation import (
    Action,
    Chosen,
    Close,
    Control,
    Perform,
    Run,
    Send,
    Unanswered,
)
from nono.broker.asking.control.lines import Lines, TooLongError
from nono.broker.asking.question import Answer, Question
from nono.broker.errors import NonoError
from nono.supervisor.faults import Faults

MAX_CLIENTS = 16
_MAX_QUEUED = 4 << 20
"""Bytes for a client that it has not read yet."""
_HELLO_SECONDS = 10
_AGAIN_SECONDS = 0.1
WATCH = "nono watch"
"""What the command calls itself."""
_STUCK_SECONDS = 3.0
_STILL_THERE = json_rpc.notification("waiting", {})
_CHUNK = 1 << 16


class Peers(Protocol):
    """What can be known of the process at the other end of a connection. From any thread."""

    def words(self, sock: socket.socket) -> str:
        """Which it is, for people."""

    def is_stopped(self, sock: socket.socket) -> bool:
        """Whether it is stopped, as by Control-Z."""


@dataclass(slots=True)
class _Connection:
    sock: socket.socket
    stream: trio.SocketStream
    scope: trio.CancelScope
    nursery: trio.Nursery
    queue: deque[bytes] = field(default_factory=deque)
    queued: int = 0
    wake: trio.Event = field(default_factory=trio.Event)
    closing: bool = False
    unread_since: float | None = None
    is_stuck: bool = False
    """It should read all the time, and has not for some seconds: its terminal takes no more."""

    def look(self, now: float) -> None:
        """Whether all that was sent is read by now."""
        if not _unread(self.sock):
            self.unread_since, self.is_stuck = None, False
        elif self.unread_since is None:
            self.unread_since = now
        else:
            self.is_stuck = now - self.unread_since > _STUCK_SECONDS

    def close_after_all(self) -> None:
        """Once what was said last is sent: `printf ... | socat` is read to its end."""
        self.closing = True
        self.wake.set()


def _unread(sock: socket.socket) -> bool:
    """Whether the other end has still to read something: unix(7), SIOCOUTQ."""
    try:
        return fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)) != bytes(4)
    except OSError:
        return False


class _Waiting:
    """A question on its way; `answer` is None as long as nobody decided."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.over = trio.Event()


class Server:
    """One for a run. All of it in trio's thread; `ask` may be called before `serve` runs."""

    def __init__(
        self,
        run: Run,
        is_trusted: Callable[[socket.socket], bool],
        faults: Faults,
        peers: Peers | None = None,
    ) -> None:
        """Without `peers` nothing is known of who connects."""
        self._control = Control(run)
        self._faults = faults
        self._is_trusted = is_trusted
        self._peers = peers
        self._connections: dict[int, _Connection] = {}
        self._waiting: dict[int, _Waiting] = {}
        self._numbers = 0
        self._attached = trio.Event()
        self._one_at_a_time = trio.Lock()

    @property
    def has_answerers(self) -> bool:
        """True when a client is there that answers, and is not stopped, nor stuck. From any
        thread."""
        return any(not self._is_stopped(number) for number in self._control.answering)

    def look(self) -> None:
        """Find out whether `nono watch` still goes on, which reads while it asks: others may not.

        One whose terminal takes no more (a window that hangs, Control-S) reads nothing either.
        """
        now = trio.current_time()
        for number in self._control.answering:
            connection = self._connections.get(number)
            if connection is not None and self._control.name_of(number) == WATCH:
                connection.look(now)
                if connection.unread_since is None:
                    self._queue(connection, _STILL_THERE)

    def _is_stopped(self, number: int) -> bool:
        connection = self._connections.get(number)
        if connection is None:
            return False
        is_stopped = self._peers is not None and self._peers.is_stopped(connection.sock)
        return is_stopped or connection.is_stuck

    def who_answers(self) -> str:
        """The clients that do, for people; empty for none."""
        found = [self._who(number) for number in self._control.answering]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return found[0] + more if found else ""

    def _who(self, number: int) -> str:
        name, connection = self._control.name_of(number), self._connections.get(number)
        if connection is None or self._peers is None:
            return name
        return f"{name} ({self._peers.words(connection.sock)})"

    async def somebody_attached(self) -> None:
        """Wait until a client is there that answers."""
        while not self.has_answerers:
            await self._attached.wait()

    async def ask(self, question: Question, *, patient: bool = False) -> Answer | None:
        """A channel: whoever of the clients answers first; None when nobody does.

        Where no client answers, that is so at once, unless `patient`: somebody will come, and
        whoever cancels this knows until when.
        """
        if not patient and not self.has_answerers:
            return None
        waiting = self._waiting[question.id] = _Waiting()
        try:
            self._do(self._control.ask(question))
            while not waiting.over.is_set():
                await waiting.over.wait()
                if patient and waiting.answer is None and not self.has_answerers:
                    waiting.over = trio.Event()
            return waiting.answer
        finally:
            del self._waiting[question.id]
            self._do(self._control.withdraw(question.id))

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """Tell every client of something that happened."""
        self._do(self._control.tell(method, params))

    async def serve(self, listener: socket.socket) -> None:
        """Take clients until cancelled."""
        listener.setblocking(False)
        async with trio.open_nursery() as nursery:
            while True:
                await trio.lowlevel.wait_readable(listener)
                try:
                    accepted, _ = listener.accept()
                except OSError:  # it has left again, or there is no descriptor left for it
                    await trio.sleep(_AGAIN_SECONDS)
                    continue
                if len(self._connections) < MAX_CLIENTS and self._is_trusted(accepted):
                    nursery.start_soon(self._attend, accepted)
                else:
                    accepted.close()

    async def admit(self, sock: socket.socket) -> None:
        """Serve a client that we connected to, if it may be one, until it leaves."""
        if self._is_trusted(sock):
            await self._attend(sock)
        else:
            sock.close()

    async def _attend(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        self._numbers += 1
        number = self._numbers
        with trio.CancelScope() as scope:
            try:
                async with trio.open_nursery() as nursery:
                    connection = _Connection(sock, stream, scope, nursery)
                    self._connections[number] = connection
                    self._control.connected(number)
                    nursery.start_soon(self._write, connection)
                    nursery.start_soon(self._expect_hello, number, connection)
                    await self._read(number, connection)
                    nursery.cancel_scope.cancel()
            except Exception:
                self._faults.note()
            finally:
                self._connections.pop(number, None)
                self._do(self._control.gone(number))
                sock.close()

    async def _expect_hello(self, number: int, connection: _Connection) -> None:
        await trio.sleep(_HELLO_SECONDS)
        if not self._control.has_greeted(number):
            connection.scope.cancel()

    async def _read(self, number: int, connection: _Connection) -> None:
        lines = Lines()
        with contextlib.suppress(trio.BrokenResourceError):
            while not connection.closing:
                data = await connection.stream.receive_some(_CHUNK)
                if not data:
                    connection.close_after_all()
                    break
                try:
                    for line in lines.feed(data):
                        self._do(self._control.received(number, line))
                except TooLongError:
                    self._do(self._control.too_long(number))
            await trio.sleep_forever()  # `_write` ends it

    async def _write(self, connection: _Connection) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            while True:
                while connection.queue:
                    line = connection.queue.popleft()
                    connection.queued -= len(line)
                    await connection.stream.send_all(line)
                if connection.closing:
                    break
                connection.wake = trio.Event()
                await connection.wake.wait()
        connection.scope.cancel()

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Send(client, line) if client in self._connections:
                    self._queue(self._connections[client], line)
                case Close(client) if client in self._connections:
                    self._connections[client].close_after_all()
                case Chosen(id, answer) if id in self._waiting:
                    self._waiting[id].answer = answer
                    self._waiting[id].over.set()
                case Unanswered(id) if id in self._waiting:
                    self._waiting[id].over.set()
                case Perform(client) if client in self._connections:
                    self._connections[client].nursery.start_soon(self._perform, action)
        if self.has_answerers:
            self._attached.set()
            self._attached = trio.Event()

    async def _perform(self, action: Perform) -> None:
        """One after the other, beside this thread: a tree that is looked through takes a while."""
        outcome: dict[str, Any] | NonoError
        try:
            # What was granted is told of, also where whoever wanted it has left.
            with trio.CancelScope(shield=True):
                async with self._one_at_a_time:
                    made = await trio.to_thread.run_sync(action.work.perform)
                    outcome = action.work.finish(made)
        except NonoError as error:
            outcome = error
        except Exception:
            self._faults.note()
            outcome = NonoError("it failed: a bug in nono")
        self._do(self._control.performed(action, outcome))

    def _queue(self, connection: _Connection, line: bytes) -> None:
        if connection.queued + len(line) > _MAX_QUEUED:
            connection.scope.cancel()
            return
        connection.queue.append(line)
        connection.queued += len(line)
        connection.wake.set()
