"""What a person should know of a run without the broker, at its start."""

from __future__ import annotations

from collections.abc import Iterator

from nono.broker import HostName, HostSuffix, Mode
from nono.broker.rules.rule import Effect
from nono.broker.settings import flag
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.projects.start_files import without_start_files

_UNPROTECTED = (
    "without the broker the program may change what runs by itself later, such as .git/hooks:"
    " look before you use what it was given"
)
_UNFOUND = (
    "without the broker no host is found by its name, and what {} allows is not reached:"
    f" {flag('network.by')}=proxy reaches it"
)


def notes(plan: Plan) -> Iterator[str]:
    """What it does not protect, and what of the policy it cannot give."""
    if without_start_files(plan.policy.rules) != plan.policy.rules:
        yield _UNPROTECTED
    network = plan.policy.network
    if network.mode is not Mode.FILTERED or plan.by_proxy:
        return
    for rule in network.rules:
        if rule.effect is Effect.ALLOW and isinstance(rule.pattern, HostName | HostSuffix):
            yield _UNFOUND.format(rule.origin)
            return
