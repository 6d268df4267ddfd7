"""Learning where nobody sees what a program is allowed: by refusal, in rounds (macOS).

The program runs under what a profile of it allows so far, and what is refused in a run, and could
be allowed to it, is what the next profile adds. It ends when a round is refused nothing new, or
when there have been enough. So the program is run several times, from its beginning each time;
what it cannot be let do (a protected path) is refused in every round.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import replace

from nono.broker import Allow, Ask, Deny, NetworkRequest, Request, Verdict
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.learning.observe import Learner, learning_plan
from nono.supervisor.learning.profile import Outcome
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.plan import Plan

MAX_ROUNDS = 12


class Rounds:
    """The plans of one learning, one round after the other."""

    def __init__(self, options: Options, argv: Sequence[str], learner: Learner) -> None:
        """Raises as `make_plan` does."""
        self._options = options
        self._argv = argv
        self._learner = learner
        self._wide = learning_plan(options, argv, os.environ)
        self._known = 0
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self.count = 0
        self.witness = Refused(learner, complete(self._wide).decisions())

    def first(self) -> Plan:
        """What the first round goes by: what an ordinary run would."""
        self.count = 1
        return self._plan(self._options.profile)

    def another(self, outcome: Outcome) -> Plan | None:
        """What the next one goes by; None when there is nothing to be found out any more."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)  # as the first one was started with
        found = len(self._learner.requests)
        if found == self._known or self.count >= MAX_ROUNDS:
            return None
        self._known = found
        self.count += 1
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(outcome.text)
            file.flush()
            return self._plan(file.name)

    def _plan(self, profile: str | None) -> Plan:
        """With every host open that learning opens: the proxy sees what is reached."""
        given = Options(profile=profile, workdir=self._options.workdir, caches=True)
        plan = make_plan(given, self._argv)
        network = self._wide.policy.network
        return replace(
            plan,
            policy=replace(plan.policy, network=network),
            nameservers=self._wide.nameservers,
            upstream_proxy=self._wide.upstream_proxy,
        )


class Refused:
    """The witness of a round: what was refused, and learning would have let be, was needed."""

    every_call = True
    refuses = False
    may_refuse = False

    def __init__(self, learner: Learner, wide: Decisions) -> None:
        self._learner = learner
        self._wide = wide

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None:
        """As `Witness.decision`."""
        if not isinstance(request, NetworkRequest):
            verdict = self._wide.verdict(request)[1]
        if isinstance(verdict, Allow):
            self._learner.decision(request, decided, verdict)

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None:
        """No such call is seen."""

    def unresolved(self, host: str, why: str) -> None:
        """As `Witness.unresolved`."""
        self._learner.unresolved(host, why)
