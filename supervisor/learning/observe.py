"""Learning: a run that may do more than it shall, and what of it was needed.

The program may read all that is not protected, reach any host, and write where programs may be let
write: in the working directory, in the cache directory what was not there before, and state of its
own in the home (`own_state`). What tools
fetch goes into caches of the sandbox's own, as in the runs that the profile is for. The program is
told of nothing. What an ordinary run of it would have been refused is what a profile has to grant.
"""

from __future__ import annotations

import os
import pwd
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from nono.broker import (
    FLOOR_ACCESS,
    Access,
    Allow,
    Ask,
    Bind,
    Connect,
    Deny,
    Effect,
    Execute,
    Mode,
    Network,
    NetworkRequest,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Request,
    Rule,
    Subtree,
    Subtrees,
    Verdict,
    group,
    groups,
    is_within,
    rules_of,
)
from nono.broker.caches import real_places
from nono.broker.credentials.services import PROXY_ORIGIN
from nono.broker.learning.needs import MAX_NEEDS, Needs
from nono.broker.rules.access import CHANGING
from nono.broker.rules.addresses import destination
from nono.broker.rules.paths import outermost
from nono.broker.rules.rule import NETWORK_PROXY, OWN_CACHES, Anything
from nono.broker.settings import KEYS, REACHING
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.denials import key
from nono.supervisor.learning.own_state import entries, opened_by_person, state_rules
from nono.supervisor.places import base_directory, canonical, home_directory, platform
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options, settings_of
from nono.supervisor.planning.paths.anywhere import anchored
from nono.supervisor.planning.paths.group_paths import Expander
from nono.supervisor.planning.paths.system_secrets import SYSTEM_SECRETS
from nono.supervisor.planning.plan import Plan

_ORIGIN = Origin(OriginKind.BUILTIN, "learning")
_WORKDIR = Origin(OriginKind.FLAG, "nono learn")
_PROXIES = PROXY_ORIGIN, NETWORK_PROXY
_MAX_HOMES = 50
_MAX_CACHES = 2000


def stores(env: Mapping[str, str], home: str) -> tuple[str, ...]:
    """The directories that hold one for each tool, canonical: that of caches."""
    return (canonical(base_directory("XDG_CACHE_HOME", env, home)),)


def base_plan(options: Options, argv: Sequence[str]) -> Plan:
    """What a run with the options' profile, and no other option but --caches, would go by."""
    given = Options(profile=options.profile, workdir=options.workdir, caches=True)
    return make_plan(given, argv)


def learning_plan(options: Options, argv: Sequence[str], env: Mapping[str, str]) -> Plan:
    """What the program may do while it is watched. Raises as `make_plan` does.

    Options that name hosts or ports, or block the network, limit what is reached. The working
    directory is opened as by a flag: in it is refused what runs by itself later.
    """
    from nono.supervisor.planning.network.network_rules import nameservers, unchecked
    from nono.supervisor.planning.network.upstream_proxy import chosen_proxy, without_proxy

    watched = replace(options, dns=(), no_sni_check=(), upstream_proxy=None, caches=True)
    plan = make_plan(watched, argv, opening_workdir=_WORKDIR)
    flags = settings_of(options)
    home = home_directory(env)
    network = plan.policy.network
    if network.mode is not Mode.BLOCKED:
        rest = None
        if network.closed is None and not any(
            key.kind in REACHING and flags.speak_of(key.name) for key in KEYS
        ):
            rest = Rule(Anything(), Access.CONNECT, Effect.ALLOW, _ORIGIN)
        network = replace(
            network,
            mode=Mode.FILTERED,
            unchecked=tuple(unchecked(flags)),
            rest=rest,
        )
    policy = replace(plan.policy, network=network)
    opened = {*opened_by_person(policy.rules), plan.workdir}
    rules = [
        *anchored(plan.anywhere, outermost((home, plan.workdir))),
        *_protections(home, plan.workdir),
        *_grants(env, home),
        *_kept(env, home, plan.workdir),
        *state_rules(argv, env, home, Expander(home, plan.workdir, env), opened),
    ]
    proxy, environment = None, plan.environment
    if network.mode is Mode.FILTERED:
        proxy = chosen_proxy(flags, replace(network, rest=None), env)
        environment = environment if proxy is None else without_proxy(environment)
    return replace(
        plan,
        policy=policy.with_rules(rules),
        nameservers=nameservers(flags),
        environment=environment,
        upstream_proxy=proxy,
    )


def _grants(env: Mapping[str, str], home: str) -> Iterator[Rule]:
    yield Rule(Subtree("/"), Access.READ | Access.EXECUTE, Effect.ALLOW, _ORIGIN)
    # Where there is too much to be taken one by one, nothing new is written, either.
    few = [store for store in stores(env, home) if len(_entries(store)) <= _MAX_CACHES]
    for path in few:
        if not is_within(home, path):
            yield Rule(Subtree(path), FLOOR_ACCESS, Effect.ALLOW, _ORIGIN)


def _kept(env: Mapping[str, str], home: str, workdir: str) -> Iterator[Rule]:
    """Refusals to change the person's own caches, and what else is in the cache directory."""
    expand = Expander(home, workdir, env)
    places = {path for entry in real_places() for path in expand(entry)}
    for store in stores(env, home):
        places |= {os.path.join(store, name) for name in _entries(store)[:_MAX_CACHES]}
    for path in sorted(places):
        yield Rule(Subtree(path), CHANGING, Effect.DENY, _ORIGIN)


def _entries(store: str) -> list[str]:
    """What is in the cache directory, but for what is nono's and has rules of its own."""
    return [name for name in entries(store) if name != "nono"]


def _protections(home: str, workdir: str) -> Iterator[Rule]:
    """What groups protect in this home is protected in every other, and so are the machine's."""
    yield from rules_of(group(SYSTEM_SECRETS), Expander(home, workdir))
    homes = {canonical(user.pw_dir) for user in pwd.getpwall() if os.path.isabs(user.pw_dir)}
    others = sorted(each for each in homes if os.path.isdir(each) and each not in ("/", home))
    for other in others[:_MAX_HOMES]:
        expand = Expander(other, workdir)
        for name, each in groups().items():
            if name.startswith("deny_") and name != SYSTEM_SECRETS and each.is_for(platform()):
                yield from rules_of(each, expand)


@dataclass(slots=True)
class Learner:
    """The witness of a run: adds up what an ordinary run would have been refused.

    Told from any thread, one at a time; what it found is read when the run is over.
    `requests` are those that `needs` was made of, `made` are names in shared directories that are
    the run's own, and will not be the next run's,
    `programs` what was executed, `used_groups` what granted something, `served` the ports that it
    listened on at every address, which a run without a rule has for this machine alone.
    """

    needs: Needs = field(default_factory=Needs)
    requests: list[Request] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)
    used_groups: set[str] = field(default_factory=set)
    served: set[int] = field(default_factory=set)
    absent_hosts: dict[str, str] = field(default_factory=dict)
    used_network: bool = False
    used_caches: bool = False
    every_call: bool = True
    refuses: bool = False
    may_refuse: bool = False
    _base: Decisions | None = None
    _seen: set[tuple[object, ...]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def compare_with(self, base: Plan, tmpdir: str) -> None:
        """To be called before the program starts, with what an ordinary run would go by.

        Raises as `decisions.always.complete` does.
        """
        made = complete(base, tmpdir=tmpdir)
        if made.policy.network.mode is Mode.UNRESTRICTED:
            filtered = replace(made.policy, network=Network(Mode.FILTERED))
            made = made._replace(policy=filtered)
        self._base = made.decisions()

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None:
        if isinstance(request, NetworkRequest):
            self.used_network = True
        if isinstance(verdict, Allow) and verdict.rule.origin not in _PROXIES:
            with self._lock:
                self._saw(request)

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None:
        if refused is None:
            with self._lock:
                self._saw(request)

    def unresolved(self, host: str, why: str) -> None:
        with self._lock:
            if len(self.absent_hosts) < MAX_NEEDS:
                self.absent_hosts[host] = why

    def _saw(self, request: Request) -> None:
        same = key(request)
        if same in self._seen or self._base is None:
            return
        if len(self._seen) >= MAX_NEEDS:
            self.needs.overflow += 1
            return
        self._seen.add(same)
        if isinstance(request, Execute):
            self.programs.add(request.path)
        _, verdict = self._base.verdict(request)
        if not isinstance(verdict, Allow):
            if _is_served_without(request):
                self.served.add(request.port)
                return
            self.requests.append(request)
            # A host that was allowed by its name: its address is the resolver's to say.
            if not (isinstance(request, Connect) and request.host is not None):
                self.needs.add(request)
            return
        if isinstance(request, PathChange) and Access.CREATE in verdict.rule.access:
            self.made.add(request.path)
        if verdict.rule.origin == OWN_CACHES:
            self.used_caches = True
        if verdict.rule.origin.kind is OriginKind.GROUP:
            self.used_groups.add(verdict.rule.origin.name)


def _is_served_without(request: Request) -> TypeGuard[Bind]:
    """True for a server at every address: without a rule it is one for this machine alone, but on
    macOS, where it needs one."""
    target = destination(request.address) if isinstance(request, Bind) and request.port else None
    return target is not None and target.is_unspecified and platform() == "linux"


def protected_paths(policy: Policy) -> tuple[str, ...]:
    """The paths that refusals guard: no directory that holds one is opened.

    A refusal of changes alone holds inside a directory that is opened, too: every run has it.
    """
    found: list[str] = []
    for rule in policy.rules:
        if rule.effect is Effect.DENY and not rule.only_of_changes:
            match rule.pattern:
                case Subtree(path):
                    found.append(path)
                case Subtrees(spellings):
                    found += spellings
    return tuple(found)
