"""What counts as an answer, by the times of the keys."""

import pytest

from nono.broker.asking.terminal.gate import (
    CONTROL_Z,
    Chosen,
    Gate,
    Outcome,
    Passed,
    Shown,
    Stop,
    Unknown,
    View,
)
from nono.broker.asking.terminal.keyboard import PASTE, PASTE_END, Keyboard
from nono.broker.asking.terminal.keys import choices
from tests.broker.asking.asked import question


class At:
    """A gate whose question is visible from 0 on, and a keyboard."""

    def __init__(self, last_key: float = -10.0, is_risky: bool = False) -> None:
        self.gate = Gate(choices(question(is_risky=is_risky)), last_key)
        self.keyboard = Keyboard()
        self.gate.shown(0.0)

    def shows(self, view: View) -> bool:
        return self.gate.view is view

    def __call__(self, now: float, data: bytes) -> list[Outcome]:
        return self.gate.typed(self.keyboard.split(data), now)


def answer(outcomes: list[Outcome]) -> str | None:
    """The id of the offer that was chosen; None for a refusal."""
    (chosen,) = outcomes
    assert isinstance(chosen, Chosen)
    return chosen.choice.offer.id if chosen.choice else None


@pytest.mark.parametrize("key", [b"o", b"d", b"a", b"\r", b"\x1b", b"\x03", b"n", b"Q"])
def test_what_comes_too_early_is_the_programs(key: bytes) -> None:
    assert At()(0.49, key) == [Passed(key)]
    assert At(last_key=0.3)(0.55, key) == [Passed(key)]


def test_a_person_who_types_on_answers_nothing() -> None:
    at = At(last_key=0.0)
    text = b"do not answer now\r"
    for index in range(len(text)):
        assert at(0.2 * (index + 1), text[index : index + 1]) == [Passed(text[index : index + 1])]
    assert answer(at(0.2 * len(text) + 0.31, b"o")) == "o"


@pytest.mark.parametrize("key", ["o", "r", "d", "n", "N", "Q"])
def test_a_key_chooses_its_offer(key: str) -> None:
    assert answer(At()(0.51, key.encode())) == key


@pytest.mark.parametrize("key", [b"\r", b"\n", b"\x1b", b"\x03", b"\x04"])
def test_these_refuse(key: bytes) -> None:
    assert answer(At()(0.51, key)) is None


@pytest.mark.parametrize(
    "data", [PASTE + b"o" + PASTE_END, PASTE + b"o", b"oo", b"o\r", b"ddd", b"\x1bo\x1bo"]
)
def test_a_paste_refuses(data: bytes) -> None:
    assert answer(At()(0.51, data)) is None


def test_a_risky_offer_takes_a_capital() -> None:
    at = At(is_risky=True)
    assert at(1, b"o") == [Unknown("o")]
    assert answer(at(2, b"O")) == "o"


def test_what_is_kept_takes_a_second_screen() -> None:
    at = At()
    assert at(1, b"a") == [Shown()] and at.shows(View.SECOND_STEP)
    assert at(5, b"\r") == []  # nothing was drawn yet
    at.gate.shown(5.1)
    assert at(5.59, b"\r") == []
    for time, key in (6, "a"), (6.5, "y"), (7, "o"):
        assert at(time, key.encode()) == [Unknown(key)]
    assert at(8, b"\x1b") == [Shown()] and at.shows(View.QUESTION)
    at.gate.shown(8)
    assert at(9, b"a") == [Shown()]
    at.gate.shown(9)
    assert answer(at(10, b"\r")) == "a"


@pytest.mark.parametrize("data", [b"\x03", PASTE + b"\r" + PASTE_END, b"\r\r"])
def test_the_second_screen_can_be_refused(data: bytes) -> None:
    at = At()
    at(1, b"a")
    at.gate.shown(1)
    assert answer(at(2, data)) is None


def test_a_key_that_is_no_answer_closes_the_gate() -> None:
    at = At()
    assert at(1, b"m") == [Unknown("m")]
    assert at(1.1, b"o") == at(1.3, b"o") == []
    assert answer(at(1.7, b"o")) == "o"


def test_details_are_another_view() -> None:
    at = At()
    assert at(1, b"?") == [Shown()] and at.gate.view is View.DETAILS
    at.gate.shown(1)
    assert answer(at(2, b"r")) == "r"


def test_what_the_terminal_answers_is_no_key() -> None:
    """It goes to the program that asked for it, and does not make the keyboard noisy."""
    for report in (b"\x1b[?62;22c", b"\x1b[12;40R", b"\x1b]11;rgb:00/00/00\x1b\\", b"\x1b[?1u"):
        at = At()
        assert at(0.4, report) == at(0.9, report) == [Passed(report)]
        assert answer(at(0.95, b"o")) == "o"
    assert At()(1, b"\x1b[<0;10;10M") == At()(1, b"\x1b[I") == []


def test_keys_with_sequences_are_no_answers() -> None:
    for key in (b"\x1b[A", b"\x1bOP", "ö".encode()):
        assert At()(1, key) == [Unknown(key.decode("ascii", "replace"))]
    assert At()(1, CONTROL_Z) == [Stop()]
    at = At()
    assert at(1, b"\x1c") == [Passed(b"\x1c")]  # as ever: it may end the program
    assert answer(at(2, b"o")) == "o"


def test_a_paste_of_before_keeps_its_form() -> None:
    assert At()(0.1, b"x" + PASTE + b"yes\r" + PASTE_END) == [
        Passed(b"x"),
        Passed(PASTE + b"yes\r" + PASTE_END),
    ]


def test_what_comes_in_the_place_of_another_takes_its_time() -> None:
    """And no key that was meant for the other goes anywhere."""
    gate, keyboard = Gate(choices(question()), 9.9, is_slow=True), Keyboard()
    gate.shown(10.0)

    def types(now: float, key: bytes) -> list[Outcome]:
        return gate.typed(keyboard.split(key), now)

    assert types(10.75, b"o") == types(11.6, b"o") == types(13.0, b"o") == []
    assert types(14.6, b"x") == [Unknown("x")]
    assert answer(types(15.0, b"o")) == "o"  # from then on as ever
