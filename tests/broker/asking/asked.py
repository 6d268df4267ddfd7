"""Questions for the tests of what shows them."""

from nono.broker import Access, Effect, File, Open, Origin, OriginKind, Rule, Subtree
from nono.broker.asking.question import Lasts, Offer, Program, Question, Subject, SubjectKind
from nono.broker.requests import RecordedProcess

PATH = "/home/u/datasets/imagenet/val_0001.jpeg"
_ORIGIN = Origin(OriginKind.DEFAULT, "default")


def rule(pattern: File | Subtree, effect: Effect = Effect.ALLOW) -> Rule:
    return Rule(pattern, Access.READ, effect, _ORIGIN)


def offers(path: str, is_risky: bool = False) -> tuple[Offer, ...]:
    directory = path.rpartition("/")[0]
    one, tree = (rule(File(path)),), (rule(Subtree(directory)),)
    kept = Offer(
        "a", Effect.ALLOW, Lasts.ALWAYS, tree, "all of imagenet/, always", "312 files",
        True, True, f'"read": ["{directory}"]', "/home/u/.config/nono/profiles/p.answers.json",
    )  # fmt: skip
    return (
        Offer("o", Effect.ALLOW, Lasts.ONCE, one, "this file, once", is_risky=is_risky),
        Offer("r", Effect.ALLOW, Lasts.RUN, one, "this file, this run", is_risky=is_risky),
        Offer("d", Effect.ALLOW, Lasts.RUN, tree, "all of imagenet/, this run", "312 files"),
        kept,
        Offer("n", Effect.DENY, Lasts.ONCE, (), "no"),
        Offer("N", Effect.DENY, Lasts.RUN, (), "nothing of imagenet/ in this run"),
        Offer("Q", Effect.DENY, Lasts.RUN, (), "ask no more in this run, deny"),
    )


def question(
    path: str = PATH,
    kind: SubjectKind = SubjectKind.FILE,
    given: tuple[Offer, ...] | None = None,
    is_risky: bool = False,
    script: str = "train.py",
) -> Question:
    process = RecordedProcess(4711, "/usr/bin/python3", ("python3", "train.py"), "/work")
    file = path if path.startswith("/") else PATH
    return Question(
        17,
        Open(process, file, Access.READ),
        rule(File(PATH), Effect.ASK),
        Subject(kind, path),
        Program(process, script, ("make",)),
        "read",
        "no rule covers it, and the default is to ask",
        offers(PATH, is_risky) if given is None else given,
    )
