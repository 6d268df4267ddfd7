"""The screens of docs/asking.md are those of today."""

from dataclasses import replace

from nono.broker import Access, Effect, File, Open, Subtree
from nono.broker.asking.question import Lasts, Offer, Program, Question, Subject, SubjectKind
from nono.broker.asking.terminal.block import Surroundings, block, brief, second_step
from nono.broker.asking.terminal.board import Board
from nono.broker.asking.terminal.keys import choices
from nono.broker.requests import RecordedProcess
from tests.broker.asking.asked import rule
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs" / "asking.md").read_text(encoding="utf-8")
DIRECTORY, SHOWN = "/home/u/datasets/imagenet", "~/datasets/imagenet/"
FILE = f"{DIRECTORY}/val_0000.jpeg"
KEPT = "/home/u/.config/nono/profiles/@e6d0e759ccf5475e.answers.json"
FILES = "312 files, 1.2 MB"
WRITTEN = "filesystem.read: ~/datasets/imagenet"
ONE, TREE = (rule(File(FILE)),), (rule(Subtree(DIRECTORY)),)
YES, NO = Effect.ALLOW, Effect.DENY
KEEP = Offer("a", YES, Lasts.ALWAYS, ONE, "this file, always", "one file", True, True, "x", KEPT)
OFFERS = (
    Offer("o", YES, Lasts.ONCE, ONE, "this file, once"),
    Offer("r", YES, Lasts.RUN, ONE, "this file, this run"),
    Offer("d", YES, Lasts.RUN, TREE, f"all of {SHOWN}, this run", FILES),
    KEEP,
    Offer("A", YES, Lasts.ALWAYS, TREE, f"{SHOWN}, always", FILES, True, True, WRITTEN, KEPT),
    Offer("n", NO, Lasts.ONCE, (), "no"),
    Offer("m", NO, Lasts.RUN, (), "not this file in this run"),
    Offer("N", NO, Lasts.RUN, (), f"nothing of {SHOWN} in this run"),
    Offer("Q", NO, Lasts.RUN, (), "ask no more in this run, deny"),
)
PYTHON = RecordedProcess(12237, "/usr/bin/python3.11")
QUESTION = Question(
    1,
    Open(PYTHON, FILE, Access.READ),
    rule(File(FILE), Effect.ASK),
    Subject(SubjectKind.FILE, FILE),
    Program(PYTHON, "train.py"),
    "read",
    "no rule covers it, and the default is to ask",
    OFFERS,
)
AROUND = Surroundings(80, "8352", home="/home/u")


def stands(lines: list[str]) -> None:
    indented = "\n".join(f"    {line}" if line else "" for line in lines)
    assert indented in PAGE, indented


def test_the_block_and_its_second_step() -> None:
    given = choices(QUESTION)
    stands(block(QUESTION, given, AROUND))
    (kept,) = (each for each in given if each.key == "A")
    stands(second_step(kept, AROUND))
    stands(brief(QUESTION, given, Surroundings(56, home="/home/u")))
    stands(block(QUESTION, given, replace(AROUND, is_new=True))[:1])


def test_what_is_decisive() -> None:
    what = "create the symbolic link"
    path = "/home/u/data/l"
    linked = replace(
        QUESTION,
        wants=what,
        subject=Subject(SubjectKind.FILE, path),
        objects=((what, path), ("which leads to", "/etc/passwd")),
    )
    stands(block(linked, choices(linked), AROUND)[2:5])


def test_a_second_terminal() -> None:
    process, path = RecordedProcess(4711, "/usr/bin/python3"), "/home/u/data/val_1.jpeg"
    first = replace(
        QUESTION,
        request=Open(process, path, Access.READ),
        subject=Subject(SubjectKind.FILE, path),
        program=Program(process, "train.py", ("make",)),
        waiting=12,
        offers=(OFFERS[0], replace(OFFERS[2], words="all of ~/data/, this run"), KEEP, OFFERS[5]),
    )
    board = Board(home="/home/u")
    other = replace(QUESTION, id=3, subject=Subject(SubjectKind.DIRECTORY, "/home/u/data"))
    board.asked("b04d", other)
    board.told("b04d", "decided", {"id": 3, "words": "all of ~/data/, this run"})
    board.asked("7f3a", first)
    board.asked("b04d", replace(QUESTION, id=2, subject=Subject(SubjectKind.DIRECTORY, "/etc")))
    stands(board.lines(80, 30))
