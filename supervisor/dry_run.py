"""What a run would allow and refuse, without running anything."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence

from nono.broker import Access, Effect, Rule, floor_exclude, visible
from nono.supervisor.kernel_mounts import refuse_kernel_mounts
from nono.supervisor.plan import Plan
from nono.supervisor.ruleset import RealTree

_LETTERS = (
    (Access.READ, "read"),
    (Access.WRITE, "write"),
    (Access.EXECUTE, "execute"),
    (Access.CREATE, "create"),
    (Access.CONNECT, "connect"),
)


def describe(plan: Plan, argv: Sequence[str]) -> Iterator[str]:
    """Lines for people: the command, every rule with its origin, and what the kernel enforces."""
    policy = refuse_kernel_mounts(plan.policy)
    floor = policy.floor(RealTree(), floor_exclude())
    yield f"command: {visible(shlex.join(argv), limit=1000)}"
    yield f"working directory: {visible(plan.workdir)}"
    for effect in (Effect.DENY, Effect.ASK, Effect.ALLOW):
        yield from _rules(effect, [rule for rule in policy.rules if rule.effect is effect])
    for path in policy.bypasses:
        yield f"protection lifted: {visible(path)}"
    yield f"enforced by the kernel alone: {len(floor.rules)} rules"
    for path in sorted(floor.carved):
        yield f"decided call by call: {visible(path)} (something inside is denied)"
    for name in plan.environment.dropped(os.environ):
        yield f"variable not passed on: {visible(name)}"


def _rules(effect: Effect, rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        access = "all" if effect is Effect.DENY else _words(rule.access)
        path = visible(getattr(rule.pattern, "path", rule.pattern.spelled))
        yield f"{effect} {access}: {path}  [{visible(str(rule.origin))}]"


def _words(access: Access) -> str:
    return ",".join(word for bit, word in _LETTERS if bit in access)
