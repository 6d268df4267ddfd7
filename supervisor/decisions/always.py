"""The policy of a run, completed with what holds in every run."""

from __future__ import annotations

import os
from collections.abc import Mapping

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Effect,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
    floor_exclude,
)
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.kernel_mounts import refuse_kernel_mounts
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.places import canonical, state_directory

_ORIGIN = Origin(OriginKind.BUILTIN, "nono's own records")


def refuse_records(policy: Policy, env: Mapping[str, str] | None = None) -> Policy:
    """The policy, with a refusal for what audits are kept in, here and in the default place."""
    env = os.environ if env is None else env
    given = {state_directory(env), state_directory({**env, "XDG_STATE_HOME": ""})}
    paths = sorted(given | {canonical(path) for path in given})
    return policy.with_rules(
        Rule(Subtree(path), ALL_ACCESS, Effect.DENY, _ORIGIN) for path in paths
    )


def with_refusals(policy: Policy) -> Policy:
    """The policy, with what no sandbox may touch whatever it allows. Raises OSError."""
    return refuse_records(refuse_kernel_mounts(policy))


def with_private_tmpdir(policy: Policy, tmpdir: str) -> Policy:
    """The policy, with the right to all that is in the run's own TMPDIR."""
    origin = Origin(OriginKind.BUILTIN, "private TMPDIR")
    return policy.with_rules([Rule(Subtree(tmpdir), FLOOR_ACCESS, Effect.ALLOW, origin)])


def only_deciding(policy: Policy, tmpdir: str) -> Decisions:
    """What a run with this policy and this private TMPDIR would decide by, with nothing started."""
    policy = with_private_tmpdir(with_refusals(policy), tmpdir)
    floor = policy.floor(RealTree(), floor_exclude())
    return Decisions(policy.with_rules(floor.matched), floor)
