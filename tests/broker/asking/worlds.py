"""Questions to play with."""

from dataclasses import replace

from nono.broker import Access, Effect, File, Open, Origin, OriginKind, Rule, Subtree
from nono.broker.asking.question import Lasts, Offer, Program, Question, Subject, SubjectKind
from nono.broker.requests import RecordedProcess
from nono.broker.rules.rule import builtin

ORIGIN = Origin(OriginKind.BUILTIN, "answer")
PROCESS = RecordedProcess(4711, "/usr/bin/python3", ("python3", "train.py"))
PATH = "/home/x/data/val_1.jpeg"


def allowing(path: str = PATH) -> Rule:
    return Rule(File(path), Access.READ, Effect.ALLOW, ORIGIN)


ONCE = Offer("o", Effect.ALLOW, Lasts.ONCE, (allowing(),), "this file, once")
TREE = Rule(Subtree("/home/x/data"), Access.READ | Access.EXECUTE, Effect.ALLOW, ORIGIN)
DIRECTORY = Offer(
    "d", Effect.ALLOW, Lasts.RUN, (TREE,), "all of data/, this run", "312 files", True
)
ALWAYS = Offer("a", Effect.ALLOW, Lasts.ALWAYS, (allowing(),), "this file, always")
NO = Offer("n", Effect.DENY, Lasts.ONCE, (), "no")


def question(id: int = 17, path: str = PATH) -> Question:
    return Question(
        id,
        Open(PROCESS, path, Access.READ),
        builtin("the default", Effect.ASK),
        Subject(SubjectKind.DIRECTORY, path.rpartition("/")[0] or "/"),
        Program(PROCESS, "train.py", ("make",)),
        "read",
        "no rule covers it; the default is to ask",
        (ONCE, DIRECTORY, replace(ALWAYS, entry='"read_file": []', file="x.json"), NO),
        12,
    )
