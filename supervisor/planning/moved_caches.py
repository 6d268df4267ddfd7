"""A plan with its own caches in another place, to be compared with what went by other ones.

Each profile has its own, so that where they are tells nothing of what two profiles differ in.
"""

from __future__ import annotations

import os

from nono.broker import Policy, Subtree
from nono.broker.dataclass import replace
from nono.broker.rules.rule import OWN_CACHES
from nono.supervisor.planning.paths.own_caches import OwnCaches
from nono.supervisor.planning.plan import Plan


def elsewhere(plan: Plan, directory: str | None) -> Plan:
    """The plan with its own caches in another directory, or in none, to be compared with a plan."""
    if plan.caches is None:
        return plan
    here, policy = plan.caches.directory, plan.policy
    rules = [rule for rule in policy.rules if rule.origin != OWN_CACHES]
    bypasses = [path for path in policy.bypasses if path != here]
    if directory is not None:
        root, name = os.path.split(directory)
        rules += OwnCaches(root, name).rules()
        bypasses.append(directory)
    kept = tuple((name, value) for name, value in plan.environment.set if here not in value)
    return replace(
        plan,
        policy=replace(policy, rules=tuple(rules), bypasses=tuple(bypasses)),
        environment=replace(plan.environment, set=kept, search=()),
    )


def directory_in(policy: Policy) -> str | None:
    """The directory of a run's own caches, by its policy."""
    found = [rule.pattern for rule in policy.rules if rule.origin == OWN_CACHES]
    return found[0].path if found and isinstance(found[0], Subtree) else None
