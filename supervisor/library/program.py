"""One program of an open sandbox: its streams, its signals and its end.

The coroutines belong to trio's thread; what is no coroutine may be called from any.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import trio

from nono.broker.errors import NonoError
from nono.broker.limits import Reached
from nono.supervisor.descriptors import not_executed
from nono.supervisor.errors import CommandError, UsageError
from nono.supervisor.in_forks import forget, keep_from_forks
from nono.supervisor.library.collecting import CHUNK, receive, waiting
from nono.supervisor.library.pipes import set_size
from nono.supervisor.library.words import speak_python

if TYPE_CHECKING:
    from nono.supervisor.decisions.decide import Decisions
    from nono.supervisor.decisions.denials import Denial
    from nono.supervisor.library.pipes import Pipes

    if sys.platform == "darwin":
        from nono.supervisor.macos.launch.running import Session
    else:
        from nono.supervisor.linux.launch.running import Session

_SETTLE_SECONDS = 1.0
"""How long a terminal that is stopped may hold up the end of what was killed."""


class Program:
    """Made by `Engine.start`. Its processes live until it is killed or the sandbox is closed."""

    def __init__(
        self,
        session: Session,
        argv: tuple[str, ...],
        pipes: Pipes,
        decisions: Decisions,
        timeout: float | None = None,
    ) -> None:
        """It may take `timeout` seconds, if that is said."""
        self.argv = argv
        self.pid = session.child_pid
        self.returncode: int | None = None
        self.error: NonoError | None = None
        """Why it has no status: it was never executed, or the sandbox broke."""
        self.duration = math.nan
        """Seconds from the start to its end."""
        self.dropped: tuple[str, ...] = ()
        """Variables that it was to have, and that the plan keeps from it."""
        self.session = session
        self.timeout = timeout
        self._is_timed_out = False
        self._decisions = decisions
        self._mark: int = getattr(session, "init_pid", 0)
        self._started = time.monotonic()
        self.exited = trio.Event()
        """The program has ended; what it left running may go on."""
        self.ended = trio.Event()
        """No process of it is left."""
        self._lock = threading.Lock()
        self._is_over = False
        self._is_killed = False
        self._refused: list[Denial] | None = None
        self._printed = pipes.printed
        self.has_terminal = pipes.terminal >= 0
        self.streams = {name: trio.lowlevel.FdStream(fd) for name, fd in pipes.ours.items()}
        self._unread: dict[str, bytes] = {}
        keep_from_forks(self, self._ends)

    async def serve(self) -> None:
        """From the start to the end of its last process; when cancelled, all are killed."""
        try:
            if sys.platform == "darwin":  # where nothing lingers
                self._heard(await self.session.wait())
            else:
                await self.session.wait(on_exit=self._heard)
        except NonoError as error:
            self._note_failure(error)
        finally:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(self._close)
            if not self.exited.is_set():
                self._note_exit(signal.SIGKILL)
            self.ended.set()

    def _heard(self, status: int) -> None:
        """It has ended, or what was to become it."""
        try:
            self._note_exit(self.session.status)
        except NonoError as error:
            self._note_failure(error)

    def _note_exit(self, status: int) -> None:
        self.returncode = os.waitstatus_to_exitcode(status)
        self.duration = time.monotonic() - self._started
        self.exited.set()

    def _note_failure(self, error: NonoError) -> None:
        if self._is_killed or self.exited.is_set():
            return  # by us, before or after its end
        self.error = not_executed(error) if isinstance(error, CommandError) else error
        speak_python(self.error)
        self.duration = time.monotonic() - self._started
        self.exited.set()

    def _close(self) -> None:
        with self._lock:
            self._is_over = True
            forget(self)
            self.session.close()
        self._printed.settle(_SETTLE_SECONDS)
        self._refused = self._decisions.denials.of(self._mark)
        self._decisions.denials.forget(self._mark)

    async def wait(self) -> int:
        """The status, once it has ended. Raises CommandError, BrokenError."""
        await self.exited.wait()
        await self._settle()
        if self.error is not None:
            raise self.error
        assert self.returncode is not None
        return self.returncode

    async def end_in_time(self) -> None:
        """Kill all of it where it is not done in its time."""
        if self.timeout is not None and not await self.wait_for(self.timeout):
            self._is_timed_out = True
            self.kill()

    def reached(self) -> list[Reached]:
        """The limits that it has reached so far, or the whole sandbox."""
        found: list[Reached] = []
        if sys.platform != "darwin":
            found = self.session.reached()
        if self._is_timed_out:
            assert self.timeout is not None
            found.append(self.out_of_time(self.timeout))
        return found

    def out_of_time(self, seconds: float) -> Reached:
        """That its time was up, which is ours to know."""
        return Reached("timeout", seconds, os.path.basename(self.argv[0]), is_ended=True)

    async def wait_for(self, seconds: float | None) -> bool:
        """Whether it ends within so many seconds; None waits for ever."""
        with trio.move_on_after(math.inf if seconds is None else max(0, seconds)):
            await self.exited.wait()
            await self._settle()
        return self.exited.is_set()

    async def _settle(self) -> None:
        """Until what it has printed is on the person's terminal."""
        if self._printed:
            await trio.to_thread.run_sync(self._printed.settle, abandon_on_cancel=True)

    async def stop(self, grace: float) -> None:
        """Ask it to end (SIGTERM), and after so many seconds kill all of it. Not undone halfway."""
        try:
            if grace > 0:
                self.send_signal(signal.SIGTERM)
                await self.wait_for(grace)
        finally:
            self.kill()
            with trio.CancelScope(shield=True):
                await self.ended.wait()

    def send_signal(self, number: int) -> None:
        """To the program itself; nothing when it has ended."""
        with self._lock:
            if not self._is_over and self.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    if sys.platform == "darwin":
                        os.kill(self.pid, number)
                    else:
                        signal.pidfd_send_signal(self.session.child_pidfd, number)

    def kill(self) -> None:
        """The program and everything that it has started."""
        with self._lock:
            if not self._is_over:
                self._is_killed = True
                self.session.kill()

    def resize(self, rows: int, columns: int) -> None:
        """Of its terminal. Raises UsageError where it has none."""
        stream = self.streams.get("stdout")
        if not self.has_terminal or stream is None:
            raise UsageError("the program has no terminal", "start it with pty=True")
        with contextlib.suppress(OSError, ValueError):  # it was closed
            set_size(stream.fileno(), rows, columns)

    def refused(self) -> list[Denial]:
        """What its processes were refused so far, not explained."""
        if self._refused is not None:
            return self._refused
        return self._decisions.denials.of(self._mark)

    async def receive(self, name: str, size: int = CHUNK) -> bytes:
        """From `stdout` or `stderr`; empty at the end, or when it was closed."""
        if kept := self._unread.pop(name, b""):
            await trio.lowlevel.checkpoint()
            return kept
        try:
            return await receive(self.streams[name], size)
        except trio.ClosedResourceError:
            return b""

    def is_waiting(self, name: str) -> bool:
        """True when it has printed what nobody has received yet."""
        try:
            return name in self._unread or waiting(self.streams[name].fileno()) > 0
        except (OSError, ValueError):  # it was closed
            return False

    def unread(self, name: str, chunk: bytes) -> None:
        """What was received for somebody who has gone comes first again."""
        self._unread[name] = chunk + self._unread.get(name, b"")

    async def send(self, data: bytes) -> None:
        """To its stdin. Raises BrokenPipeError when nobody reads there, or it was closed."""
        try:
            await self.streams["stdin"].send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise BrokenPipeError(32, "the program reads no more") from error

    async def close_stream(self, name: str) -> None:
        """Ours; the program sees the end of its input, or that nobody reads what it prints."""
        if name == "stdin" and self.has_terminal:
            self._say_end()
        await self.streams[name].aclose()

    def _say_end(self) -> None:
        """On a terminal, which stays open for what is printed: its VEOF, see termios(3). Twice, as
        the first only ends a line that was begun. One that nobody reads from is not waited for."""
        terminal = self.streams["stdin"].fileno()
        with contextlib.suppress(OSError, ValueError, termios.error):  # it was closed
            end = termios.tcgetattr(terminal)[6][termios.VEOF]
            if end != b"\0":  # it has none
                os.write(terminal, end * 2)

    def _ends(self) -> Iterator[int]:
        yield self.session.control
        for stream in self.streams.values():
            yield stream.fileno()
