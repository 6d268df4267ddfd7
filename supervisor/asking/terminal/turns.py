"""The questions of a terminal, one after the other: which is shown, where, and what came of it."""

from __future__ import annotations

import collections
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from nono.broker import Effect
from nono.broker.dataclass import dataclass
from nono.supervisor.asking.terminal.inner import Inner
from nono.supervisor.asking.terminal.outer import Outer
from nono.supervisor.asking.terminal.output import Output
from nono.supervisor.places import home_directory

if TYPE_CHECKING:
    from nono.broker.asking.question import Question
    from nono.broker.asking.terminal.keys import Choice
    from nono.supervisor.asking.terminal.prompt import Prompt
    from nono.supervisor.asking.terminal.repaint import Repaint

BOUNDARY_SECONDS = 0.1
NEVER = float("inf")

_SHORT_SECONDS = 0.06
_REPLACES_SECONDS = 10.0
"""So long a key may still be meant for a question that was withdrawn."""
_PAUSE_SECONDS = 2.1
"""A call that a signal interrupts is made again by then, or never: see `questions`."""
_CANCEL = b"\x18"
_WAITS = b"\r\nnono: a question waits: bring this job to the foreground\r\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for its turn or its answer. `deliver` is called once, if at all."""

    question: Question
    deliver: Callable[[Choice | None], None]


class Turns:
    """For the relay's thread. `prompt` is what is on the screen now."""

    def __init__(
        self, outer: Outer, inner: Inner, output: Output, run: str, is_plain: bool
    ) -> None:
        self._outer, self._inner, self._output = outer, inner, output
        self._run, self._is_plain = run, is_plain
        self._queue: collections.deque[Asked] = collections.deque()
        self.prompt: Prompt | None = None
        self._repaint: Repaint | None = None
        self._holds_from = NEVER
        self._grows_at = NEVER
        self._paused_until = 0.0
        self._is_told = False
        self._shown: Asked | None = None
        self._before, self._replaces_until = "", 0.0

    @property
    def is_empty(self) -> bool:
        """True while there is nothing to show, and nothing to do after it."""
        return not self._queue and self.prompt is None and self._grows_at == NEVER

    def add(self, asked: Asked) -> None:
        """Its turn comes. What was printed before the first one is shown before it."""
        if not self._queue:
            self._holds_from = time.monotonic() + BOUNDARY_SECONDS
            self._output.carry_all(BOUNDARY_SECONDS / 2)
        self._queue.append(asked)

    def withdraw(self, asked: Asked) -> None:
        """Nobody waits for its answer any more."""
        if asked not in self._queue:
            return
        is_shown = self._queue[0] is asked
        self._queue.remove(asked)
        if is_shown:
            self._paused_until = 0.0
        if self._shown is asked:
            from nono.broker.asking.terminal.block import Surroundings, asked_words

            words = asked_words(asked.question, Surroundings(0, home=home_directory(os.environ)))
            self.close(f"withdrawn: {words}", None)
            self._before, self._replaces_until = words, time.monotonic() + _REPLACES_SECONDS

    def drop(self) -> None:
        """Nobody can answer: the terminal is gone."""
        self.prompt = None
        while self._queue:
            self._queue.popleft().deliver(None)

    def settle(self, choice: Choice | None) -> None:
        """It is decided. An answer counts only while the terminal is the same, and ours."""
        from nono.broker.asking.terminal.block import Surroundings, outcome

        asked = self._queue.popleft()
        self._before = ""
        if not self._outer.is_ours:
            choice = None
        around = Surroundings(0, home=home_directory(os.environ))
        is_allowed = choice is not None and choice.offer.effect is Effect.ALLOW
        self.close(outcome(asked.question, choice, around), is_allowed)
        asked.deliver(choice)

    def pause(self, now: float) -> None:
        """The program was sent a signal: what comes of it is shown, and then what still waits."""
        self.close()
        self._paused_until = now + _PAUSE_SECONDS

    def close(self, words: str = "", allowed: bool | None = False) -> None:
        """Take what is shown off the screen; its question may come again.

        `allowed` is None for one that was withdrawn.
        """
        prompt, self.prompt = self.prompt, None
        repaint, self._repaint = self._repaint, None
        if prompt is None:
            return
        from nono.supervisor.asking.terminal.prompt import Where

        prompt.hide(words, allowed, repaint.painted if repaint is not None else bytes)
        self._holds_from = time.monotonic() + BOUNDARY_SECONDS
        if prompt.where is Where.INSTEAD and not self._queue and self._inner.shorten():
            self._grows_at = time.monotonic() + _SHORT_SECONDS

    def resized(self) -> None:
        """Draw for another size."""
        self._repaint = None
        if self.prompt is not None:
            self.prompt.draw(time.monotonic())

    def wakes_at(self) -> float:
        """When `tick` has something to do, if nothing happens until then."""
        if self.prompt is not None:
            return min(self._grows_at, self.prompt.wakes_at())
        opens_at = max(self._holds_from, self._paused_until)
        return min(self._grows_at, opens_at) if self._queue else self._grows_at

    def tick(self, now: float, last_key: float) -> None:
        """Show what has its turn, and do what it is time for."""
        if now >= self._grows_at:
            self._grows_at = NEVER
            self._inner.resize(self._outer.size())
        if self.prompt is not None:
            if now >= self.prompt.wakes_at():
                self.prompt.tick(now)
        elif self._queue and self._outer.is_attached and now >= self._paused_until:
            self._open(now, last_key)

    def tell(self) -> None:
        """In the background nobody can answer: once, that a question waits."""
        if self._queue and not self._is_told:
            self._is_told = True
            self._outer.write(_WAITS)

    def come_back(self) -> None:
        """The job was continued: there is something to tell again."""
        self._is_told = False
        self._paused_until = 0.0

    def _open(self, now: float, last_key: float) -> None:
        """At a boundary of sequences if one comes soon, else at one that we make."""
        # What only a question needs is loaded only then.
        from nono.supervisor.asking.terminal.plain_prompt import PlainPrompt
        from nono.supervisor.asking.terminal.prompt import Prompt, Where
        from nono.supervisor.asking.terminal.repaint import Repaint

        modes = self._output.modes
        is_strange = modes.is_strange or not modes.is_between
        if not modes.is_between:
            if now < self._holds_from:
                return
            self._outer.write(_CANCEL)
        where, is_plain = Where.BELOW, self._is_plain or not self._outer.draws
        if self._outer.draws and modes.is_alternate:
            where = Where.INSTEAD
        elif self._outer.is_window and (self._inner.is_raw or (is_strange and not is_plain)):
            where = Where.ASIDE
        kind = PlainPrompt if is_plain else Prompt
        self._shown = self._queue[0]
        before = self._before if now < self._replaces_until else ""
        question = self._shown.question
        self.prompt = kind(question, self._outer, modes, where, self._run, last_key, before)
        self.prompt.show(now, self._output.tail, len(self._queue))
        if where is Where.INSTEAD:
            content = self._output.recording.content()
            self._repaint = Repaint(content, *self._outer.rows_and_columns())
