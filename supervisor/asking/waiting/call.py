"""One call that waits for a person, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nono.broker import Deny, Effect, Origin, Process, Request, Rule
from nono.broker.asking.question import Offer
from nono.broker.dataclass import dataclass, field, replace
from nono.broker.network.network import refusal_errno
from nono.supervisor.asking.waiting.program import AskingProgram
from nono.supervisor.decisions.denials import key
from nono.supervisor.decisions.undecided import NOTHING, Once, Undecided, is_shown

if TYPE_CHECKING:
    import trio


@dataclass(frozen=True, slots=True)
class Again:
    """The call is decided again; `once` is what it alone may."""

    once: Once = NOTHING


@dataclass(frozen=True, slots=True)
class Refused:
    """The call is refused: by a person's answer, or since nobody gave one."""

    why: Deny | None = None


Outcome = Again | Refused


def outcome_of(undecided: Undecided, offer: Offer | None, origin: Origin | None) -> Outcome:
    """What an answer for this once says of one call; nobody gave one without an `offer`."""
    if offer is not None and origin is not None and offer.effect is Effect.ALLOW:
        return Again(once_of_offer(undecided, offer, origin))
    return Refused(refused_by(undecided, offer, origin))


def once_of_offer(undecided: Undecided, offer: Offer, origin: Origin) -> Once:
    """What an offer that allows allows the call."""
    requests = undecided.requests
    rules = with_origin(of_requests(offer.rules, requests), origin)
    return Once(rules, frozenset([key(each) for each in requests if is_shown(each)]))


def refused_by(undecided: Undecided, offer: Offer | None, origin: Origin | None) -> Deny | None:
    """The refusal of an offer that refuses; None where nobody chose one."""
    if offer is None or origin is None:
        return None
    request, asks = undecided.questions[0]
    rule = replace(asks.rule, effect=Effect.DENY, origin=origin)
    return Deny(rule, refusal_errno(request))


def of_requests(rules: Sequence[Rule], requests: Sequence[Request]) -> list[Rule]:
    """Of an answer for several calls, what speaks of the objects of one."""
    if len(rules) == len(requests) == 1:
        return [*rules]  # of the very question
    paths = {getattr(request, "path", "") for request in requests}
    return [rule for rule in rules if getattr(rule.pattern, "path", None) in {None, *paths}]


def with_origin(rules: Sequence[Rule], origin: Origin) -> tuple[Rule, ...]:
    """The rules of an answer as the run has them."""
    return tuple([Rule(each.pattern, each.access, each.effect, origin) for each in rules])


@dataclass(eq=False, slots=True)
class WaitingCall:
    """Of one thread, told apart by what it waits for: a signal has it made again, as the same."""

    process: Process
    undecided: Undecided
    done: trio.Event
    is_plain: bool = False
    """Nobody has to look for what no answer opens: see `plain_calls.py`."""
    outcome: Outcome | None = None
    left: bool = False
    """The caller has a signal to handle, and may come back with the same call."""
    keys: tuple[tuple[object, ...], ...] = field(init=False)
    _program: AskingProgram | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.keys = self.undecided.keys

    @property
    def name(self) -> tuple[object, ...]:
        """Equal for the same call of the same thread."""
        thread = getattr(self.process, "tid", None)
        return (self.process.pid if thread is None else thread, self.keys)

    @property
    def program(self) -> AskingProgram:
        """Who asks, as it was when that was first looked at: it can do nothing while it waits."""
        if self._program is None:
            self._program = AskingProgram(self.process)
        return self._program

    def settle(self, outcome: Outcome) -> None:
        """Say what is to be done. The first word counts."""
        if self.outcome is None:
            self.outcome = outcome
            self.forget()
            self.done.set()

    def forget(self) -> None:
        """Nobody waits for it any more: who asked is not looked at from here on."""
        if self._program is not None:
            self._program.forget()
