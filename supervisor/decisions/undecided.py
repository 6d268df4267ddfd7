"""A call that nobody has decided yet: a person is to be asked, and then it is decided again."""

from __future__ import annotations

from dataclasses import dataclass

from nono.broker import Ask, Request, Rule
from nono.broker.requests import RecordedProcess


class Undecided(Exception):
    """Raised by `Decisions.require` through a handler, which has performed nothing by then.

    No OSError, so that no handler takes it for a refusal. `questions` are the requests of the call
    that are to be asked about, with what asks: the one that came first, and those that the call
    will need as well.
    """

    def __init__(self, questions: tuple[tuple[Request, Ask], ...]) -> None:
        super().__init__(questions[0][0])
        self.questions = questions

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is to be asked about."""
        return tuple(request for request, _ in self.questions)


@dataclass(frozen=True, slots=True)
class AnsweredProcess(RecordedProcess):
    """A process, for what remains to be decided of one call of its.

    `once` is what a person allowed this call, and no other one.
    """

    once: tuple[Rule, ...] = ()


def once_of(request: Request) -> tuple[Rule, ...]:
    """What a person allowed the one call that the request belongs to: see `Caller.once`."""
    found: tuple[Rule, ...] = getattr(request.process, "once", ())
    return found
