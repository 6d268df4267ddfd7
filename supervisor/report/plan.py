"""What a run would allow and refuse, without running anything."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from nono.broker import (
    DEFAULT_PORTS,
    Effect,
    Environment,
    Floor,
    Glob,
    Network,
    OriginKind,
    Rule,
    Subtree,
    Subtrees,
    singly,
    visible,
)
from nono.broker.caches import caches
from nono.broker.explaining import access_words
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.places import platform
from nono.supervisor.planning.network.services import not_passed_on
from nono.supervisor.planning.plan import Plan

if TYPE_CHECKING:
    from nono.broker.credentials.services import Service

_MAX_CARVED = 8
_MAX_JSON = 8192


def describe(
    plan: Plan, made: Complete, *, verbose: bool = False, short: bool = False, more: str = "-v"
) -> Iterator[str]:
    """Lines for people: what a person said and what it opens, the network, then the rest.

    Groups and built-in rules are a line each, with `verbose` a line for each of their rules, as are
    the directories that the broker decides in. `made` is the plan's policy, completed; `short`
    counts hosts of groups and variables, too; `more` is the option that makes it verbose.
    """
    policy, floor = made.policy, made.floor
    yield f"working directory: {visible(plan.workdir)}"
    if plan.limits is not None:
        # What only a run with limits needs is loaded only then.
        from nono.broker.limits import describe as limits

        yield from limits(plan.limits)
    yield from of_network(plan, policy.network, short)
    for of_persons in (True, False) if verbose else (True,):
        for effect in (Effect.DENY, Effect.ASK, Effect.ALLOW):
            yield from _rules(effect, _chosen(policy.rules, effect, of_persons))
    own = None if plan.caches is None else plan.caches.directory
    for path in policy.bypasses if own is None else [p for p in policy.bypasses if p != own]:
        yield f"protection lifted: {visible(path)}"
    for path in _left_out(policy.rules):
        yield f"open in what is protected: {visible(path)}"
    for what, copied in (
        ("nono's own copy, to read", made.copies.keys()),
        ("a copy without credentials, to read", made.cleaned.keys()),
    ):
        # No file can be shown in place of another one on macOS.
        words = "not to be read" if platform() == "macos" else what
        yield from (f"{words}: {visible(path)}" for path in sorted(copied))
    for name in not_passed_on(plan.environment, plan.services, os.environ):
        yield f"variable not passed on: {visible(name)}"
    if own is not None:
        yield from of_caches(plan.environment, own, short)
    if not verbose:
        yield from _in_short(policy.rules)
    if platform() == "macos":
        yield "enforced by the kernel alone, by Seatbelt"
        return
    yield from found_by_patterns(policy.rules, floor)
    yield f"enforced by the kernel alone: {len(floor.rules)} rules"
    for what, paths, why in (
        ("decided call by call", floor.carved, "something inside is denied"),
        ("changes decided call by call", floor.unwritten, "writing something inside is denied"),
    ):
        shown = sorted(paths) if verbose else sorted(paths)[:_MAX_CARVED]
        yield from (f"{what}: {visible(path)} ({why})" for path in shown)
        if len(paths) > len(shown):
            yield f"{what}: {len(paths) - len(shown)} more directories"
    if not verbose:
        yield f"({more} lists every rule and every directory)"


def found_by_patterns(rules: Iterable[Rule], floor: Floor) -> Iterator[str]:
    """A line for each person's refusal or question by a pattern: whether it means what is there."""
    for origin, count in _found(rules, floor).items():
        paths = f"{count} path{'' if count == 1 else 's'}" if count else "nothing"
        yield f"{visible(origin)}: matches {paths} so far"


def _found(rules: Iterable[Rule], floor: Floor) -> dict[str, int]:
    found: dict[str, set[str]] = {
        str(rule.origin): set()
        for rule in rules
        if isinstance(rule.pattern, Glob)
        and rule.effect is not Effect.ALLOW
        and rule.origin.is_of_person
    }
    for rule in floor.matched:
        if isinstance(rule.pattern, Subtree) and str(rule.origin) in found:
            found[str(rule.origin)].add(rule.pattern.path)
    return {origin: len(paths) for origin, paths in found.items()}


def _left_out(rules: Iterable[Rule]) -> list[str]:
    """What refusals of many paths do not reach, because a person named it."""
    patterns = [rule.pattern for rule in rules]
    return sorted({p for each in patterns if isinstance(each, Subtrees) for p in each.left_out})


def of_caches(environment: Environment, directory: str, short: bool) -> Iterator[str]:
    """Which tools keep theirs there, by their variables."""
    variables = [(name, value) for name, value in environment.set if name in caches()]
    count = f", by {len(variables)} variables" if short else ""
    yield f"caches of the sandbox's own, kept for the next run: {visible(directory)}{count}"
    if not short:
        for name, value in variables:
            yield f"  {name}={visible(value.replace(directory, '...'))}"
        yield f"  PATH=...:{':'.join(visible(path) for path in environment.search)}"


def _chosen(rules: Sequence[Rule], effect: Effect, of_persons: bool) -> list[Rule]:
    return [
        rule for rule in rules if rule.effect is effect and rule.origin.is_of_person is of_persons
    ]


def _in_short(rules: Sequence[Rule]) -> Iterator[str]:
    """One line for each group and built-in rule: how many paths it speaks of."""
    counts: Counter[str] = Counter()
    words: dict[str, set[str]] = {}
    for rule in rules:
        if not rule.origin.is_of_person:
            name = visible(str(rule.origin))
            spellings = getattr(rule.pattern, "spellings", None)
            counts[name] += 1 if spellings is None else len(spellings)
            words.setdefault(name, set()).add(f"{rule.effect} {access_of(rule)}")
    for name, count in counts.items():
        paths = f"{count} path{'' if count == 1 else 's'}"
        yield f"{name}: {paths}: {'; '.join(sorted(words[name]))}"


def access_of(rule: Rule) -> str:
    """What a rule allows or refuses, in words."""
    all_of_it = rule.effect is Effect.DENY and not rule.only_of_changes
    return "all" if all_of_it else access_words.names(rule.access)


def _rules(effect: Effect, rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        access = access_of(rule)
        path = visible(getattr(rule.pattern, "path", rule.pattern.spelled))
        yield f"{effect} {access}: {path}  [{visible(str(rule.origin))}]"


def of_network(plan: Plan, network: Network, short: bool) -> Iterator[str]:
    """What is reached, and by what; with `short` hosts of groups are counted."""
    yield f"network: {network.mode}"
    for deed, rules in (("connect", network.rules), ("listen", network.listen)):
        of_groups = [rule for rule in rules if short and rule.origin.kind is OriginKind.GROUP]
        for name, count in Counter(visible(str(rule.origin)) for rule in of_groups).items():
            yield f"allow {deed}: {count} host{'' if count == 1 else 's'}  [{name}]"
        for rule in (rule for rule in rules if rule not in of_groups):
            yield f"{rule.effect} {deed}: {hosts_of(rule)}  [{visible(str(rule.origin))}]"
    if network.closed is not None:
        yield f"deny connect: every host  [{visible(str(network.closed.origin))}]"
    for rule in network.unchecked:
        yield f"server name in TLS not compared: {visible(rule.pattern.spelled)}"
    for address, port in plan.nameservers:
        yield f"names of hosts are looked up at: {address} port {port}"
    if plan.by_proxy:
        yield "hosts are reached by nono's proxy alone, which programs have to use"
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


def hosts_of(rule: Rule) -> str:
    """The pattern, with the ports when they are not part of what was written."""
    ports = getattr(rule.pattern, "ports", None)
    spelled = visible(rule.pattern.spelled)
    return f"{spelled} (ports 80 and 443)" if ports == DEFAULT_PORTS else spelled


def as_json(plan: Plan, made: Complete, argv: Sequence[str]) -> str:
    """The same in one line of JSON, with every rule."""
    network = made.policy.network
    return json.dumps(
        {
            "command": [_safe(word) for word in argv],
            "workdir": _safe(plan.workdir),
            "rules": [_record(rule) for rule in singly(made.policy.rules)],
            "bypassed": [_safe(path) for path in made.policy.bypasses],
            "open_in_what_is_protected": [_safe(path) for path in _left_out(made.policy.rules)],
            "copies": [_safe(path) for path in sorted(made.copies)],
            "cleaned": [_safe(path) for path in sorted(made.cleaned)],
            "caches": None if plan.caches is None else _safe(plan.caches.directory),
            "variables_not_passed_on": [
                _safe(name) for name in not_passed_on(plan.environment, plan.services, os.environ)
            ],
            "network": {
                "mode": str(network.mode),
                "connect": [_record(rule) for rule in network.rules],
                "listen": [_record(rule) for rule in network.listen],
                "name_not_compared": [_safe(rule.pattern.spelled) for rule in network.unchecked],
                "nameservers": [f"{address} port {port}" for address, port in plan.nameservers],
                "by_proxy": plan.by_proxy,
                "services": [_safe(service.name) for service in plan.services],
            },
            "limits": {} if plan.limits is None else dict(plan.limits.said()),
            "found_by_patterns": {
                _safe(origin): count
                for origin, count in _found(made.policy.rules, made.floor).items()
            },
            "kernel_rules": len(made.floor.rules),
            "decided_call_by_call": [_safe(path) for path in sorted(made.floor.carved)],
            "changes_decided_call_by_call": [_safe(path) for path in sorted(made.floor.unwritten)],
        }
    )


def _record(rule: Rule) -> Mapping[str, str]:
    return {
        "effect": str(rule.effect),
        "access": access_of(rule),
        "pattern": _safe(getattr(rule.pattern, "path", rule.pattern.spelled)),
        "origin": _safe(str(rule.origin)),
    }


def _safe(text: str) -> str:
    return visible(text, limit=_MAX_JSON)
