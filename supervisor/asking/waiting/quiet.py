"""Who is refused again and again is quiet for a while, and whoever answers is told so before.

A person who reads, and says no to different things, goes on being asked: what counts is one program
that asks about one place again and again.
"""

from __future__ import annotations

from nono.broker.asking.history import around
from nono.broker.asking.offers.making import Maker
from nono.broker.asking.offers.network import has_many_owners
from nono.broker.asking.question import Lasts, Program, Question, Subject, SubjectKind
from nono.broker.dataclass import dataclass, field, replace
from nono.broker.learning.generalise import Surroundings
from nono.broker.rules.paths import parent
from nono.broker.rules.rule import Effect
from nono.supervisor.asking.channel import QUIET
from nono.supervisor.asking.waiting.answered import Log
from nono.supervisor.asking.waiting.limits import Limits, Root


def root_of(program: Program, subject: Subject, apart: str, surroundings: Surroundings) -> Root:
    """Who asks about what, again and again.

    Not the script nor the arguments, which a program chooses for each child. Directories beside
    each other, and hosts of one domain, are one place; but not what lies in the home, or beside a
    home, where different things are. `apart` is a name in it that is a subject of its own.
    """
    return program.process.exe, apart or place_of(subject, surroundings)


def place_of(subject: Subject, surroundings: Surroundings) -> str:
    """What a subject lies in, where that has all of it to do with the subject; else itself."""
    if subject.kind is SubjectKind.DIRECTORY:
        above = parent(subject.value)
        return above if surroundings.is_safe(above) else subject.value
    domain = around(subject)
    return subject.value if not domain or has_many_owners(domain) else domain


def warned(question: Question, place: str, run: str) -> Question:
    """The same, where "no" says that it is the last time that this is asked for a while."""
    undo = f" (undo: nono revoke {run} {QUIET})" if run else ""
    words = f"no, and for a minute nothing more of {place} is asked{undo}"
    offers = [
        replace(each, words=words)
        if (each.effect, each.lasts) == (Effect.DENY, Lasts.ONCE)
        else each
        for each in question.offers
    ]
    return replace(question, offers=tuple(offers))


@dataclass(frozen=True, slots=True)
class Quiet:
    """Of the questions of the run with this name."""

    limits: Limits
    surroundings: Surroundings
    log: Log
    run: str
    _told: set[int] = field(default_factory=set)

    def is_refused(self, program: Program, subject: Subject, apart: str) -> bool:
        """Whether a call is refused without a question, which is counted."""
        if not self.limits.has_quiet:
            return False
        if not self.limits.is_quiet(root_of(program, subject, apart, self.surroundings)):
            return False
        self.limits.note_refused()
        return True

    def told(self, question: Question, subject: Subject, apart: str) -> Question:
        """The question, which says what one more "no" does."""
        if not self.limits.has_refusals:
            return question
        root = root_of(question.program, subject, apart, self.surroundings)
        if not self.limits.is_last(root):
            return question
        self._told.add(question.id)
        shown = Maker(question.id, self.surroundings.home).shown(root[1])
        return warned(question, shown, self.run)

    def note_refusal(self, question: Question, subject: Subject, apart: str) -> None:
        """It was refused for this time. What nobody was told makes nothing quiet."""
        program = question.program
        root = root_of(program, subject, apart, self.surroundings)
        if self.limits.note_refusal(root, question.id in self._told):
            exe, place = root
            self.log.notes.append(
                f"three questions of {exe}, the last for {program.script or exe}, about {place}"
                " were refused within 10 seconds: it was not asked about that for a minute"
            )
        self._told.discard(question.id)
