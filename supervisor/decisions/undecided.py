"""A call that nobody has decided yet: a person is to be asked, and then it is decided again."""

from __future__ import annotations

from nono.broker import Allow, Ask, Deny, Effect, Origin, Policy, Request, Rule
from nono.broker.dataclass import dataclass, field, replace
from nono.broker.network.network import refusal_errno
from nono.broker.requests import Metadata, PathChange, RecordedProcess
from nono.supervisor.decisions.denials import key

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.asking.question import Begun
    from nono.broker.audit.asked_records import Said


class Undecided(Exception):
    """Raised by `Decisions.require` through a handler, which has performed nothing by then.

    No OSError, so that no handler takes it for a refusal. `questions` are the requests of the call
    that are to be asked about, with what asks: the one that came first, and those that the call
    will need as well. `policy` is the one that leaves it open: another may decide it.
    """

    def __init__(self, questions: tuple[tuple[Request, Ask], ...], policy: Policy) -> None:
        self.questions = questions
        self.policy = policy
        self.begun: Begun | None = None
        """The question, where a function was asked already and what it said takes longer to do."""

    @property
    def requests(self) -> tuple[Request, ...]:
        """What is to be asked about."""
        return tuple([request for request, _ in self.questions])

    @property
    def keys(self) -> tuple[tuple[object, ...], ...]:
        """Equal for requests that are asked about as the same."""
        return tuple(map(key, self.requests))

    def with_more(self, other: Undecided) -> Undecided:
        """What both are to be asked about."""
        known = {*self.keys}
        pairs = zip(other.keys, other.questions, strict=True)
        more = (asks for key, asks in pairs if key not in known)
        return Undecided((*self.questions, *more), self.policy)


@dataclass(frozen=True, slots=True)
class Once:
    """What a person allowed one call. `shown` are the keys of what he saw of it.

    A rule speaks of a path and an access: which change is made there, where a link leads and which
    mode a file gets it does not say, nor that it is about a name and not about one below it. The
    program may have changed that meanwhile.
    """

    rules: tuple[Rule, ...] = ()
    shown: frozenset[tuple[object, ...]] = frozenset()
    questions: tuple[tuple[Request, Ask], ...] = ()
    """What it was asked about, where the call went on with the answer: what comes up afterwards is
    asked about together with these."""

    def holds_for(self, request: Request) -> bool:
        """False for a change that is another than what was shown."""
        return not is_shown(request) or key(request) in self.shown

    def with_more(self, other: Once) -> Once:
        """Both."""
        questions = (*self.questions, *other.questions)
        return Once((*self.rules, *other.rules), self.shown | other.shown, questions)


def is_shown(request: Request) -> bool:
    """True for a change, of which a person sees more than a rule says."""
    return isinstance(request, PathChange | Metadata)


NOTHING = Once()


@dataclass(frozen=True, slots=True)
class AllowedByAnswer(Allow):
    """Allowed by what a function said before the call went on.

    `said` is that, for who writes down both at once; None where it is written.
    """

    said: Said | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AnsweredProcess(RecordedProcess):
    """A process, for what remains to be decided of one call of its.

    `once` is what a person allowed this call, and no other one.
    """

    once: Once = NOTHING


def once_of(request: Request) -> tuple[Rule, ...]:
    """What a person allowed the one call that the request belongs to: see `Caller.once`."""
    once: Once = getattr(request.process, "once", NOTHING)
    return once.rules if once.rules and once.holds_for(request) else ()


def refused(asks: Ask, request: Request, origin: Origin) -> Deny:
    """The refusal of what is asked about, by who refused to answer."""
    rule = replace(asks.rule, effect=Effect.DENY, origin=origin)
    return Deny(rule, refusal_errno(request))
