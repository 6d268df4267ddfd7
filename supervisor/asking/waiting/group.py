"""Which calls are one question, and what of its answer each of them gets.

A person decides on what the question shows: calls of one subject (a directory, a host) that want
the same kind of thing, as many as can be listed. In the home itself each name is one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nono.broker import Request
from nono.broker.asking.question import MAX_OBJECTS, Begun, Question, Subject
from nono.broker.asking.subject import objects_of, wishes
from nono.broker.dataclass import dataclass, field
from nono.supervisor.asking.waiting.call import WaitingCall

if TYPE_CHECKING:
    import trio

Common = tuple[Subject, frozenset[str], str]
"""What the calls of one question have in common: see `Group`."""


@dataclass(eq=False, slots=True)
class Group:
    """Calls with one subject and wish. `shown` are those that the question is about.

    `apart` is a name that is a subject of its own, since the directory that it is in holds all
    that a person has.
    """

    subject: Subject
    wishes: frozenset[str]
    apart: str
    scope: trio.CancelScope
    calls: list[WaitingCall] = field(default_factory=list)
    shown: tuple[WaitingCall, ...] = ()
    question: Question | None = None
    begun: Begun | None = None
    """What a function said to it already."""

    @property
    def common(self) -> Common:
        """What a call has to have in common with these."""
        return self.subject, self.wishes, self.apart


def common_of(call: WaitingCall, subject: Subject, home: str) -> Common:
    """What others have to have in common with this call, whose subject is given."""
    requests = call.undecided.requests
    return subject, wishes(requests), apart_of(requests[0], subject, home)


def apart_of(request: Request, subject: Subject, home: str) -> str:
    """The name in the home that is a subject of its own; empty elsewhere."""
    path: str = getattr(request, "path", "") if subject.value == home else ""
    return path


def showable(calls: Sequence[WaitingCall]) -> tuple[WaitingCall, ...]:
    """The calls whose objects one question can show, with the first in any case."""
    shown: list[WaitingCall] = []
    requests: list[Request] = []
    for call in calls:
        more = [*requests, *call.undecided.requests]
        if not shown or len(objects_of(more)) <= MAX_OBJECTS:
            shown.append(call)
            requests = more
    return tuple(shown)
