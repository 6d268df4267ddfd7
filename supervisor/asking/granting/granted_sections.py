"""What a person grants a sandbox that runs: sections of a profile, as rules of the run.

They are read as a profile's are. What a refusal speaks of is not granted, whoever wants it: deny
beats allow, and here whoever asks is told so.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from nono.broker import Access, Deny, Effect, Mode, Open, OriginKind, Policy, Rule, UnixConnect
from nono.broker.errors import ProfileError
from nono.broker.network.network import LISTENING
from nono.broker.profile.merge import merge
from nono.broker.profile.parse import parse
from nono.broker.requests import NOBODY, Request
from nono.broker.rules.host_patterns import NetworkPattern
from nono.broker.settings import BY_NAME, REACHING, Kind, Settings
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory, platform
from nono.supervisor.planning.network.network_rules import reaching_rules
from nono.supervisor.planning.paths.opened_by_patterns import opened_by_people
from nono.supervisor.planning.paths.path_rules import path_rules
from nono.supervisor.planning.profiles.profile_findings import Findings
from nono.supervisor.planning.profiles.profile_paths import ProfilePaths, Variables
from nono.supervisor.walk import Changeable

_SOURCE = "the grant"
_KINDS = REACHING | {Kind.DIRECTORY, Kind.FILE, Kind.LISTED, Kind.SOCKET}
_MAX_RULES = 100


def granted_sections(sections: dict[str, Any], policy: Policy, workdir: str) -> list[Rule]:
    """The rules. Raises UsageError, broker.PolicyError for what cannot be granted to a run.

    A link that the program may have put there is not followed.
    """
    settings = merge([parse(_SOURCE, json.dumps(sections).encode())], platform())
    _check_keys(settings)
    findings = Findings()
    variables = Variables(os.environ, home_directory(os.environ), workdir)
    written = opened_by_people(policy.rules, Access.WRITE).directories
    paths = ProfilePaths(variables, findings, Changeable(tuple(written)))
    rules = [*path_rules(settings, Effect.ALLOW, paths), *reaching_rules(settings)]
    if findings.problems:
        raise ProfileError(findings.problems)
    if not rules:
        raise UsageError(f"nothing is granted: {'; '.join(findings.notes) or 'no rule'}")
    if len(rules) > _MAX_RULES:
        raise UsageError(f"more than {_MAX_RULES} rules at once")
    return rules


def _check_keys(settings: Settings) -> None:
    for name in (*settings.settings, *settings.cleared):
        key = BY_NAME[name]
        if key.kind not in _KINDS or key.effect is not Effect.ALLOW or name in settings.cleared:
            raise UsageError(f"{name} cannot be granted to a sandbox that runs")


def check_refusals(rules: Iterable[Rule], policy: Policy) -> None:
    """Raise UsageError where what is named is refused by a rule, not only not allowed."""
    for rule in rules:
        for path in rule.named:
            for request in _requests(path, rule.access):
                verdict = policy.decide(request)
                if isinstance(verdict, Deny) and verdict.rule.origin.kind is not OriginKind.DEFAULT:
                    what = f"{path} is refused by {verdict.rule.origin}"
                    raise UsageError(f"{what}, which only a new run can be without", _why(request))


def check_network(rules: Iterable[Rule], policy: Policy) -> None:
    """Raise UsageError where what is named on the network is open already, or none is to be had."""
    mode = policy.network.mode
    for rule in rules:
        if isinstance(rule.pattern, NetworkPattern) and rule.access is not LISTENING:
            if mode is Mode.UNRESTRICTED:
                raise UsageError("the network of this run is open already: it connects anywhere")
            if mode is Mode.BLOCKED:
                raise UsageError("this run has no network, which only a new run can have")


def _why(request: Request) -> str:
    """The command that says more about a refusal."""
    if isinstance(request, Open):
        op = "write" if request.access & Access.WRITE else "read"
        return f"nono why --path {shlex.quote(request.path)} --op {op}"
    return ""


def _requests(path: str, access: Access) -> Iterator[Request]:
    """What the grant would let somebody do, each by itself."""
    for one in access:
        connects = one is Access.CONNECT
        yield UnixConnect(NOBODY, path) if connects else Open(NOBODY, path, one)
