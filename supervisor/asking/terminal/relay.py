"""The thread between the program's terminal and the person's: it carries, and it asks.

While a question is shown nothing is read of what the program prints: that fills its terminal's
buffer, and who prints more waits. Everything here belongs to this thread but `post`, which takes
what others want done. It never takes a signal, and touches the person's terminal only in the
foreground: signals(7), tty_ioctl(4).
"""

from __future__ import annotations

import collections
import contextlib
import os
import select
import signal
import termios
import threading
import time
from collections.abc import Callable

from nono.broker.asking.terminal.gate import (
    SILENT_SECONDS,
    Chosen,
    Outcome,
    Passed,
    Shown,
    Stop,
    Unknown,
)
from nono.broker.asking.terminal.keyboard import PASTE, PASTE_END, Keyboard
from nono.supervisor.asking.terminal.elsewhere import Elsewhere
from nono.supervisor.asking.terminal.inner import Inner
from nono.supervisor.asking.terminal.outer import Outer
from nono.supervisor.asking.terminal.output import Output
from nono.supervisor.asking.terminal.turns import BOUNDARY_SECONDS, NEVER, Asked, Turns

_BACKGROUND_SECONDS = 0.2
_DUE_SECONDS = 0.05
_INTERRUPT = b"\x03"


class Relay:
    """Of one run."""

    def __init__(
        self,
        outer: Outer,
        inner: Inner,
        run: str,
        is_plain: bool,
    ) -> None:
        self._outer, self._inner = outer, inner
        self._interrupted: Callable[[], None] = lambda: None
        self._output = Output(outer, inner, self._read_meanwhile)
        self._turns = Turns(outer, inner, self._output, run, is_plain)
        self.elsewhere = Elsewhere(outer, inner, self._output)
        """Questions that other channels ask. To be used in what is posted."""
        self._keyboard = Keyboard()
        self._last_key = 0.0
        self._drops_paste = False
        self._is_left = False
        self._is_gone = False
        self._is_over = False
        self._posted: collections.deque[Callable[[], None]] = collections.deque()
        self._woken, self._wake = os.pipe()
        for each in (self._woken, self._wake):
            os.set_blocking(each, False)
        self._polled: tuple[int, bool, bool] | None = None
        self._polling = select.poll()
        self._thread = threading.Thread(target=self._run_thread, name="nono-terminal", daemon=True)

    def start(self, interrupted: Callable[[], None]) -> None:
        """`interrupted` is called for each Control-C that is a signal to the program.

        Raises RuntimeError when there can be no thread.
        """
        self._interrupted = interrupted
        self._thread.start()

    def post(self, command: Callable[[], None]) -> None:
        """Have this done by the thread, soon. May be called from any thread; never blocks."""
        self._posted.append(command)
        with contextlib.suppress(OSError):  # full: it will look anyway
            os.write(self._wake, b"\0")

    def wait_for(self, command: Callable[[], None], seconds: float) -> None:
        """As `post`, and wait until it is done, so long at the most."""
        done = threading.Event()

        def perform() -> None:
            command()
            done.set()

        self.post(perform)
        if self._thread.is_alive():
            done.wait(seconds)

    def join(self, seconds: float) -> bool:
        """Wait for the end of the thread, if there was one; False if it has not come by then.

        The pipe that wakes it stays open: signals may still be posted until nono ends.
        """
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def is_gone(self) -> bool:
        """True once the person's terminal has hung up."""
        return self._is_gone

    def _run_thread(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._outer.attach()
            while not self._is_over:
                self._turn()
        finally:
            self._end()

    def _end(self) -> None:
        self._is_gone = True
        with contextlib.suppress(OSError):
            self._turns.close()
            self._outer.detach()
        if not self._is_over:  # by an error of ours: nobody would carry what is printed
            self._inner.hang_up()
        self._turns.drop()
        self._work()

    def _turn(self) -> None:
        """One look at everything that may have something to do."""
        ready = dict(self._only_carry() if self._is_at_rest else self._ready())
        if self._inner.master in ready:
            if self._inner.is_full:
                self._inner.flush()
            if self._turns.prompt is None:
                self._output.carry()
        if self._woken in ready:
            self._work()
        if self._is_over:
            return
        if self._outer.fd in ready:
            self._read_keys(ready[self._outer.fd])
        if not self._is_at_rest:
            self._tick(time.monotonic())

    def _ready(self) -> list[tuple[int, int]]:
        left = self._wakes_at()
        if left != NEVER:
            left = max(0.0, left - time.monotonic()) * 1000
        return self._poll().poll(None if left == NEVER else left)

    def _only_carry(self) -> list[tuple[int, int]]:
        """Nothing but that, with as little in between as can be, until something else is ready."""
        poll, master, carry = self._poll().poll, self._inner.master, self._output.carry
        while True:
            ready = poll()
            if len(ready) != 1 or ready[0][0] != master or not carry():
                return ready

    @property
    def _is_at_rest(self) -> bool:
        """True while there is nothing to do but to carry: no question, and no time to wait for."""
        at_rest = self._outer.is_attached and self._turns.is_empty and not self.elsewhere.is_due
        return at_rest and not self._inner.is_full and not self._is_gone

    def _poll(self) -> select.poll:
        """What is waited for: made anew only when it is something else than before."""
        is_read = self._turns.prompt is None and not self._is_gone
        room = select.POLLOUT if self._inner.is_full and not self._is_gone else 0
        keys = self._outer.is_attached and not self._is_gone and (not room or not is_read)
        wanted = (select.POLLIN if is_read else 0) | room, keys, self._is_gone
        if wanted != self._polled:
            self._polled, self._polling = wanted, select.poll()
            self._polling.register(self._woken, select.POLLIN)
            if wanted[0]:
                self._polling.register(self._inner.master, wanted[0])
            if not self._is_gone:  # whoever has the terminal: poll(2) tells always that it hung up
                self._polling.register(self._outer.fd, select.POLLIN if keys else 0)
        return self._polling

    def _wakes_at(self) -> float:
        if self._is_at_rest or self._is_gone or self._is_left:
            return NEVER
        if self._outer.is_attached:
            due = time.monotonic() + _DUE_SECONDS if self.elsewhere.is_due else NEVER
            return min(due, self._turns.wakes_at())
        return time.monotonic() + _BACKGROUND_SECONDS

    def _work(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        while self._posted:
            self._posted.popleft()()

    # What the person types.

    def _read_meanwhile(self) -> None:
        """While the person's terminal takes nothing: a signal for a program that prints on."""
        if self._turns.prompt is None and not self._is_gone and self._outer.is_attached:
            events = self._outer.waiting()
            if events and not self._inner.is_full:
                self._read_keys(events)

    def _read_keys(self, events: int) -> None:
        if events & select.POLLHUP:
            self._hang_up()
            return
        if not self._outer.is_ours:
            self._leave()
            return
        data = self._outer.read()
        now = time.monotonic()
        prompt = self._turns.prompt
        lines = prompt is not None and prompt.has_lines
        if not data and not lines:
            self._hang_up()
            return
        if prompt is None:
            self._drops_paste = self._drops_paste and now < self._last_key + SILENT_SECONDS
            self._last_key = now
            self._type(self.elsewhere.take(self._without_paste(data)))
        elif lines:
            self._follow(prompt.line(data, now), now)
        else:
            self._follow(prompt.typed(self._keyboard.split(data), now), now)
            self._last_key = now

    def _without_paste(self, data: bytes) -> bytes:
        """The rest of a paste that has refused a question is nothing for the program.

        What comes after a pause is none: not every terminal says where such a paste ends.
        """
        if self._drops_paste:
            _, end, data = data.partition(PASTE_END)
            self._drops_paste = not end
        return data

    def _type(self, data: bytes) -> None:
        if _INTERRUPT in data and self._inner.is_signal(_INTERRUPT, termios.VINTR):
            self._interrupted()
        if self._inner.drops(data):
            self._outer.drop()
        if not self._output.modes.pastes_bracketed:  # only while asking
            data = data.replace(PASTE, b"").replace(PASTE_END, b"")
        self._inner.type(data)

    def _follow(self, outcomes: list[Outcome], now: float) -> None:
        for outcome in outcomes:
            prompt = self._turns.prompt
            match outcome:
                case Passed(data):
                    self._type(data)
                    if self._inner.has_signal(data):
                        self._turns.pause(now)
                case Shown() if prompt is not None:
                    prompt.draw(now)
                case Unknown(key) if prompt is not None:
                    prompt.hint(key)
                case Stop():
                    self._inner.tell(signal.SIGTSTP)
                    self._turns.pause(now)
                case Chosen(choice):
                    self._drops_paste = self._keyboard.is_pasting
                    self._keyboard = Keyboard()
                    self._turns.settle(choice)
                    return

    # Questions.

    def ask(self, asked: Asked) -> None:
        """Show it once its turn has come."""
        if self._is_gone or self._is_over:
            asked.deliver(None)
        else:
            self._turns.add(asked)

    def withdraw(self, asked: Asked) -> None:
        """Nobody waits for its answer any more."""
        self._turns.withdraw(asked)

    def _tick(self, now: float) -> None:
        if self._is_gone or self._is_left:
            return
        if not self._outer.is_attached and self._outer.attach():
            self.resized()
        self._turns.tick(now, self._last_key)
        if self.elsewhere.is_due and self._outer.is_attached and self._turns.prompt is None:
            self.elsewhere.show()
        if not self._outer.is_attached:
            self._turns.tell()

    # What becomes of the terminal.

    def resized(self) -> None:
        """The person's terminal has another size, maybe."""
        if self._inner.resize(self._outer.size()):
            self._output.recording.forget()
            self._turns.resized()

    def leave(self) -> None:
        """The whole job is about to stop: show what there is, and give the terminal back."""
        if self._turns.prompt is None and not self._is_gone:
            self._output.carry_what_comes(BOUNDARY_SECONDS)
        self._is_left = True
        self._leave()

    def _leave(self) -> None:
        self._turns.close()
        self.elsewhere.hide()
        self._outer.detach()

    def come_back(self) -> None:
        """The job was continued, maybe in the background."""
        self._is_left = False
        self._turns.come_back()
        if self._is_gone:
            return
        # One that was stopped by SIGSTOP could not leave: a shell has changed the modes since.
        prompt = self._turns.prompt
        if self._outer.is_attached and not self._outer.is_ours:
            self._leave()
        elif not (prompt is not None and prompt.has_lines):
            self._outer.keys()
        if self._outer.attach():
            self.resized()

    def finish(self) -> None:
        """The program has ended, and nobody prints any more."""
        self._turns.close()
        self.elsewhere.hide()
        if not self._is_gone:
            self._output.carry_last()
        self._is_over = True

    def _hang_up(self) -> None:
        """Nobody can answer, and the program's terminal hangs up as well.

        In the foreground, as when the leader of a session ends: its job is told.
        """
        self._is_gone = True
        self._turns.drop()
        if self._outer.is_attached:
            self._inner.tell(signal.SIGHUP, signal.SIGCONT)
        self._inner.hang_up()
