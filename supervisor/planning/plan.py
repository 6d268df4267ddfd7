"""From what a person asked for to a policy: options, groups, the working directory, the command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nono.broker import (
    Access,
    Effect,
    Environment,
    File,
    Mode,
    Network,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
    default_groups,
    group,
    is_within,
    rules_of,
)
from nono.broker.settings import Settings, flag
from nono.supervisor.errors import UsageError
from nono.supervisor.links import canonical_of_many
from nono.supervisor.places import PLATFORM, absolute, canonical, home_directory, profile_directory
from nono.supervisor.planning.anywhere import anchored, holds_anywhere, opened_directories
from nono.supervisor.planning.flag_paths import FlagPaths, follow
from nono.supervisor.planning.linked_repository import linked_repository_rules
from nono.supervisor.planning.machine_configuration import machine_configuration, variable_names
from nono.supervisor.planning.options import Options, settings_of
from nono.supervisor.planning.other_homes import other_homes
from nono.supervisor.planning.path_rules import (
    bypasses,
    path_rules,
    workdir_rules,
    written_directories,
)
from nono.supervisor.planning.profile_parts import FromProfile
from nono.supervisor.planning.program import Needed, needed_by
from nono.supervisor.planning.refused_names import Expanded, refused
from nono.supervisor.planning.ssh_agent import ssh_agent
from nono.supervisor.planning.start_files import GROUP, start_file_rules
from nono.supervisor.walk import Changeable

if TYPE_CHECKING:
    from nono.broker.credentials.services import Service
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_READ = Access.READ | Access.EXECUTE


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy, and the circumstances it was made for.

    `nameservers` are asked for the names of hosts, instead of the machine's own. `notes` are what
    a person should know about the profile. `anywhere` are the refusals by a pattern that holds in
    whatever is opened; the policy has them for what is opened here. `services` are those whose real
    keys are added to requests. `copies` are files of the machine's whose credentials the program
    does not get, by canonical path, with what it gets instead. `upstream_proxy` is what allowed
    hosts are reached through, if anything.
    """

    policy: Policy
    environment: Environment
    workdir: str
    nameservers: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    anywhere: tuple[Rule, ...] = ()
    services: tuple[Service, ...] = ()
    copies: tuple[tuple[str, bytes], ...] = ()
    upstream_proxy: UpstreamProxy | None = None


def make_plan(
    options: Options, argv: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Plan:
    """The policy for running `argv` with these options. Raises UsageError, broker.PolicyError."""
    env = os.environ if env is None else env
    home = home_directory(env)
    workdir = _workdir(options, home)
    expand = Expanded(expander(home, workdir, env))
    flags = settings_of(options)
    written = tuple(_written(flags, home, workdir))
    profile = _profile(options, flags, env, home, workdir, expand, written)
    changeable = Changeable((*written, *profile.written))
    paths = FlagPaths(home, workdir, changeable)
    program = _program(argv, env, workdir, home, changeable)
    rules = [
        *path_rules(flags, Effect.DENY, paths),
        *path_rules(flags, Effect.ALLOW, paths),
        *(() if profile.says_workdir else workdir_rules(flags, workdir)),
        *_interpreter_rules(argv, program),
        *profile.rules,
        *expand.links(profile.rules),
        *_own_profiles(env, home),
    ]
    rules += list(other_homes(rules, home, lambda other: expander(other, workdir)))
    agent = ssh_agent(flags, profile.settings, env, home)
    rules += [*agent.rules, *_gpu(flags, expand)]
    lifted = (*bypasses(flags, paths), *profile.bypasses, *agent.bypasses)
    environment = _environment(flags, profile, agent.variables)
    given = environment.apply({name: env[name] for name in variable_names() & env.keys()})
    machine = machine_configuration(given, home, workdir, rules, lifted)
    rules += machine.rules
    rules += list(linked_repository_rules(rules, workdir))
    if not _is_excluded(profile):
        rules += start_file_rules(rules, workdir, expand)
    notes = (*profile.notes, *agent.notes, *machine.notes, *_left_out(program, rules))
    network, nameservers = _network(flags, profile.settings)
    proxy, environment = _upstream_proxy(flags, network, env, environment)
    anywhere = [rule for rule in rules if holds_anywhere(rule)]
    if anywhere:
        rules = [rule for rule in rules if not holds_anywhere(rule)]
    policy = Policy(
        rules=(*anchored(anywhere, opened_directories(rules)), *rules),
        bypasses=lifted,
        network=network,
    )
    return Plan(
        policy,
        environment,
        workdir,
        nameservers,
        notes,
        tuple(anywhere),
        _services(flags, profile),
        tuple(machine.copies.items()),
        proxy,
    )


def _is_excluded(profile: FromProfile) -> bool:
    """True when a profile leaves out the group that protects what starts by itself."""
    excluded = profile.settings.values("groups.exclude")
    return any(getattr(each, "name", each) == GROUP for each in excluded)


_BASES = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
"""Below the home, by the XDG Base Directory Specification."""


def expander(
    home: str, workdir: str, env: Mapping[str, str] | None = None
) -> Callable[[str], Sequence[str]]:
    """For a group's path: the canonical path, and the given one where a link leads elsewhere.

    `$TMPDIR` is nothing here: every run gets one of its own. A base directory such as
    `$XDG_DATA_HOME` is one only where `env` puts it elsewhere than usual.
    """
    top = home.rstrip("/")
    variables = {"$HOME": top, "$WORKDIR": workdir.rstrip("/"), "$UID": str(os.getuid())}
    for name, usual in _BASES.items():
        base = os.path.normpath((env or {}).get(name) or ".")
        if os.path.isabs(base) and base != f"{top}/{usual}":
            variables[f"${name}"] = base.rstrip("/")
    resolve = canonical_of_many(home)

    def expand(path: str) -> Sequence[str]:
        if path.startswith("~/"):
            given = top + path[1:]
        elif path.startswith("/"):
            given = path
        else:
            first, slash, rest = path.partition("/")
            if first not in variables:
                return ()
            given = variables[first] + slash + rest
        led = resolve(given)
        return (led,) if led == given else (led, given)

    return expand


def _own_profiles(env: Mapping[str, str], home: str) -> Iterator[Rule]:
    """Refusals to write where profiles are: what is written there is what the next run may do."""
    origin = Origin(OriginKind.BUILTIN, "profiles are the person's to write")
    elsewhere = {**env, "XDG_CONFIG_HOME": ""}
    places = [profile_directory(each, home) for each in (env, elsewhere)]
    for pattern in dict.fromkeys(each for place in places for each in refused(place, place)):
        yield Rule(pattern, Access.WRITE, Effect.DENY, origin)


def _profile(
    options: Options,
    flags: Settings,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    expand: Callable[[str], Sequence[str]],
    written: Sequence[str],
) -> FromProfile:
    """What the profile gives; without one, the groups that every profile starts from."""
    if options.profile is None:
        found = [group(name) for name in default_groups()]
        return FromProfile(tuple(rule for each in found for rule in rules_of(each, expand)))
    # A run without a profile does not load what reads one.
    from nono.supervisor.planning.profile_files import Profiles
    from nono.supervisor.planning.profile_rules import from_profile

    profiles = Profiles(env, home)
    merged = profiles.resolve(options.profile)
    allow_cwd = flags.speak_of("workdir.access")
    made = from_profile(merged, env, home, workdir, allow_cwd, expand, written)
    return made._replace(notes=(*profiles.notes, *made.notes))


def _gpu(flags: Settings, expand: Callable[[str], Sequence[str]]) -> Iterator[Rule]:
    for setting in flags.all("groups.gpu") if group("gpu").is_for(PLATFORM) else ():
        for rule in rules_of(group("gpu"), expand):
            yield replace(rule, origin=setting.origin)


def _environment(
    flags: Settings, profile: FromProfile, variables: Sequence[str] = ()
) -> Environment:
    return Environment(
        (*flags.values("environment.env_allow"), *variables),
        profile.settings.values("environment.deny_vars"),
        profile.set,
        profile.settings.values("environment.allow_vars"),
    )


def _workdir(options: Options, home: str) -> str:
    try:
        here = os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory was deleted", "cd ~") from None
    path = absolute(options.workdir or ".", home, here)
    if options.workdir is not None and not is_within(home, here):
        path = follow(f"--workdir {options.workdir}", path, Changeable((here,)))
    if not os.path.isdir(path):
        raise UsageError(
            f"--workdir {options.workdir}: no such directory", f"mkdir -p {options.workdir}"
        )
    return canonical(path)


def _network(flags: Settings, profile: Settings) -> tuple[Network, tuple[tuple[str, int], ...]]:
    said = (*flags.settings, *profile.settings, *profile.cleared)
    if not any(name.startswith("network.") for name in said):
        return Network(), ()
    # What only a run with such a setting needs is loaded only then.
    from nono.supervisor.planning.network_rules import make_network, nameservers

    return make_network(flags, profile), nameservers(flags)


def _upstream_proxy(
    flags: Settings, network: Network, env: Mapping[str, str], environment: Environment
) -> tuple[UpstreamProxy | None, Environment]:
    """The proxy, if there is one, and the environment for the program."""
    if network.mode is not Mode.FILTERED:
        return None, environment
    # What only a run with a proxy needs is loaded only then.
    if not flags.speak_of("network.upstream_proxy") and not any(
        name.lower().endswith("_proxy") for name in env
    ):
        return None, environment
    from nono.supervisor.planning.upstream_proxy import chosen_proxy, without_proxy

    proxy = chosen_proxy(flags, network, env)
    return proxy, environment if proxy is None else without_proxy(environment)


def _services(flags: Settings, profile: FromProfile) -> tuple[Service, ...]:
    if not profile.services and not flags.speak_of("network.credentials"):
        return ()
    from nono.supervisor.planning.services import named_services, refuse, together

    return together((*profile.services, *named_services(flags, profile.own_services, refuse)))


def _written(flags: Settings, home: str, workdir: str) -> Iterator[str]:
    """Where the program may write, and an earlier one may have written, by the flags.

    Without --allow-cwd a working directory that holds the home is the person's own.
    """
    if flags.speak_of("workdir.access") or not is_within(home, workdir):
        yield workdir
    for setting in written_directories(flags):
        yield absolute(setting.value, home, workdir)


def _program(
    argv: Sequence[str], env: Mapping[str, str], workdir: str, home: str, changeable: Changeable
) -> Needed:
    if not argv:
        return Needed()
    return needed_by(argv[0], env, workdir, home, changeable.directories)


def _interpreter_rules(argv: Sequence[str], needed: Needed) -> Iterator[Rule]:
    if not argv:
        return
    origin = Origin(OriginKind.BUILTIN, f"the program {argv[0]}")
    for path in dict.fromkeys(needed.files):
        yield Rule(File(path), _READ, Effect.ALLOW, origin)
    for path in dict.fromkeys(needed.directories):
        yield Rule(Subtree(path), _READ, Effect.ALLOW, origin)


def _left_out(needed: Needed, rules: Sequence[Rule]) -> Iterator[str]:
    """A note for each program that is not opened although something in a repository leads there."""
    for path in dict.fromkeys(needed.left_out):
        granted = Access(0)
        for rule in rules:
            if rule.effect is Effect.ALLOW and rule.reaches(path):
                granted |= rule.access
        if _READ not in granted:
            yield (
                f"{path}: a link or the first line of a script leads there, out of what a program"
                f" may have written: it takes {flag('filesystem.read_file')} {path}"
            )
