"""What `nono watch` shows: the runs, the question that is to be answered now, what came of others.

A state machine: what runs tell and what is typed goes in, lines and answers come out. Times are
its input.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from nono.broker.asking.question import Offer, Question
from nono.broker.asking.terminal import block
from nono.broker.asking.terminal.block import Surroundings
from nono.broker.asking.terminal.columns import cut
from nono.broker.asking.terminal.gate import Chosen, Gate, Page, Shown, Stop, Unknown, View
from nono.broker.asking.terminal.hints import hint, with_hint
from nono.broker.asking.terminal.keyboard import Keyboard, Kind
from nono.broker.asking.terminal.keys import choices, refusal
from nono.broker.asking.terminal.pages import drawn, pages, withdrawn
from nono.broker.rules.rule import Effect
from nono.broker.visible import visible

_MAX_DECISIONS = 20
_MAX_WORDS = 300
_MAX_ABOUT = 1000
_LEAVING = (b"q", b"\x1c")
_QUITTING = (*_LEAVING, b"\x03", b"\x04")
_STOPPING = b"\x1a"
_NO_STOP = "this does not stop; q leaves, n says no"
_TOO_EARLY = "that key came too early, and went nowhere"
_GOES_ON = "  q  leave: who else is there is asked"
_WITHDRAWN = "withdrawn: answered elsewhere, or needed no more"
_AT_ITSELF = "asks on its own terminal"
_ELSEWHERE = "asks elsewhere"
_ASKED_ELSEWHERE = "what was asked elsewhere"
_TERMINAL = "terminal"
"""The channel of who sits before a run."""


@dataclass(frozen=True, slots=True)
class Picked:
    """An answer of the person's, for a run."""

    run: str
    question: int
    offer: str


@dataclass(frozen=True, slots=True)
class Quit:
    """The person has seen enough. What still waits is asked elsewhere."""


@dataclass(frozen=True, slots=True)
class Paused:
    """Control-Z: this program is to stop."""


Done = Picked | Quit | Paused


class Board:
    """Of one `nono watch`. `only` is the one question that it is about, if it is about one.

    That comes up over what somebody types into, so the keyboard has to be silent for longer.

    `home` is shown as `~`. `before` are words for a question that was withdrawn, and in whose place
    the first one comes.
    """

    def __init__(self, only: int | None = None, home: str = "", before: str = "") -> None:
        self._before = before
        self._only = only
        self._home = home
        self._runs: dict[str, str] = {}
        self._waiting: dict[tuple[str, int], Question] = {}
        self._open: dict[str, frozenset[object]] = {}
        self._asks: dict[str, str] = {}
        self._decisions: deque[str] = deque(maxlen=_MAX_DECISIONS)
        self._gate: Gate | None = None
        self._keyboard = Keyboard()
        self._last_key = float("-inf")
        self._about: dict[tuple[str, int], str] = {}
        self._block: Page = ()
        self._visible_block: Page = ()
        self._hint = ""
        self.is_over = False
        """The one question that it is about is decided."""

    def started(self, run: str, words: str) -> None:
        """A run goes on; `words` say what it runs."""
        self._runs[run] = words

    def stands(self, run: str, status: Mapping[str, object]) -> None:
        """How a run stands by now: a question that waits may be none of those that are put here."""
        waiting, channels = status.get("waiting"), status.get("channels")
        ids = waiting if isinstance(waiting, list) else ()
        self._open[run] = frozenset(each for each in ids if isinstance(each, int))
        at_itself = isinstance(channels, list) and _TERMINAL in channels
        self._asks[run] = _AT_ITSELF if at_itself else _ELSEWHERE

    def ended(self, run: str) -> None:
        """A run has ended, and nobody waits in it any more."""
        self._runs.pop(run, None)
        self._open.pop(run, None)
        for name, id in [*self._waiting]:
            if name == run:
                self._drop(name, id)
        self.is_over |= self._only is not None

    def asked(self, run: str, question: Question) -> bool:
        """A question; True where it is one to be shown."""
        if self._only not in (None, question.id):
            return False
        self._waiting[run, question.id] = question
        if len(self._about) < _MAX_ABOUT:
            about = block.subject_words(question, self._home)
            self._about[run, question.id] = visible(about, _MAX_WORDS)
        self._turn()
        return True

    def told(self, run: str, method: str, params: Mapping[str, object]) -> None:
        """What became of a question: it is settled, decided, or withdrawn."""
        id = params.get("id")
        if not isinstance(id, int):
            return
        words = visible(str(params.get("words", _WITHDRAWN)), _MAX_WORDS)
        if method == "decided":
            self._waits_no_more(run, id)
        if method == "decided" or (method == "withdrawn" and (run, id) in self._waiting):
            about = self._about.pop((run, id), _ASKED_ELSEWHERE)
            self._decisions.append(f"{visible(run, 20)}  {about}: {words}")
        self._drop(run, id)

    def _waits_no_more(self, run: str, id: int) -> None:
        """What the run said of how it stands is older."""
        self._open[run] = self._open.get(run, frozenset()) - {id}

    def _drop(self, run: str, id: int, by_key: bool = False) -> None:
        first = self._first()
        dropped = self._waiting.pop((run, id), None)
        if dropped is None:
            return
        self.is_over |= self._only == id
        if first == (run, id):
            self._note_withdrawn(dropped, by_key)
            self._gate = None
            self._turn()

    def _note_withdrawn(self, question: Question, by_key: bool) -> None:
        """Of one that was on the screen, keys may still be to come."""
        if by_key:
            self._before = ""
        elif self._gate is not None and not self.has_new:
            self._before = block.asked_words(question, Surroundings(0, home=self._home))

    def _first(self) -> tuple[str, int] | None:
        return next(iter(self._waiting), None)

    def _turn(self) -> None:
        """Let keys be about the question that came first."""
        first = self._first()
        if first is not None and self._gate is None:
            is_slow = bool(self._before) or self._only is not None
            self._gate = Gate(choices(self._waiting[first]), self._last_key, is_slow)

    def typed(self, data: bytes, now: float) -> list[Done]:
        """What was typed means. Keys of a question count as on every terminal."""
        pieces = self._keyboard.split(data)
        first = self._first()
        self._last_key = now
        if data == _STOPPING and self._only is None:
            return [Paused()]
        if first is None or self._gate is None:
            return [Quit()] if any(each.data in _QUITTING for each in pieces) else []
        is_early = self._only is not None and now < self._gate.opens_at()
        if data in _LEAVING and not is_early:
            return [Quit()]
        is_key = any(each.kind in (Kind.KEY, Kind.PASTE) for each in pieces)
        self._hint = _TOO_EARLY if is_key and now < self._gate.opens_at() else ""
        for outcome in self._gate.typed(pieces, now):
            match outcome:
                case Unknown(key):
                    is_second = self._gate.view is View.SECOND_STEP
                    given = choices(self._waiting[first])
                    self._hint = hint(key, given, is_second, self._gate.is_whole)
                case Chosen(choice):
                    offer = choice.offer if choice is not None else _refusal(self._waiting[first])
                    self._waits_no_more(*first)
                    self._drop(*first, by_key=True)
                    return [] if offer is None else [Picked(*first, offer.id)]
                case Stop():
                    self._hint = _NO_STOP
                case Shown():
                    break
        return []

    @property
    def waiting(self) -> int:
        """How many questions wait."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """True where nobody asks."""
        return not self._waiting

    @property
    def has_new(self) -> bool:
        """True where a question is to be looked at that was not drawn yet."""
        return self._gate is not None and self._gate.opens_at() == float("inf")

    def hidden(self) -> None:
        """Nothing is on the screen any more: what is drawn next is looked at anew."""
        self._visible_block = ()

    def drawn(self, now: float) -> None:
        """The lines are on the screen: a question that has changed is visible from now on."""
        if self._gate is not None and (self.has_new or self._block != self._visible_block):
            self._gate.shown(now)
        self._visible_block = self._block

    def lines(self, columns: int, rows: int) -> list[str]:
        """Everything, no line longer and not more of them."""
        first = self._first()
        if first is None or self._gate is None:
            shown = [*self._overview(), "", *self._decided(), "", "  q  quit"]
            return [cut(line, columns - 1) for line in shown][-rows:]
        question, gate = self._waiting[first], self._gate
        is_new = bool(self._before)
        around = Surroundings(columns, first[0], 1, len(self._waiting), self._home, is_new)
        given, room = choices(question), max(rows - 1 - is_new, 1)
        self._block = gate.laid_out(pages(question, given, gate.view, gate.second, around, room))
        lines = with_hint(drawn(self._block, columns), self._hint, columns)[:room]
        lines = [*withdrawn(self._before, columns), *lines]
        left = rows - len(lines) - 2
        rest = [_GOES_ON, *self._others(), *self._decided()]
        below = ["", *(cut(line, columns - 1) for line in rest[:left])]
        return [*lines, *(below if left > 0 else [])][:rows]

    def _overview(self) -> Iterable[str]:
        if not self._runs:
            return ["  nono watch: no sandbox runs; one that asks is shown here"]
        elsewhere = self._elsewhere()
        nobody = "nobody asks here" if elsewhere else "nobody asks"
        return [f"  nono watch: {nobody}", *(self._run(run, elsewhere) for run in self._runs)]

    def _run(self, run: str, elsewhere: Container[str]) -> str:
        asks = (self._asks[run],) if run in elsewhere else ()
        return "  ".join(("", visible(run, 20), *asks, visible(self._runs[run])))

    def _elsewhere(self) -> list[str]:
        """The runs with a question that was not put to who watches."""
        here = self._waiting.keys()
        return [
            run
            for run, ids in self._open.items()
            if run in self._runs and any((run, id) not in here for id in ids)
        ]

    def _others(self) -> Iterable[str]:
        """The questions that come after this one, and the runs that ask elsewhere."""
        for (run, _), each in [*self._waiting.items()][1:]:
            wants = f"{visible(each.wants)} {block.subject_words(each, self._home)}"
            yield f"  {visible(run, 20)}  waits: {wants}"
        elsewhere = self._elsewhere()
        yield from (self._run(run, elsewhere) for run in elsewhere)

    def _decided(self) -> list[str]:
        return [f"  {line}" for line in reversed(self._decisions)]


def _refusal(question: Question) -> Offer | None:
    once = refusal(question)
    if once is not None:
        return once
    return next((each for each in question.offers if each.effect is Effect.DENY), None)
