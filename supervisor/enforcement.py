"""What a sandbox enforces: policy, floor, what is its own, and what was refused so far."""

from __future__ import annotations

import errno
from typing import NoReturn

from nono.broker import (
    Access,
    Allow,
    Deny,
    Effect,
    Execute,
    Floor,
    Glob,
    Policy,
    Request,
)
from nono.supervisor.denials import Denials
from nono.supervisor.own import OwnObjects
from nono.supervisor.resolve import failure


class Enforcement:
    """Shared by the handlers of one sandbox; used from the loop's thread."""

    def __init__(self, policy: Policy, floor: Floor) -> None:
        self.policy = policy
        self.floor = floor
        self.own = OwnObjects()
        self.denials = Denials()
        self._denied_names = tuple(
            rule.pattern
            for rule in policy.rules
            if rule.effect is Effect.DENY and isinstance(rule.pattern, Glob)
        )

    def floor_covers(self, path: str, access: Access) -> bool:
        """True when the kernel grants `access` at `path` by itself and the policy agrees.

        A name denied by a glob that appeared after the start is not carved out of the floor, so
        it is sent to the policy, which refuses it.
        """
        if not self.floor.covers(path, access):
            return False
        return not any(pattern.matches(path) for pattern in self._denied_names)

    def require(self, request: Request) -> None:
        """Raise OSError with the verdict's errno, after noting the refusal, unless allowed."""
        verdict = self.policy.decide(request)
        if isinstance(verdict, Allow):
            return
        self.denials.record(request, verdict)
        # Nobody is there to be asked: a question is a refusal.
        raise failure(verdict.errno if isinstance(verdict, Deny) else errno.EACCES)

    def refuse_beyond_floor(self, request: Execute) -> NoReturn:
        """Note the refusal of what only the floor could grant, whatever the policy says; raise."""
        verdict = self.policy.decide(request)
        if isinstance(verdict, Allow):
            verdict = Deny(verdict.rule, errno.EACCES)
        self.denials.record(request, verdict)
        raise failure(verdict.errno if isinstance(verdict, Deny) else errno.EACCES)
