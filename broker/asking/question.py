"""A question to a person: what is wanted, by whom, and the answers there are to choose from.

A channel shows a question and brings back the id of one of its offers; it can say nothing else.
What an offer does is written in the offer, by us, before anybody is asked.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Protocol, Self

from nono.broker.dataclass import dataclass, field
from nono.broker.named_tuple import NamedTuple
from nono.broker.requests import RecordedProcess, Request
from nono.broker.rules.rule import Effect, Rule

MAX_OBJECTS = 6
"""So many objects one question is about: all of them are shown."""


class Lasts(enum.StrEnum):
    """How long an answer counts."""

    ONCE = "once"
    """For this call of this thread, also when a signal has it made again."""
    RUN = "run"
    """Until the sandbox ends."""
    ALWAYS = "always"
    """In later runs, too: it is written into the answers' own profile."""


class SubjectKind(enum.StrEnum):
    """What a person would say that it is about."""

    FILE = "file"
    DIRECTORY = "directory"
    HOST = "host"
    ADDRESS = "address"
    PORT = "port"
    SOCKET = "socket"


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that a person means, which may be wider than the call's own.

    `value` is the canonical path, the host, or the address and port as one text;
    not yet made visible: who shows it escapes it (`broker.visible`).
    """

    kind: SubjectKind
    value: str


@dataclass(frozen=True, slots=True)
class Program:
    """Who asks. Everything here is the program's own claim, but for the process id."""

    process: RecordedProcess
    script: str = ""
    """The first argument that is a file, of an interpreter."""
    parents: tuple[str, ...] = ()
    """Names of up to three programs that started it, nearest first. What nobody looked at while the
    call waited is empty afterwards."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One possible answer.

    `words` say what it does, in the words of a person; `reach` how much that opens ("312 files, 2
    are links out"), empty where that is plain. `rules` are what the run's policy gets. `broad`
    says that a channel asks for a second, deliberate step. `is_risky` that no single small letter
    may choose it.
    """

    id: str
    effect: Effect
    lasts: Lasts
    rules: tuple[Rule, ...]
    words: str
    reach: str = ""
    broad: bool = False
    is_risky: bool = False
    entry: str = ""
    """For ALWAYS: the line that is written, as it will stand in the file `file`."""
    file: str = ""
    kept: tuple[tuple[str, str | int], ...] = ()
    """The same as keys of a profile with their values."""


class Parts(Protocol):
    """What a question has that is made when somebody looks, and then stays. See `Question`."""

    def subject(self) -> Subject: ...
    def wants(self) -> str: ...
    def why(self) -> str: ...
    def offers(self) -> Sequence[Offer]: ...
    def objects(self) -> tuple[tuple[str, str], ...]: ...


_PARTS = frozenset(("subject", "wants", "why", "offers", "objects"))


@dataclass(frozen=True, slots=True)
class Question:
    """A call waits for a person's decision. The first offer is the one to lead with.

    `wants` is what the program wants to do ("read", "connect to"); `why` says by which rule it is
    a question. `waiting` counts the calls that this question holds, `seen` how often this subject
    was asked about in the run.

    `objects` are all that an answer for this once allows, each with what is wanted of it; `later`
    counts those that wait and are asked about afterwards, since so many cannot be shown.
    """

    id: int
    request: Request
    rule: Rule
    subject: Subject
    program: Program
    wants: str
    why: str
    offers: Sequence[Offer]
    waiting: int = 1
    seen: int = 0
    objects: tuple[tuple[str, str], ...] = ()
    later: int = 0
    _parts: Parts | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def lazily(
        cls,
        parts: Parts,
        id: int,
        request: Request,
        rule: Rule,
        program: Program,
        waiting: int,
        seen: int,
        later: int,
        offers: Sequence[Offer] | None = None,
    ) -> Self:
        """A question whose `parts` are made when somebody looks at them.

        A function that answers looks at a few, and mostly at the `offers`, if they are there.
        """
        made = object.__new__(cls)
        put = _setters()
        put.id(made, id)
        put.request(made, request)
        put.rule(made, rule)
        put.program(made, program)
        put.waiting(made, waiting)
        put.seen(made, seen)
        put.later(made, later)
        put.parts(made, parts)
        if offers is not None:
            put.offers(made, offers)
        return made

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            # Only for what has no value yet.
            if name not in _PARTS or self._parts is None:
                raise AttributeError(name)
            value = getattr(self._parts, name)()
            object.__setattr__(self, name, value)
            return value

    @property
    def what(self) -> str:
        """What it is about in one text, of a host with the port; not yet made visible."""
        is_place = self.subject.kind in (SubjectKind.HOST, SubjectKind.ADDRESS, SubjectKind.PORT)
        return self.objects[0][1] if is_place and len(self.objects) == 1 else self.subject.value


_Put = Callable[[Question, object], None]


class _Setters(NamedTuple):
    """What puts the values that are known at once where they belong."""

    id: _Put
    request: _Put
    rule: _Put
    program: _Put
    waiting: _Put
    seen: _Put
    later: _Put
    parts: _Put
    offers: _Put


@cache
def _setters() -> _Setters:
    names = ("id", "request", "rule", "program", "waiting", "seen", "later", "_parts", "offers")
    return _Setters(*[getattr(Question, name).__set__ for name in names])


def offered(question: Question, id: str) -> Offer | None:
    """The question's offer of this id; None for none."""
    for each in question.offers:  # a generator takes longer than the offer that leads
        if each.id == id:
            return each
    return None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was chosen: an offer's id, by which channel, and by whom if the channel knows."""

    offer: str
    channel: str = "callback"
    person: str = ""


Said = Answer | Awaitable[Answer | None] | None
"""What a function says that was asked: an answer, or what has to be waited for."""

Ask = Callable[[Question], Said]
"""A channel. None, or an exception, means that nobody decided: the call is refused.

A plain function is called in the thread that decides, from several at the same time, and what it
returns is done before the call goes on. All calls of the program wait for it, so it has to return
at once. What it can wait for, a coroutine function awaits.

Such a one is cancelled when the question is withdrawn: the caller died, another answer covers it,
or another channel was faster.
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A question that a function was asked before the call waited, and what it said."""

    question: Question
    said: Said
    started: float
    """When it was asked, by `time.monotonic`."""
