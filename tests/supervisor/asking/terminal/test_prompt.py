"""A question is whole and alone on the screen, whatever the program has printed before it."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pyte
import pytest

from nono.broker import Effect
from nono.broker.asking.terminal.gate import Chosen, Outcome, Passed, Shown, Unknown
from nono.broker.asking.terminal.keyboard import Kind, Typed
from nono.broker.asking.terminal.modes import RESET, Modes
from nono.supervisor.asking.terminal.outer import Outer
from nono.supervisor.asking.terminal.plain_prompt import PlainPrompt
from nono.supervisor.asking.terminal.prompt import Prompt, Where
from tests.broker.asking.worlds import question
from tests.supervisor.asking.screen import _UNKNOWN, ASKS, Screen

FORGED = b"harmless: a cache of ours"
FILLED = b"".join(b"\x1b[%d;1H%s%s" % (row, b" " * 40, FORGED) for row in range(1, 24))


class Drawn(Outer):
    """A terminal that pyte draws."""

    def __init__(self, rows: int = 24, columns: int = 80) -> None:
        self._size = rows, columns
        self.screen = Screen(columns, rows)
        self.raw = b""
        self.draws = self.is_window = True
        self._stream = pyte.ByteStream(self.screen)

    def write(self, data: bytes, meanwhile: Callable[[], None] | None = None) -> None:
        self.raw += data
        self._stream.feed(_UNKNOWN.sub(b"", data))

    def rows_and_columns(self) -> tuple[int, int]:
        return self._size

    @property
    def shown(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]


def shown(printed: bytes) -> tuple[Drawn, Prompt]:
    outer, modes = Drawn(), Modes()
    outer.write(printed)
    modes.feed(printed)
    outer.raw = b""
    prompt = Prompt(question(), outer, modes, Where.BELOW, "7f3a", 0.0)
    prompt.show(1.0, printed[-1024:], 1)
    return outer, prompt


@pytest.mark.parametrize(
    "printed",
    [
        b"",
        b"text\n",
        b"\x1b[8;10r\x1b[8;1H",
        b"\x1b[8;10r\x1b[?6h\x1b[2;1H",
        FILLED + b"\x1b[2;1H",
        FILLED + b"\x1b[2;50H",
        FILLED + b"\x1b[1;5Hbegun",
        b"\x1b[20;1H" + FORGED,
        b"\x1b[4h\x1b[?7l\x1b(0\x0e\x1b[8mhidden",
    ],
    ids=["nothing", "text", "region", "origin", "left", "beside", "begun", "low", "modes"],
)
def test_it_is_whole_and_alone(printed: bytes) -> None:
    plain, _ = shown(b"")
    block = [line for line in plain.shown if line]
    assert block[0].startswith(ASKS) and len(block) > 6
    outer, prompt = shown(printed)
    start = next(row for row, line in enumerate(outer.shown) if line.startswith(ASKS))
    assert outer.shown[start : start + len(block)] == block
    assert not any(outer.shown[start + len(block) :])
    assert outer.screen.margins is None
    row = outer.screen.buffer[start + 1]
    assert not any(row[column].reverse or row[column].fg != "default" for column in range(80))
    prompt.hide("read it: no")
    assert not any(ASKS in line for line in outer.shown)


def test_what_pyte_cannot_show_is_undone_as_well() -> None:
    """Whether it was seen or not: margins, printing, held frames, hidden text, named colours."""
    for printed in (
        b"",
        b"\x1bPtmux;\x1b\x1b]4;7;#000\x07\x1b\\",
        b"\x1b]010;#000000\x07\x1b[?0000069h\x1b[1;2s\x1b[5i\xc2\x9d0;",
    ):
        outer, _ = shown(printed)
        before = outer.raw.partition(ASKS.encode())[0]
        assert before.startswith(RESET)
        named = [off in before for off in (b"]104", b"]110", b"]111")]
        assert named == [bool(printed)] * 3  # a palette of the person's own stays
    for off in (b"?69l", b"[r", b"?6l", b"[4i", b"?2026l", b"[4l"):
        assert off in RESET.partition(b"\x1b8")[0]
    # The keyboard works, the terminal echoes nothing, and what is sent is drawn in this window.
    assert b"\x1b[2l" in RESET and b"\x1b[12h" in RESET and RESET.startswith(b"\x18\x1b\x03\x1b")
    assert RESET.endswith(b"\x1b8\x1b[0m\x1b(B\x0f\x1b[?7h")


def test_the_scroll_region_comes_back() -> None:
    outer, prompt = shown(b"one\n\x1b7\x1b[0;23r\x1b8\x1b[1A")
    prompt.hide()
    margins = outer.screen.margins
    assert margins is not None and margins.bottom == 22


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_a_list_is_visible_as_well(kind: str) -> None:
    outer, modes = Drawn(), Modes()
    outer.draws = kind == "xterm"
    printed = FILLED + b"\x1b[3;5r\x1b[2;1Hrefuses:\x1b[8m"
    outer.write(printed)
    modes.feed(printed)
    outer.raw = b""
    prompt = PlainPrompt(question(), outer, modes, Where.BELOW, "7f3a", 0.0)
    prompt.show(1.0, printed, 1)
    assert outer.raw.startswith(RESET) and outer.shown[2] == "nono asks for run 7f3a."
    assert not any(FORGED in line.encode() for line in outer.shown[2:])
    prompt.hide("read it: no")
    assert outer.raw.endswith(modes.put_back()) and b"\x1b[8m" in modes.put_back()


def test_no_key_answers_a_list() -> None:
    """Not even one that is read when lines are about to count."""
    outer = Drawn()
    prompt = PlainPrompt(question(), outer, Modes(), Where.BELOW, "7f3a", 0.0)
    prompt.show(1.0, b"", 1)
    assert prompt.typed([Typed(Kind.KEY, b"o")], 5.0) == [Passed(b"o")]
    assert prompt.wakes_at() > 5.2


class Typing(Drawn):
    """One on which lines are typed, one after the other."""

    def lines(self) -> None:
        self.write(b"\r\n")

    def keys(self) -> None: ...

    def more(self, seconds: float) -> bool:
        return False


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (12, 80), (6, 60), (5, 30)])
@pytest.mark.parametrize("letter", ["o", "a"])
def test_nothing_is_allowed_of_a_list_that_was_not_on_the_screen(
    rows: int, columns: int, letter: str
) -> None:
    outer, now, read = Typing(rows, columns), 100.0, ""
    long = tuple(("delete", f"/home/u/data/{each * 150}") for each in "αβγδεζ")
    prompt = PlainPrompt(replace(question(), objects=long), outer, Modes(), Where.BELOW, "7f3a", 0)
    prompt.show(now, b"", 1)
    outcomes: list[Outcome] = []
    # Each is tried on every page; a letter in the second step would go back to the question.
    first, second = itertools.cycle([letter, "+"]), itertools.cycle(["yes", "+"])
    while not outcomes:
        read += "".join(line.strip() for line in outer.shown)
        now += 1
        prompt.tick(now)
        assert prompt.has_lines
        line = next(second if "You chose" in read else first)
        outcomes = prompt.line(f"{line}\n".encode(), now)
    assert isinstance(outcomes[0], Chosen) and outcomes[0].choice is not None
    assert outcomes[0].choice.key == letter
    assert all(read.count(each) >= 150 for each in "αβγδεζ")
    assert ("It writes" in read and "x.json" in read) or letter == "o"


def test_what_refuses_counts_before_all_of_a_list_was_there() -> None:
    for said in ("n\n", "\n", ""):
        outer = Typing(6, 60)
        prompt = PlainPrompt(question(), outer, Modes(), Where.BELOW, "7f3a", 0.0)
        prompt.show(1.0, b"", 1)
        prompt.tick(3.0)
        assert "Page 1 of" in "".join(outer.shown)
        (outcome,) = prompt.line(said.encode(), 4.0)
        assert isinstance(outcome, Chosen)
        assert outcome.choice is None or outcome.choice.offer.effect is Effect.DENY


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (12, 80), (6, 60), (5, 30)])
@pytest.mark.parametrize("key", [b"o", b"a"])
def test_nothing_is_allowed_that_was_not_on_the_screen(rows: int, columns: int, key: bytes) -> None:
    """Neither by a key nor by Enter in the second step."""
    outer, now, read = Drawn(rows, columns), 100.0, ""
    long = tuple(("delete", f"/home/u/data/{letter * 150}") for letter in "abcdef")
    prompt = Prompt(replace(question(), objects=long), outer, Modes(), Where.BELOW, "7f3a", 0.0)
    prompt.show(now, b"", 1)
    outcomes: list[Outcome] = []
    is_turning = itertools.cycle([False, True])
    while not (outcomes and isinstance(outcomes[0], Chosen)):
        read += "".join(line.strip() for line in outer.shown if not line.startswith("─"))
        now += 1
        typed = b" " if next(is_turning) else b"\r" if "you chose" in read else key
        outcomes = prompt.typed([Typed(Kind.KEY, typed)], now)
        for each in outcomes:
            match each:
                case Shown():
                    prompt.draw(now)
                case Unknown(unknown):
                    prompt.hint(unknown)
    assert outcomes[0].choice is not None and outcomes[0].choice.key.encode() == key
    assert all(f"{letter * 100}" in read for letter in "abcdef")
    assert ("it writes" in read and "x.json" in read) or key == b"o"
