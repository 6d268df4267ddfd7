"""When a key counts: a state machine between a keyboard and a question. Times are its input.

Nothing counts before the question has been visible for 500 ms and the keyboard silent for 300 ms:
what is typed until then was meant for the program, and goes there. So does what a terminal answers
to the program by itself. Enter, Escape, Control-C, Control-D, a paste, and several keys at once
(a paste of a terminal that does not bracket it) refuse. Control-Z and Control-\\ do to the program
what they always do. What opens much takes a second screen, where only Enter counts, after another
500 ms. A key that is no answer closes the gate again.

Where a question was withdrawn while it was on the screen, keys that are meant for it are still to
come: nothing of what is typed goes anywhere before the next one, which says that it is a new one,
was visible and the keyboard silent for 1.5 seconds. So it is in a popup, which takes the keyboard
from whatever somebody types into.

What does not fit on the screen is on pages, and the space bar shows the next one. Nothing allows
before each page was visible for as long; what refuses always counts.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from nono.broker.asking.terminal.keyboard import PASTE, PASTE_END, Kind, Typed
from nono.broker.asking.terminal.keys import DETAILS, Choice, by_key
from nono.broker.dataclass import dataclass
from nono.broker.rules.rule import Effect

VISIBLE_SECONDS = 0.5
SILENT_SECONDS = 0.3
SLOW_SECONDS = 1.5
"""Both, where keys that are meant for something else are likely: a person has to notice first."""

CONTROL_Z = b"\x1a"
_CONTROL_BACKSLASH = b"\x1c"
_ENTER = (b"\r", b"\n")
_REFUSING = (*_ENTER, b"\x1b", b"\x03", b"\x04")
_BACK = b"\x1b"
_MORE = b" "

Page = tuple[str, ...]
"""Lines that are on the screen at the same time."""


class View(enum.Enum):
    """What is on the screen."""

    QUESTION = "question"
    DETAILS = "details"
    SECOND_STEP = "second step"


@dataclass(frozen=True, slots=True)
class Chosen:
    """It is decided: by this answer, or refused (None)."""

    choice: Choice | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Control-Z: the whole job is to stop."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Another view is to be drawn, and `shown` to be called then."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Goes to the program."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unknown:
    """A key that is no answer: it may be said which are. What is visible stays so."""

    key: str


Outcome = Chosen | Stop | Shown | Passed | Unknown


class Gate:
    """Of one question. `last_key` is when something was typed last, before it came up; `is_slow`
    says that it comes in the place of one that was withdrawn, or in a popup."""

    def __init__(self, choosable: Sequence[Choice], last_key: float, is_slow: bool = False) -> None:
        self._is_slow = is_slow
        self._by_key = by_key(tuple(choosable))
        self._last_key = last_key
        self._visible_from: float | None = None
        self._was_open = False
        self.view = View.QUESTION
        self.second: Choice | None = None
        """What the second step is about."""
        self._pages: tuple[Page, ...] = ((),)
        self._page = 0
        self._seen: set[Page] = set()

    def laid_out(self, pages: tuple[Page, ...]) -> Page:
        """These are the pages of what is to be looked at: the one to draw; empty without any."""
        if pages != self._pages:
            self._pages, self._page = pages, 0
        return pages[self._page] if pages else ()

    @property
    def is_whole(self) -> bool:
        """True once all of it was visible for long enough."""
        return bool(self._pages) and self._seen.issuperset(self._pages)

    def shown(self, now: float) -> None:
        """What is to be looked at has been drawn; also after it was hidden or changed."""
        self._visible_from = now

    def opens_at(self) -> float:
        """When keys count, if nothing is typed until then; never for what was not drawn."""
        if self._visible_from is None:
            return float("inf")
        is_new = self._is_slow and not self._was_open
        visible, silent = (SLOW_SECONDS,) * 2 if is_new else (VISIBLE_SECONDS, SILENT_SECONDS)
        return max(self._visible_from + visible, self._last_key + silent)

    def typed(self, pieces: Sequence[Typed], now: float) -> list[Outcome]:
        """What was read in one go means, in order. Nothing counts after a Chosen or a Stop."""
        reports: list[Outcome] = [Passed(each.data) for each in pieces if each.kind is Kind.REPORT]
        typed = [each for each in pieces if each.kind in (Kind.KEY, Kind.PASTE)]
        if not typed:
            return reports
        if now < self.opens_at():
            return self.early(pieces, now)
        self._last_key = now
        self._was_open = True
        self._seen.update(self._pages[self._page : self._page + 1])
        if len(typed) > 1 or typed[0].kind is Kind.PASTE:
            return [*reports, Chosen(None)]
        return [*reports, *self._key(typed[0].data)]

    def early(self, pieces: Sequence[Typed], now: float) -> list[Outcome]:
        """What was read while nothing counts: the program's, until something has counted once, but
        nobody's where it may be meant for a question that was withdrawn."""
        if any(each.kind in (Kind.KEY, Kind.PASTE) for each in pieces):
            self._last_key = now
        if not (self._was_open or self._is_slow):
            return _passed(pieces)
        return [Passed(each.data) for each in pieces if each.kind is Kind.REPORT]

    def opened(self) -> None:
        """From now on what is typed is for the question: where it comes as lines."""
        self._was_open = True

    def _key(self, key: bytes) -> list[Outcome]:
        if key == CONTROL_Z:
            return [Stop()]
        if key == _CONTROL_BACKSLASH:
            return [Passed(key)]
        if key == _MORE and len(self._pages) > 1:
            return self._next_page()
        if self.view is View.SECOND_STEP:
            return self._second_key(key)
        if key in _REFUSING:
            return [Chosen(None)]
        name = key.decode("ascii", "replace")
        if name == DETAILS:
            return self._turn(View.QUESTION if self.view is View.DETAILS else View.DETAILS)
        choice = self._by_key.get(name)
        if choice is None or (choice.offer.effect is Effect.ALLOW and not self.is_whole):
            return [Unknown(name)]
        if choice.is_two_steps:
            self.second = choice
            return self._turn(View.SECOND_STEP)
        return [Chosen(choice)]

    def _second_key(self, key: bytes) -> list[Outcome]:
        if key in _ENTER and self.is_whole:
            return [Chosen(self.second)]
        if key == _BACK:
            return self._turn(View.QUESTION)
        if key in _REFUSING and key not in _ENTER:
            return [Chosen(None)]
        return [Unknown(key.decode("ascii", "replace"))]

    def _next_page(self) -> list[Outcome]:
        self._page = (self._page + 1) % len(self._pages)
        return self._turn(self.view)

    def _turn(self, view: View) -> list[Outcome]:
        self.view = view
        self._visible_from = None
        return [Shown()]


def _passed(pieces: Sequence[Typed]) -> list[Outcome]:
    """As it was read, a paste with its brackets."""
    return [
        Passed(PASTE + each.data + PASTE_END if each.kind is Kind.PASTE else each.data)
        for each in pieces
        if each.kind is not Kind.POINTER
    ]
