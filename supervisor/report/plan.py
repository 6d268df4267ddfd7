"""What a run would allow and refuse, without running anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nono.broker import DEFAULT_PORTS, Effect, Network, Rule, visible
from nono.broker.explaining import access_words
from nono.supervisor.decisions.always import Complete
from nono.supervisor.planning.plan import Plan

if TYPE_CHECKING:
    from nono.broker.credentials.services import Service


def describe(plan: Plan, made: Complete) -> Iterator[str]:
    """Lines for people: every rule with its origin, and what the kernel enforces.

    `made` is the plan's policy, completed.
    """
    policy, floor = made.policy, made.floor
    yield f"working directory: {visible(plan.workdir)}"
    for effect in (Effect.DENY, Effect.ASK, Effect.ALLOW):
        yield from _rules(effect, [rule for rule in policy.rules if rule.effect is effect])
    for path in policy.bypasses:
        yield f"protection lifted: {visible(path)}"
    yield from _network(plan, policy.network)
    for path in sorted(made.copies):
        yield f"nono's own copy, to read: {visible(path)}"
    for path in sorted(made.cleaned):
        yield f"a copy without credentials, to read: {visible(path)}"
    yield f"enforced by the kernel alone: {len(floor.rules)} rules"
    for path in sorted(floor.carved):
        yield f"decided call by call: {visible(path)} (something inside is denied)"
    for path in sorted(floor.unwritten):
        yield f"changes decided call by call: {visible(path)} (writing something inside is denied)"
    for name in plan.environment.dropped(os.environ):
        yield f"variable not passed on: {visible(name)}"


def _rules(effect: Effect, rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        all_of_it = effect is Effect.DENY and not rule.only_of_changes
        access = "all" if all_of_it else access_words.names(rule.access)
        path = visible(getattr(rule.pattern, "path", rule.pattern.spelled))
        yield f"{effect} {access}: {path}  [{visible(str(rule.origin))}]"


def _network(plan: Plan, network: Network) -> Iterator[str]:
    yield f"network: {network.mode}"
    for deed, rules in (("connect", network.rules), ("listen", network.listen)):
        for rule in rules:
            yield f"{rule.effect} {deed}: {_hosts(rule)}  [{visible(str(rule.origin))}]"
    if network.closed is not None:
        yield f"deny connect: every host  [{visible(str(network.closed.origin))}]"
    for rule in network.unchecked:
        yield f"server name in TLS not compared: {visible(rule.pattern.spelled)}"
    for address, port in plan.nameservers:
        yield f"names of hosts are looked up at: {address} port {port}"
    proxy = plan.upstream_proxy
    if proxy is not None:
        through, by = visible(proxy.authority), visible(proxy.named_by)
        yield f"hosts are reached through the proxy: {through}  [{by}]"
    if plan.services:
        yield from _services(plan.services)


def _services(services: Sequence[Service]) -> Iterator[str]:
    from nono.supervisor.credentials.keys import find

    for service in services:
        yield f"service {visible(service.name)}: {visible(str(service.upstream))}"
        yield f"  host, through nono only: {visible(service.upstream.authority)}"
        yield f"  key from {visible(str(find(service, os.environ)))}"
        yield f"  variables with a token: {', '.join(map(visible, service.key_variables))}"
        yield f"  variables with its URL: {', '.join(map(visible, service.url_variables))}"
        for endpoint in service.endpoints:
            yield f"  allow request: {visible(str(endpoint))}"


def _hosts(rule: Rule) -> str:
    """The pattern, with the ports when they are not part of what was written."""
    ports = getattr(rule.pattern, "ports", None)
    spelled = visible(rule.pattern.spelled)
    return f"{spelled} (ports 80 and 443)" if ports == DEFAULT_PORTS else spelled
