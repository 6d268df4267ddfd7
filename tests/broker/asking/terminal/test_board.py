"""`nono watch` as playbooks: what runs tell, what is typed, what is shown and answered."""

from nono.broker.asking.terminal.board import Board, Done, Paused, Picked, Quit
from tests.broker.asking.worlds import question

SIZE = 100, 40


class Person:
    """Looks at a board, and types when the gate is open. Time is a number."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.now = 100.0

    def looks(self) -> str:
        lines = self.board.lines(*SIZE)
        assert len(lines) <= SIZE[1] and all(len(line) < SIZE[0] for line in lines)
        self.board.drawn(self.now)
        return "\n".join(lines)

    def types(self, keys: bytes, after: float = 1.0) -> list[Done]:
        self.looks()
        self.now += after
        return self.board.typed(keys, self.now)


def test_a_key_answers_once_the_question_was_seen() -> None:
    board = Board()
    person = Person(board)
    board.started("7f3a", "python3 train.py")
    assert "7f3a  python3 train.py" in person.looks()
    assert board.asked("7f3a", question())
    assert board.has_new
    shown = person.looks()
    assert "python3 train.py" in shown and "this file, once" in shown and "7f3a" in shown
    assert person.types(b"o", after=0.4) == []
    assert "too early" in person.looks()
    assert person.types(b"o", after=0.25) == []
    assert person.types(b"x", after=0.4) == []
    assert "too early" not in person.looks() and "no answer" in person.looks()
    assert person.types(b"o", after=0.4) == [Picked("7f3a", 17, "o")]
    board.told("7f3a", "decided", {"id": 17, "words": "this file, once"})
    shown = person.looks()
    assert "/home/x/data: this file, once" in shown and "nobody asks" in shown
    assert person.types(b"q") == [Quit()]


def test_a_question_that_is_put_elsewhere_is_told_of() -> None:
    """Or who watches looks at "nobody asks" while the run waits on its own terminal."""
    board = Board()
    person = Person(board)
    board.started("7f3a", "python3 train.py")
    board.started("81c0", "make")
    board.stands("7f3a", {"waiting": [17], "channels": ["control socket", "terminal"]})
    shown = person.looks()
    assert "nobody asks here\n" in shown
    assert "7f3a  asks on its own terminal  python3 train.py" in shown and "81c0  make" in shown
    board.told("7f3a", "decided", {"id": 17, "words": "this file, once"})
    assert "nobody asks\n" in person.looks() and "asks on" not in person.looks()
    assert "7f3a  what was asked elsewhere: this file, once" in person.looks()
    board.stands("7f3a", {"waiting": [18], "channels": ["callback"]})
    assert "7f3a  asks elsewhere  python3 train.py" in person.looks()


def test_what_is_asked_here_is_not_told_of_twice() -> None:
    board = Board()
    person = Person(board)
    for run in ("7f3a", "81c0"):
        board.started(run, "make")
    board.asked("7f3a", question())
    for run, waiting in (("7f3a", [17]), ("81c0", [1]), ("gone", [1])):
        board.stands(run, {"waiting": waiting, "channels": ["control socket", "terminal"]})
    assert person.looks().count("asks on its own terminal") == 1
    board.ended("81c0")
    assert "its own terminal" not in person.looks()
    person.types(b"n")
    assert "nobody asks\n" in person.looks()  # though the run has not said yet that it is decided
    for wrong in ({}, {"waiting": 3}, {"waiting": [[]], "channels": 7}):
        board.stands("7f3a", wrong)
    assert "nobody asks\n" in person.looks()


def test_the_home_is_short() -> None:
    board = Board(home="/home/x")
    person = Person(board)
    board.asked("7f3a", question())
    board.asked("7f3a", question(18))
    shown = person.looks()
    assert "~/data/" in shown and "waits: read ~/data" in shown and "/home/x" not in shown
    board.told("7f3a", "decided", {"id": 17, "words": "no"})
    assert "~/data: no" in person.looks()


def test_so_much_takes_a_second_step() -> None:
    board = Board()
    person = Person(board)
    board.asked("7f3a", question())
    assert person.types(b"d") == []
    assert "Enter  yes, this" in person.looks()
    assert person.types(b"\r", after=0.4) == []
    assert person.types(b"\r") == [Picked("7f3a", 17, "d")]


def test_enter_escape_and_a_paste_refuse() -> None:
    for keys in (b"\r", b"\x1b", b"\x03", b"\x1b[200~o\x1b[201~", b"oo"):
        board = Board()
        board.asked("7f3a", question())
        assert Person(board).types(keys) == [Picked("7f3a", 17, "n")]


def test_the_next_question_takes_its_time_again() -> None:
    board = Board()
    person = Person(board)
    board.asked("7f3a", question(1))
    board.asked("b04d", question(2))
    shown = person.looks()
    assert "1 of 2" in shown and "b04d  waits: read /home/x/data" in shown
    assert person.types(b"o") == [Picked("7f3a", 1, "o")]
    assert person.types(b"o", after=0.2) == []
    assert person.types(b"n") == [Picked("b04d", 2, "n")]
    board.asked("7f3a", question(3))
    person.looks()
    board.told("7f3a", "withdrawn", {"id": 3})
    assert board.is_idle and "answered elsewhere" in person.looks()
    assert person.types(b"o") == []


def test_what_is_below_the_question_does_not_delay_it() -> None:
    board = Board()
    person = Person(board)
    board.asked("7f3a", question())
    for number in range(10):
        board.told("b04d", "decided", {"id": 900 + number, "words": "x\x1b[2J"})
        shown = person.looks()
        person.now += 0.1
    assert "x\\x1b[2J" in shown
    assert person.types(b"o", after=0) == [Picked("7f3a", 17, "o")]


def test_one_question_alone() -> None:
    board = Board(17)
    assert not board.asked("7f3a", question(16)) and board.is_idle
    assert board.asked("7f3a", question(17))
    board.told("7f3a", "settled", {"id": 16, "words": "no"})
    assert not board.is_over
    board.told("7f3a", "settled", {"id": 17, "words": "no"})
    assert board.is_over
    other = Board(17)
    other.asked("7f3a", question(17))
    other.ended("7f3a")
    assert other.is_over and other.is_idle


def test_a_low_and_a_narrow_screen() -> None:
    board = Board()
    board.asked("7f3a", question())
    for columns, rows in ((100, 5), (20, 5), (5, 2), (40, 100)):
        assert len(board.lines(columns, rows)) <= rows


def test_who_leaves_answers_nothing() -> None:
    for keys in (b"q", b"\x1c"):
        board = Board()
        person = Person(board)
        board.asked("7f3a", question())
        assert "q  leave" in person.looks()
        assert person.types(keys) == [Quit()] and board.waiting == 1
    assert person.types(b"\x1a") == [Paused()] and board.waiting == 1
    board.hidden()
    person.now += 100
    assert person.types(b"o", after=0.4) == []  # it is looked at anew
    assert person.types(b"o") == [Picked("7f3a", 17, "o")]
    assert person.types(b"\x1a") == [Paused()]


def test_what_comes_in_the_place_of_another_looks_like_another() -> None:
    board = Board(home="/home/x")
    person = Person(board)
    board.asked("7f3a", question(1))
    board.asked("7f3a", question(2, "/home/x/secret/key"))
    before = person.looks().splitlines()
    person.now += 3
    board.told("7f3a", "withdrawn", {"id": 1})
    assert person.types(b"o", after=0.75) == []
    after = person.looks().splitlines()
    assert after[0] == "~ withdrawn: read ~/data" and "nono asks: a new question" in after[1]
    assert before[1] != after[1] and "withdrawn" in after[-1]
    assert person.types(b"o", after=1.4) == [] and person.types(b"o", after=1.4) == []
    assert person.types(b"o", after=1.6) == [Picked("7f3a", 2, "o")]
    board.asked("7f3a", question(3))
    assert "a new question" not in person.looks()
    popup = Board(17, before="the question that was here")
    popup.asked("7f3a", question(17))
    assert "~ withdrawn: the question that was here" in Person(popup).looks()
    assert Person(popup).types(b"o", after=1) == []


def test_a_popup_takes_no_key_of_who_types_into_what_is_below() -> None:
    board = Board(17)
    person = Person(board)
    board.asked("7f3a", question(17))
    for key in b":wq\r\x1b\x03q":
        assert person.types(bytes((key,)), after=0.7) == []
    assert person.types(b"\x1a", after=1.6) == [] and "q leaves, n says no" in person.looks()
    assert person.types(b"q") == [Quit()] and board.waiting == 1
    assert person.types(b"o") == [Picked("7f3a", 17, "o")]


def test_what_nobody_saw_is_replaced_by_nothing_new() -> None:
    board = Board()
    board.asked("7f3a", question(1))
    board.asked("7f3a", question(2))
    board.told("7f3a", "withdrawn", {"id": 1})
    assert "a new question" not in Person(board).looks()
