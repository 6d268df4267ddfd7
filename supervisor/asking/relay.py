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
from dataclasses import dataclass

from nono.broker.asking.gate import Chosen, Outcome, Passed, Shown, Stop
from nono.broker.asking.keyboard import PASTE, PASTE_END, Keyboard
from nono.broker.asking.keys import Choice
from nono.broker.asking.question import Question
from nono.broker.asking.terminal_modes import Modes
from nono.supervisor.asking.inner import Inner
from nono.supervisor.asking.outer import Outer
from nono.supervisor.asking.plain_prompt import PlainPrompt
from nono.supervisor.asking.prompt import Prompt, Where
from nono.supervisor.asking.repaint import Recording, Repaint

_BOUNDARY_SECONDS = 0.1
_PAUSE_SECONDS = 0.03
_LAST_SECONDS = 1.0
_SHORT_SECONDS = 0.06
_BACKGROUND_SECONDS = 0.2
_MAX_TAIL = 1024
_CANCEL = b"\x18"
_INTERRUPT = b"\x03"
_WAITS = b"\r\nnono: a question waits: bring this job to the foreground\r\n"
_NEVER = float("inf")

Deliver = Callable[[Choice | None], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for its turn or its answer. `deliver` is called once, if at all."""

    question: Question
    deliver: Deliver


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
        self._run, self._is_plain = run, is_plain
        self._interrupted: Callable[[], None] = lambda: None
        self._modes, self._recording, self._keyboard = Modes(), Recording(), Keyboard()
        self._tail = b""
        self._last_key = 0.0
        self._queue: collections.deque[Asked] = collections.deque()
        self._prompt: Prompt | None = None
        self._repaint: Repaint | None = None
        self._holds_from = _NEVER
        self._grows_at = _NEVER
        self._drops_paste = False
        self._is_left = False
        self._is_told = False
        self._is_gone = False
        self._is_over = False
        self._posted: collections.deque[Callable[[], None]] = collections.deque()
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._polled: tuple[int, bool] | None = None
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
        """Wait for the end of the thread, if there was one; False if it has not come by then."""
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
            if self._prompt is not None:
                self._prompt.hide()
            self._outer.detach()
        if not self._is_over:  # by an error of ours: nobody would carry what is printed
            self._inner.hang_up()
        while self._queue:
            self._queue.popleft().deliver(None)
        self._work()

    def _turn(self) -> None:
        """One look at everything that may have something to do."""
        left = self._wakes_at()
        if left != _NEVER:
            left = max(0.0, left - time.monotonic()) * 1000
        ready = dict(self._poll().poll(None if left == _NEVER else left))
        if self._inner.master in ready:
            if self._inner.is_full:
                self._inner.flush()
            if self._prompt is None:
                self._carry()
        if self._woken in ready:
            self._work()
        if self._outer.fd in ready:
            self._read_keys(ready[self._outer.fd])
        if not self._is_at_rest:
            self._tick(time.monotonic())

    @property
    def _is_at_rest(self) -> bool:
        """True while there is nothing to do but to carry: no question, and no time to wait for."""
        is_waiting = self._queue or self._prompt is not None or self._grows_at != _NEVER
        return self._outer.is_attached and not is_waiting

    def _poll(self) -> select.poll:
        """What is waited for: made anew only when it is something else than before."""
        is_read = self._prompt is None and not self._is_gone
        room = select.POLLOUT if self._inner.is_full and not self._is_gone else 0
        keys = self._outer.is_attached and not self._is_gone and (not room or not is_read)
        wanted = (select.POLLIN if is_read else 0) | room, keys
        if wanted != self._polled:
            self._polled, self._polling = wanted, select.poll()
            self._polling.register(self._woken, select.POLLIN)
            if wanted[0]:
                self._polling.register(self._inner.master, wanted[0])
            if keys:
                self._polling.register(self._outer.fd, select.POLLIN)
        return self._polling

    def _wakes_at(self) -> float:
        if self._is_at_rest:
            return _NEVER
        times = [self._grows_at]
        if not self._outer.is_attached and not self._is_gone:
            times.append(time.monotonic() + _BACKGROUND_SECONDS)
        if self._prompt is not None:
            times.append(self._prompt.wakes_at())
        elif self._queue:
            times.append(self._holds_from)
        return min(times)

    def _work(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        while self._posted:
            self._posted.popleft()()

    # What the program prints.

    def _carry(self) -> bool:
        """Carry on what is there now; False when that is nothing."""
        data = self._inner.read()
        if data:
            self._print(data)
        return bool(data)

    def _print(self, data: bytes) -> None:
        anew = self._modes.feed(data)
        if self._modes.is_alternate:
            self._recording.take(data, anew)
        elif self._tail:
            self._recording.forget()
        self._tail = (self._tail + data)[-_MAX_TAIL:]
        self._outer.write(data)

    def _carry_all(self, seconds: float) -> None:
        """All that is there, for so long at the most."""
        until = time.monotonic() + seconds
        while not self._is_gone and self._carry() and time.monotonic() < until:
            pass

    def _carry_what_comes(self, seconds: float) -> None:
        """All that comes without a pause: the kernel hands it over a little later."""
        poll = select.poll()
        poll.register(self._inner.master, select.POLLIN)
        until = time.monotonic() + seconds
        while poll.poll(_PAUSE_SECONDS * 1000) and self._carry() and time.monotonic() < until:
            pass

    # What the person types.

    def _read_keys(self, events: int) -> None:
        if not self._outer.is_ours:
            self._leave()
            return
        data = self._outer.read()
        now = time.monotonic()
        lines = self._prompt is not None and self._prompt.has_lines
        if not data and (not lines or events & select.POLLHUP):
            self._hang_up()
            return
        if self._prompt is None:
            self._last_key = now
            self._type(self._without_paste(data))
        elif lines:
            self._follow(self._prompt.line(data, now), now)
        else:
            self._follow(self._prompt.typed(self._keyboard.split(data), now), now)
            self._last_key = now

    def _without_paste(self, data: bytes) -> bytes:
        """The rest of a paste that has refused a question is nothing for the program."""
        if self._drops_paste:
            _, end, data = data.partition(PASTE_END)
            self._drops_paste = not end
        return data

    def _type(self, data: bytes) -> None:
        if _INTERRUPT in data and self._inner.is_signal(_INTERRUPT, termios.VINTR):
            self._interrupted()
        if not self._modes.pastes_bracketed:  # only while asking
            data = data.replace(PASTE, b"").replace(PASTE_END, b"")
        self._inner.type(data)

    def _follow(self, outcomes: list[Outcome], now: float) -> None:
        prompt = self._prompt
        for outcome in outcomes:
            match outcome:
                case Passed(data):
                    self._type(data)
                case Shown() if prompt is not None:
                    prompt.draw(now)
                case Stop():
                    self._inner.stop()
                case Chosen(choice):
                    self._drops_paste = self._keyboard.is_pasting
                    self._keyboard = Keyboard()
                    self._settle(choice)
                    return

    # Questions.

    def ask(self, asked: Asked) -> None:
        """Show it once its turn has come."""
        if self._is_gone or self._is_over:
            asked.deliver(None)
            return
        if not self._queue:
            self._holds_from = time.monotonic() + _BOUNDARY_SECONDS
            self._carry_all(_BOUNDARY_SECONDS / 2)
        self._queue.append(asked)

    def withdraw(self, asked: Asked) -> None:
        """Nobody waits for its answer any more."""
        if asked not in self._queue:
            return
        is_shown = self._queue[0] is asked and self._prompt is not None
        self._queue.remove(asked)
        if is_shown:
            self._close_prompt()

    def _settle(self, choice: Choice | None) -> None:
        asked = self._queue.popleft()
        if not self._outer.is_ours:
            choice = None
        refused = choice is None or choice.offer.effect.value != "allow"
        words = f"{asked.question.subject.value}: {choice.offer.words if choice else 'no'}"
        self._close_prompt(words, not refused)
        asked.deliver(choice)

    def _open_prompt(self, now: float) -> None:
        """At a boundary of sequences if one comes soon, else at one that we make."""
        if not self._modes.is_between:
            if now < self._holds_from:
                return
            self._outer.write(_CANCEL)
        where = Where.BELOW
        if self._outer.draws and (self._modes.is_alternate or self._inner.is_raw):
            where = Where.INSTEAD if self._modes.is_alternate else Where.ASIDE
        kind = PlainPrompt if self._is_plain or not self._outer.draws else Prompt
        self._prompt = kind(
            self._queue[0].question, self._outer, self._modes, where, self._run, self._last_key
        )
        self._prompt.show(now, self._tail, len(self._queue))
        if where is Where.INSTEAD:
            self._repaint = Repaint(self._recording.content(), *self._outer.rows_and_columns())

    def _close_prompt(self, words: str = "", allowed: bool = False) -> None:
        prompt, self._prompt = self._prompt, None
        repaint, self._repaint = self._repaint, None
        if prompt is None:
            return
        prompt.hide(words, allowed, repaint.painted if repaint is not None else bytes)
        self._holds_from = time.monotonic() + _BOUNDARY_SECONDS
        if prompt.where is Where.INSTEAD and not self._queue and self._inner.shorten():
            self._grows_at = time.monotonic() + _SHORT_SECONDS

    def _tick(self, now: float) -> None:
        if now >= self._grows_at:
            self._grows_at = _NEVER
            self._inner.resize(self._outer.size())
        if self._is_gone:
            return
        if not self._outer.is_attached and not self._is_left and self._outer.attach():
            self.resized()
        if not self._queue:
            return
        if not self._outer.is_attached:
            self._tell()
            return
        if self._prompt is None:
            self._open_prompt(now)
        elif now >= self._prompt.wakes_at():
            self._prompt.tick(now)

    def _tell(self) -> None:
        """Where a job runs in the background nobody can answer: once, that one waits."""
        if not self._is_told and not self._is_left:
            self._is_told = True
            self._outer.write(_WAITS)

    # What becomes of the terminal.

    def resized(self) -> None:
        """The person's terminal has another size, maybe."""
        self._inner.resize(self._outer.size())
        self._recording.forget()
        if self._prompt is not None:
            self._repaint = None
            self._prompt.draw(time.monotonic())

    def leave(self) -> None:
        """The whole job is about to stop: show what there is, and give the terminal back."""
        if self._prompt is None and not self._is_gone:
            self._carry_what_comes(_BOUNDARY_SECONDS)
        self._is_left = True
        self._leave()

    def _leave(self) -> None:
        self._close_prompt()
        self._outer.detach()

    def come_back(self) -> None:
        """The job was continued, maybe in the background."""
        self._is_left = self._is_told = False
        if not self._is_gone and self._outer.attach():
            self.resized()

    def finish(self) -> None:
        """The program has ended, and nobody prints any more."""
        self._close_prompt()
        if not self._is_gone:
            for data in self._inner.last(_LAST_SECONDS):
                self._print(data)
        self._is_over = True

    def _hang_up(self) -> None:
        """Nobody can answer, and the program's terminal hangs up as well."""
        self._is_gone = True
        self._prompt = None
        while self._queue:
            self._queue.popleft().deliver(None)
        self._inner.hang_up()
