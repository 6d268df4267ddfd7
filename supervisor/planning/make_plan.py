"""From what a person asked for to a policy: options, groups, the working directory, the command."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from nono.broker import (
    Access,
    Effect,
    Environment,
    Mode,
    Network,
    Origin,
    Policy,
    default_groups,
    is_within,
)
from nono.broker.settings import Settings
from nono.supervisor.places import absolute, caches_directory, home_directory, platform
from nono.supervisor.planning.git.linked_repository import linked_repository_rules
from nono.supervisor.planning.network.ssh_agent import ssh_agent
from nono.supervisor.planning.options import Options, asked_by, limits_said, settings_of
from nono.supervisor.planning.paths.anywhere import anchored, holds_anywhere, opened_directories
from nono.supervisor.planning.paths.flag_paths import FlagPaths
from nono.supervisor.planning.paths.group_paths import Expander
from nono.supervisor.planning.paths.machine_configuration import (
    machine_configuration,
    variable_names,
)
from nono.supervisor.planning.paths.other_homes import other_homes
from nono.supervisor.planning.paths.path_rules import (
    bypasses,
    gpu_rules,
    opened_workdir,
    path_rules,
    workdir_rules,
    written_directories,
)
from nono.supervisor.planning.paths.refused_names import Expanded, own_profiles, unwritten_profiles
from nono.supervisor.planning.paths.system_secrets import system_secrets
from nono.supervisor.planning.paths.way_here import way_here
from nono.supervisor.planning.paths.workdir import working_directory
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.profiles.answers_of_run import kept_answers
from nono.supervisor.planning.profiles.profile_parts import FromProfile
from nono.supervisor.planning.program.agents import agent_of, notes_about
from nono.supervisor.planning.program.program import (
    Needed,
    interpreter_rules,
    left_out,
    needed_by,
    script_rules,
)
from nono.supervisor.planning.projects.start_files import GROUP, NOTHING, start_file_rules
from nono.supervisor.walk import Changeable

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.agents import Agent
    from nono.broker.credentials.services import Service
    from nono.supervisor.network.upstream_proxy import UpstreamProxy
    from nono.supervisor.planning.paths.own_caches import OwnCaches
    from nono.supervisor.planning.projects.project_file import Project

_READ = Access.READ | Access.EXECUTE


def make_plan(
    options: Options,
    argv: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    opening_workdir: Origin | None = None,
    also: Sequence[str] = (),
    project: Project | None = None,
    script: str | None = None,
) -> Plan:
    """The policy for running `argv` with these options. Raises UsageError, broker.PolicyError.

    `opening_workdir` opens the working directory whatever the options say, unless it holds the
    home; it is the origin of the rule. `also` are other programs that are to start. `project` is
    what a person accepted instead of a profile; `script` is opened as a program would be.
    """
    env = dict(os.environ if env is None else env)  # decoded once
    home = home_directory(env)
    workdir = working_directory(options.workdir, home)
    expand = Expanded(Expander(home, workdir, env))
    flags = settings_of(options)
    written = (*_written(flags, home, workdir), caches_directory(env, home))
    profile = _profile(options, flags, env, home, workdir, expand, written, project)
    changeable = Changeable((*written, *profile.written), _changed_workdir(flags, home, workdir))
    paths = FlagPaths(home, workdir, changeable)
    agent = agent_of(argv, env, workdir)
    kept = kept_answers(options.profile, env, home, workdir, changeable)
    caches = _caches(options, flags, profile, env, home, workdir, changeable, argv, agent)
    signing = ssh_agent(flags, profile.settings, env, home, changeable)
    environment = _environment(flags, profile, caches, signing.variables)
    searched = environment.with_search(env)
    program = _program(argv, searched, workdir, home, changeable)
    others = {each: _program([each], searched, workdir, home, changeable) for each in also}
    rules = [
        *path_rules(flags, Effect.DENY, paths),
        *path_rules(flags, Effect.ALLOW, paths),
        *(() if profile.says_workdir else workdir_rules(flags, workdir)),
        *interpreter_rules(argv, program),
        *script_rules(script, workdir, changeable),
        *(rule for each, needed in others.items() for rule in interpreter_rules([each], needed)),
        *profile.rules,
        *kept.rules,
        *opened_workdir(opening_workdir, home, workdir),
        *expand.links(profile.rules),
        *own_profiles(env, home),
        *(() if caches is None else caches.rules()),
    ]
    rules += list(other_homes(rules, home, lambda other: Expanded(Expander(other, workdir))))
    rules += [*signing.rules, *gpu_rules(flags, expand)]
    rules += list(system_secrets(rules, expand))
    lifted = (*bypasses(flags, paths), *profile.bypasses, *signing.bypasses)
    given = environment.apply({name: env[name] for name in variable_names() & env.keys()})
    machine = machine_configuration(given, home, workdir, rules, lifted, expand.ways)
    rules += machine.rules
    rules += list(linked_repository_rules(rules, workdir))
    starting, is_excluded = NOTHING, _is_excluded(profile)
    if not is_excluded:
        starting = start_file_rules(rules, workdir, home, expand, env)
    rules += starting.rules
    notes = (
        *(
            *paths.notes,
            *profile.notes,
            *kept.notes,
            *signing.notes,
            *machine.notes,
            *starting.found.notes,
        ),
        *left_out(program, rules),
        *notes_about(agent, argv, options.profile, environment.apply(env)),
        *way_here(options.workdir, env, workdir, home, rules),
    )
    network, nameservers = _network(flags, profile.settings)
    network = kept.network(network)
    proxy, environment = _upstream_proxy(flags, network, env, environment)
    anywhere = [rule for rule in rules if holds_anywhere(rule)]
    if anywhere:
        rules = [rule for rule in rules if not holds_anywhere(rule)]
    asks = asked_by(flags, profile.settings)
    policy = Policy(
        default=Effect.ASK if asks else Effect.DENY,
        rules=(*anchored(anywhere, opened_directories(rules)), *rules),
        bypasses=lifted if caches is None else (*lifted, caches.directory),
        network=network,
    )
    to_make = _named_directories(paths.to_make, policy)
    return Plan(
        policy,
        environment if caches is None else caches.environment(environment, env, policy),
        workdir,
        nameservers,
        (*notes, *(f"{each}: does not exist, and is made at the start" for each in to_make)),
        tuple(anywhere),
        _services(flags, profile, env),
        tuple(machine.copies.items()),
        caches,
        None if is_excluded else starting.found.repositories,
        profile.new_directories(home, policy),
        to_make,
        proxy,
        asks,
        not flags.speak_of("preload"),
        flags.speak_of("network.by"),
        limits_said(flags, profile.settings),
        starting.in_work_trees,
    )


def _named_directories(named: Sequence[str], policy: Policy) -> tuple[str, ...]:
    """What flags name and a run makes; who mistyped a name is told of it."""
    if not named:
        return ()
    from nono.supervisor.planning.paths.new_directories import named_directories  # seldom needed

    return named_directories(named, policy)


def _caches(
    options: Options,
    flags: Settings,
    profile: FromProfile,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    changeable: Changeable,
    argv: Sequence[str],
    agent: Agent | None,
) -> OwnCaches | None:
    """The run's own caches, where a flag or the profile asks for them."""
    setting = flags.one("filesystem.caches") or profile.settings.one("filesystem.caches")
    if setting is None or not setting.value:
        return None
    # What only a run with such a setting needs is loaded only then.
    from nono.broker.agents import agent_installed_by
    from nono.supervisor.planning.paths.own_caches import own_caches

    agent = agent or agent_installed_by(argv)
    state = {} if agent is None else agent.places()
    return own_caches(options.profile, env, home, workdir, changeable, state)


def _is_excluded(profile: FromProfile) -> bool:
    """True when a profile leaves out the group that protects what starts by itself."""
    excluded = profile.settings.values("groups.exclude")
    return any(getattr(each, "name", each) == GROUP for each in excluded)


def _profile(
    options: Options,
    flags: Settings,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    expand: Expanded,
    written: Sequence[str],
    project: Project | None,
) -> FromProfile:
    """What the profile gives; without one, the groups that every profile starts from."""
    allow_cwd = flags.speak_of("workdir.access")
    if options.profile is None and project is not None:
        from nono.supervisor.planning.projects.project_rules import from_project

        return from_project(project, env, home, workdir, allow_cwd, expand, written)
    if options.profile is None:
        names = default_groups(platform())
        return FromProfile(tuple(rule for name in names for rule in expand.rules(name)))
    # A run without a profile does not load what reads one.
    from nono.supervisor.planning.profiles.kept_profiles import resolved
    from nono.supervisor.planning.profiles.profile_rules import from_profile

    merged, notes, files = resolved(options.profile, env, home)
    made = from_profile(merged, env, home, workdir, allow_cwd, expand, written)
    # What the next run may do, wherever it lies.
    rules = (*made.rules, *unwritten_profiles(files))
    return made._replace(rules=rules, notes=(*notes, *made.notes))


def _environment(
    flags: Settings, profile: FromProfile, caches: OwnCaches | None, variables: Sequence[str]
) -> Environment:
    return Environment(
        (*flags.values("environment.env_allow"), *variables),
        profile.settings.values("environment.deny_vars"),
        profile.set,
        profile.settings.values("environment.allow_vars"),
        () if caches is None else caches.search,
    )


def _network(flags: Settings, profile: Settings) -> tuple[Network, tuple[tuple[str, int], ...]]:
    said = (*flags.settings, *profile.settings, *profile.cleared)
    if not any(name.startswith("network.") for name in said):
        return Network(), ()
    # What only a run with such a setting needs is loaded only then.
    from nono.supervisor.planning.network.network_rules import make_network, nameservers

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
    from nono.supervisor.planning.network.upstream_proxy import chosen_proxy, without_proxy

    proxy = chosen_proxy(flags, network, env)
    return proxy, environment if proxy is None else without_proxy(environment)


def _services(flags: Settings, profile: FromProfile, env: Mapping[str, str]) -> tuple[Service, ...]:
    if not profile.services and not flags.speak_of("network.credentials"):
        return ()
    from nono.supervisor.planning.network.services import named_services, refuse, together

    return together((*profile.services, *named_services(flags, profile.own_services, refuse, env)))


def _changed_workdir(flags: Settings, home: str, workdir: str) -> str | None:
    """The working directory, which an earlier run may have written in.

    Without --allow-cwd one that holds the home is the person's own.
    """
    return workdir if flags.speak_of("workdir.access") or not is_within(home, workdir) else None


def _written(flags: Settings, home: str, workdir: str) -> Iterator[str]:
    """Where the program may write, and an earlier one may have written, by the flags."""
    changed = _changed_workdir(flags, home, workdir)
    if changed is not None:
        yield changed
    for setting in written_directories(flags):
        yield absolute(setting.value, home, workdir)


def _program(
    argv: Sequence[str], env: Mapping[str, str], workdir: str, home: str, changeable: Changeable
) -> Needed:
    if not argv:
        return Needed()
    return needed_by(argv[0], env, workdir, home, changeable.directories, argv[1:])
