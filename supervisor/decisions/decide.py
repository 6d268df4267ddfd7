"""What a sandbox decides by: policy and floor; and what was refused so far."""

from __future__ import annotations

import errno
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property

from nono.broker import (
    OWN_OBJECT,
    Access,
    AddressBlock,
    Allow,
    Ask,
    Connect,
    Deny,
    Execute,
    Floor,
    LocalPort,
    Mode,
    Open,
    Origin,
    PathChange,
    Policy,
    Process,
    Request,
    Rule,
    Verdict,
)
from nono.broker.dataclass import replace
from nono.broker.network.network import refusal_errno
from nono.broker.requests import NAME_CHANGES
from nono.broker.rules.paths import child, lineage, parent
from nono.broker.rules.rule import builtin
from nono.supervisor.decisions.denials import Denials
from nono.supervisor.decisions.denied_names import DeniedNames
from nono.supervisor.decisions.given import Given
from nono.supervisor.decisions.own_addresses import is_of_this_machine, loopback_like
from nono.supervisor.decisions.refusal import Refusal
from nono.supervisor.decisions.undecided import Undecided, once_of, refused

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import NoReturn

    from nono.broker.policy.table import Spelled
    from nono.supervisor.decisions.remembered import Remembered
    from nono.supervisor.decisions.witness import Witness
    from nono.supervisor.planning.git.repositories import Repository

_LOCAL_PATTERNS = (AddressBlock, LocalPort)
_MAX_UNRESOLVED = 100
_TICK = 10_000_000  # nanoseconds, by which the kernel's times of files may lag behind
_ANY_NAME = "any-name-that-no-rule-has-5d2c81"

OWN_COPY = builtin("nono's own copy, only to be read")
"""What a program is given instead of a file of the machine's, whatever the policy says of that."""


class Decisions:
    """Shared by all that serves one sandbox. May be used from any thread.

    Each program of the sandbox has a loop of its own, and what waits is served by trio's thread.
    No policy and no floor ever changes; each may be replaced as a whole, under a lock: by `extend`
    and `retract`, and by `note_moved`. To read takes none.
    """

    def __init__(
        self,
        policy: Policy,
        floor: Floor,
        witness: Witness | None = None,
        copies: Collection[str] = frozenset(),
    ) -> None:
        """`copies` are the paths of files that the program is given nono's own instead of."""
        self.policy = policy
        self.is_asked: Callable[[Request, Ask], bool] | None = None
        """Whether a person is asked about such a request; None where nobody is ever."""
        self.answer_at_once: Callable[[Undecided], tuple[Request, Verdict]] | None = None
        """Decides by an answer that is there before the call goes on. Raises as `require`."""
        self.opening: Callable[[Iterable[Rule], Iterable[Repository] | None], None] | None = None
        """Who looks at what is opened during the run, before it is open."""
        self.floor, self.since = floor, time.time_ns() - _TICK
        self.witness = witness
        """Who is told of every decision, if anybody."""
        self.asks_no_more: Origin | None = None
        """The answer by which a person wanted no more questions, until they want some again."""
        self.denials = Denials()
        self.awaited: set[str] = set()
        """Directories that were made at the start, for a program that may want to make them."""
        self.at_start = policy
        """Without answers, and without what holds them."""
        self._given, self._lock = Given(policy), threading.Lock()
        self._unresolved, self._ruled = dict[str, str](), set[str]()
        self._copies, self._denied_names = copies, DeniedNames(policy)
        self.version = bytearray(4)  # another when policy or floor is, for a lane in C to see

    def table(self, with_rules: bool, spelled: Spelled | None = None) -> tuple[int, bytes]:
        """The version, and floor and policy of then as `broker/policy/table.py` has them."""
        from nono.broker.policy.table import flat_table

        with self._lock:
            version = int.from_bytes(self.version, sys.byteorder)
            parts = self.floor, self.policy, self._copies
        return version, flat_table(*parts, with_rules, spelled)

    def _renew(self) -> None:
        """Under the lock, after something was replaced."""
        version = int.from_bytes(self.version, sys.byteorder) + 1
        self.version[:] = (version & 0xFFFFFFFF).to_bytes(4, sys.byteorder)

    def take_awaited(self, path: str) -> bool:
        """True for the one who makes such a directory: it is there, and nobody else makes it."""
        with self._lock:
            is_awaited = path in self.awaited
            self.awaited.discard(path)
        return is_awaited

    def floor_covers(self, path: str, access: Access) -> bool:
        """True when the kernel grants `access` at `path` by itself and the policy agrees.

        A name denied by a glob that appeared after the start is not carved out of the floor, so
        it is sent to the policy, which refuses it.
        """
        if not self.floor.covers(path, access):
            return False
        return not self._denied_names.refuse(path, access._value_)

    def refuses_names_in(self, directory: str) -> bool:
        """True when a pattern refuses some name directly in the directory or below it."""
        return self._denied_names.begin_in(directory)

    @property
    def refuses_names(self) -> bool:
        """True when some pattern refuses to read names, wherever what has such a name may be."""
        return self._denied_names.of_reading

    def refused_name(self, process: Process, names: Iterable[str], access: Access) -> Open | None:
        """The open of the first of these names, by way of links, that a pattern refuses.

        What it leads to may have another name that is open: this one is not.
        """
        for name in names:
            if self._denied_names.cover(name):
                request = Open(process, name, access)
                if isinstance(self.policy.decide(request), Deny):
                    return request
        return None

    def note_moved(self, path: str) -> None:
        """The broker deleted, renamed or replaced what was at `path`: no rule of the floor's there
        says anything about the name any more."""
        self._ruled = self._ruled or {e for rule in self.floor.rules for e in lineage(rule.path)}
        if path in self._ruled:
            with self._lock:
                self.floor = self.floor.without(path)
                self._renew()

    def extend(
        self, rules: Iterable[Rule], refusals: Iterable[Rule] = (), folding: Iterable[str] = ()
    ) -> None:
        """Add a person's answers to the policy, and refusals that go with them, in one step.

        No refusal may speak of what the floor covers; `folding` are trees as the policy has them.
        Raises broker.PolicyError.
        """
        with self._lock:
            policy = self._given.extended(self.policy, rules, refusals, folding)
            # First more names are left to the policy, then it decides on them.
            if policy.rules is not self.policy.rules or policy.folding != self.policy.folding:
                self._denied_names = DeniedNames(policy)
            self.policy = policy
            self._renew()

    def retract(self, origin: Origin) -> None:
        """Take back the answers of this origin, with the refusals that came with no other one."""
        with self._lock:
            policy = self._given.without(self.policy, origin)
            # First what was opened is closed, then fewer names are left to the policy.
            self.policy = policy
            self._denied_names = DeniedNames(policy)
            self._renew()

    def _policy_for(self, request: Request) -> Policy:
        """With what a person allowed this one call of this one thread, if anything."""
        once = once_of(request)
        return self.policy.extended(once) if once else self.policy

    def allows(self, request: Request) -> bool:
        """Whether the policy allows the request. Notes nothing."""
        return isinstance(self._decide(request)[1], Allow)

    def admits(self, request: Request) -> bool:
        """As `allows`, for a call that is performed if it is true, and asked about again if not."""
        decided, verdict = self._decide(request)
        if not isinstance(verdict, Allow):
            return False
        if self.witness is not None:
            self.witness.decision(request, decided, verdict)
        return True

    def note_native(self, request: Request) -> None:
        """A call that is continued because the floor holds. Raises OSError as `require` does."""
        if self.witness is not None:
            self.witness.native(request)

    def verdict(self, request: Request) -> tuple[Request, Verdict]:
        """What `require` goes by, and the request that it is about. Notes nothing."""
        if isinstance(request, Open) and request.path in self._copies:
            can_be = request.access == Access.READ
            return request, Allow(OWN_COPY) if can_be else Deny(OWN_COPY, errno.EACCES)
        decided, verdict = self._decide(request)
        if isinstance(verdict, Allow) and verdict.rule is not OWN_OBJECT:
            return self._decide_name(decided, verdict)
        return decided, verdict

    def _decide(self, request: Request) -> tuple[Request, Verdict]:
        """The verdict. An address of this machine's own is as good as loopback.

        What listens on every address is reached by each of them, so unless a rule names this one
        it is decided as loopback is.
        """
        policy = self._policy_for(request)
        if type(request) is Open and self.answer_at_once is not None:
            return request, self._decide_again(policy, request)
        if not isinstance(request, Connect):
            return request, policy.decide(request)
        verdict = self._decide_again(policy, request)
        if policy.network.mode is not Mode.FILTERED:
            return request, verdict
        if not isinstance(verdict, Allow) or isinstance(verdict.rule.pattern, _LOCAL_PATTERNS):
            return request, verdict
        if verdict.rule is OWN_OBJECT or not is_of_this_machine(request.address):
            return request, verdict
        local = replace(request, address=loopback_like(request.address))
        return local, policy.decide(local)

    def _decide_again(self, policy: Policy, request: Open | Connect) -> Verdict:
        """The policy's verdict, which is remembered, unless it is the policy of this one call."""
        is_usual = policy is self.policy
        return self._known.decide(policy, request) if is_usual else policy.decide(request)

    @cached_property
    def _known(self) -> Remembered:  # which few runs need
        from nono.supervisor.decisions.remembered import Remembered

        return Remembered()

    def require(self, request: Request, *later: Request) -> None:
        """Raise OSError with the verdict's errno, after noting the refusal, unless allowed.

        Raises it, too, when an audit that is required cannot record the decision. Raises Undecided
        when a person is to be asked, who then decides on what the call will require `later` too.
        """
        policy = self.policy
        decided, verdict = self.verdict(request)
        if isinstance(verdict, Ask) and self._asks(request, verdict):
            undecided = Undecided(((request, verdict), *self._undecided(later)), policy)
            if self.answer_at_once is None:
                raise undecided
            decided, verdict = self.answer_at_once(undecided)
        self._note(request, decided, verdict)

    def _undecided(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Ask]]:
        """Those to be asked about. Raises OSError where one is refused, whatever the answer is."""
        for request in requests:
            decided, verdict = self.verdict(request)
            if isinstance(verdict, Ask) and self._asks(request, verdict):
                yield request, verdict
            elif not isinstance(verdict, Allow):
                self._note(request, decided, verdict)

    def _note(self, request: Request, decided: Request, verdict: Verdict) -> None:
        if isinstance(verdict, Ask) and self.asks_no_more is not None:
            verdict = refused(verdict, decided, self.asks_no_more)
        if not isinstance(verdict, Allow):
            self.denials.record(decided, verdict)
        if self.witness is not None:
            self.witness.decision(request, decided, verdict)
        if not isinstance(verdict, Allow):
            # Nobody is there to be asked: a question is a refusal.
            number = verdict.errno if isinstance(verdict, Deny) else refusal_errno(decided)
            raise Refusal(number)

    def _asks(self, request: Request, verdict: Ask) -> bool:
        """Only while a handler decides, which can be run again: see `Caller.asks`."""
        if self.is_asked is None or not getattr(request.process, "asks", False):
            return False
        return self.is_asked(request, verdict)

    def refuse_unanswered(self, request: Request, why: Deny | None) -> NoReturn:
        """Note the refusal of what a person refused, whose answer is `why`, or of what nobody
        answered, so that what asked refuses it; raise."""
        decided, verdict = self.verdict(request)
        if why is None and isinstance(verdict, Ask):
            why = refused(verdict, decided, self.asks_no_more or verdict.rule.origin)
        self._note(request, decided, why or verdict)
        raise Refusal(refusal_errno(request))  # somebody allowed it meanwhile

    def _decide_name(self, request: Request, verdict: Verdict) -> tuple[Request, Verdict]:
        """To remove or replace a name takes a right on the directory that it is in.

        A grant on a path is none: who may write to /dev/null or work in a project may not put a
        link there, which the next run would follow. It is one if it holds for any name beside it,
        or if somebody was asked about this very change.
        """
        if not isinstance(request, PathChange) or request.operation not in NAME_CHANGES:
            return request, verdict
        any_name = replace(request, path=child(parent(request.path), _ANY_NAME))
        policy = self._policy_for(request)
        named = {getattr(rule.pattern, "path", None) for rule in once_of(request)}
        if request.path in named or isinstance(policy.decide(any_name), Allow):
            return request, verdict
        writing = Open(request.process, parent(request.path), Access.WRITE)
        return writing, policy.decide(writing)

    @property
    def unresolved(self) -> dict[str, str]:
        """Hosts that were allowed and have no known address so far, and why; at most 100."""
        with self._lock:
            return dict(self._unresolved)

    def note_unresolved(self, host: str, why: str) -> None:
        """Remember that a host that the policy allows has no known address."""
        with self._lock:
            if len(self._unresolved) < _MAX_UNRESOLVED:
                self._unresolved[host] = why
        if self.witness is not None:
            self.witness.unresolved(host, why)

    def refuse(self, request: Request, verdict: Deny) -> NoReturn:
        """Note a refusal that more than the policy decided; raise."""
        self.denials.record(request, verdict)
        if self.witness is not None:
            self.witness.decision(request, request, verdict)
        raise Refusal(verdict.errno)

    def refuse_beyond_floor(self, request: Execute) -> NoReturn:
        """Note the refusal of what only the floor could grant, whatever the policy says; raise."""
        verdict = self.policy.decide(request)
        if isinstance(verdict, Allow):
            verdict = Deny(verdict.rule, errno.EACCES)
        self.denials.record(request, verdict)
        if self.witness is not None:
            self.witness.native(request, refused=verdict)
        raise Refusal(verdict.errno if isinstance(verdict, Deny) else errno.EACCES)
