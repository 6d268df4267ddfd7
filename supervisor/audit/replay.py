"""Deciding every request of a recorded run again, under another policy.

What the kernel's floor let pass is decided as well: the floor grants nothing that the policy does
not. The requests are those of the recorded run; with other answers a program may go another way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nono.broker import (
    Access,
    Allow,
    Connect,
    Deny,
    Effect,
    Execute,
    Mode,
    Policy,
    Request,
    Rule,
    Verdict,
)
from nono.broker.audit.records import Decision
from nono.broker.credentials.services import PROXY_ORIGIN
from nono.broker.rules.rule import NETWORK_PROXY, NO_DATAGRAMS, PAST_PROXY
from nono.supervisor.audit.reader import Session
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.denials import Denials, key
from nono.supervisor.planning.moved_caches import directory_in, elsewhere
from nono.supervisor.planning.plan import Plan

_OF_A_RUN = PROXY_ORIGIN, NETWORK_PROXY, PAST_PROXY.origin, NO_DATAGRAMS.origin
"""Each run has proxies of its own, and what its machine lacks is no policy's doing."""
_MAX_OPENED = 2_000


@dataclass(slots=True)
class Opened:
    """What was refused and would be allowed."""

    request: Request
    rule: Rule
    count: int = 1


@dataclass(slots=True)
class Replay:
    """What another policy would change. `breaks` are the new refusals."""

    other: Decisions
    """Of the other policy."""
    decisions: int = 0
    nameless: int = 0
    """Connections to addresses among what breaks, in a run that knew no names of hosts."""
    opened: dict[tuple[object, ...], Opened] = field(default_factory=dict)
    opened_overflow: int = 0

    @property
    def breaks(self) -> Denials:
        return self.other.denials

    @property
    def is_same(self) -> bool:
        return not self.breaks.all() and not self.opened


def replay(session: Session, plan: Plan) -> Replay:
    """Decide every recorded request again, as a run of this plan would.

    Raises AuditError, UsageError, broker.PolicyError.
    """
    start = session.start()
    if plan.caches is not None:
        plan = elsewhere(plan, directory_in(start.policy))  # each profile has its own
    result = Replay(complete(plan, tmpdir=start.tmpdir).decisions())
    for _, record in session.records():
        if not isinstance(record, Decision) or _is_memory(record.request):
            continue
        if record.origin not in _OF_A_RUN:
            result.decisions += 1
            _compare(result, record, start.policy)
    return result


def _is_memory(request: Request) -> bool:
    """A program in a memfd, which has no path to decide on: memfd_create(2)."""
    return isinstance(request, Execute) and request.path.startswith("/memfd:")


def _compare(result: Replay, record: Decision, before: Policy) -> None:
    decisions = result.other
    decided, verdict = decisions.verdict(record.request)
    was_allowed = record.effect is Effect.ALLOW
    if not was_allowed:
        verdict = _as_the_kernel_would(decisions, record, verdict)
    if isinstance(verdict, Allow):
        if not was_allowed:
            _open(result, record.request, verdict.rule)
    elif was_allowed:
        decisions.denials.record(decided, verdict)
        modes = before.network.mode, decisions.policy.network.mode
        if isinstance(decided, Connect) and modes == (Mode.UNRESTRICTED, Mode.FILTERED):
            result.nameless += 1


def _as_the_kernel_would(decisions: Decisions, record: Decision, verdict: Verdict) -> Verdict:
    """A program that the floor refused though the policy allowed it needs more than a policy."""
    request = record.request
    if not (record.native and isinstance(request, Execute) and isinstance(verdict, Allow)):
        return verdict
    covered = decisions.floor.covers(request.path, Access.EXECUTE)
    return verdict if covered else Deny(verdict.rule, record.errno)


def _open(result: Replay, request: Request, rule: Rule) -> None:
    known = result.opened.get(key(request))
    if known is not None:
        known.count += 1
    elif len(result.opened) < _MAX_OPENED:
        result.opened[key(request)] = Opened(request, rule)
    else:
        result.opened_overflow += 1
