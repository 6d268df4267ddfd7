"""From what a person asked for to a policy: options, groups, the working directory, the command."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nono.broker import (
    Access,
    Effect,
    Environment,
    File,
    Network,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
    default_groups,
    group,
    rules_of,
)
from nono.supervisor.errors import UsageError
from nono.supervisor.interpreter import needed_by
from nono.supervisor.path_options import absolute, canonical, path_rules

_READ = Access.READ | Access.EXECUTE


@dataclass(frozen=True, slots=True)
class Options:
    """What to let a program do. Every path may begin with `~` and be relative.

    The fields are the command line's options of the same names.
    """

    allow: Sequence[str] = ()
    read: Sequence[str] = ()
    write: Sequence[str] = ()
    allow_file: Sequence[str] = ()
    read_file: Sequence[str] = ()
    write_file: Sequence[str] = ()
    deny: Sequence[str] = ()
    bypass_protection: Sequence[str] = ()
    allow_cwd: bool = False
    workdir: str | None = None
    env_allow: Sequence[str] = ()
    network_profile: str | None = None
    allow_domain: Sequence[str] = ()
    block_net: bool = False
    open_port: Sequence[int] = ()
    listen_port: Sequence[int] = ()
    allow_connect_port: Sequence[int] = ()
    allow_unix_socket: Sequence[str] = ()
    no_sni_check: Sequence[str] = ()
    dns: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy, and the circumstances it was made for.

    `nameservers` are asked for the names of hosts, instead of the machine's own.
    """

    policy: Policy
    environment: Environment
    workdir: str
    nameservers: tuple[tuple[str, int], ...] = ()


def make_plan(
    options: Options, argv: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Plan:
    """The policy for running `argv` with these options. Raises UsageError, broker.PolicyError."""
    env = os.environ if env is None else env
    home = home_directory(env)
    workdir = _workdir(options, home)
    expand = expander(home, workdir)
    rules = [
        *path_rules(options, home, workdir),
        *_interpreter_rules(argv, env, workdir, home),
        *(rule for name in default_groups() for rule in rules_of(group(name), expand)),
    ]
    network, nameservers = _network(options)
    policy = Policy(
        rules=tuple(rules),
        bypasses=tuple(_bypasses(options, home, workdir)),
        network=network,
    )
    return Plan(policy, Environment(allow=tuple(options.env_allow)), workdir, nameservers)


def home_directory(env: Mapping[str, str]) -> str:
    """$HOME, or the home of the user that runs us; canonical."""
    home = env.get("HOME", "")
    if not os.path.isabs(home):
        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            home = "/"
    return os.path.realpath(home)


def expander(home: str, workdir: str) -> Callable[[str], Sequence[str]]:
    """For a group's path: the canonical path, and the given one where a link leads elsewhere.

    `$TMPDIR` is nothing here: every run gets one of its own.
    """
    variables = {"~": home, "$HOME": home, "$WORKDIR": workdir, "$UID": str(os.getuid())}

    def expand(path: str) -> Sequence[str]:
        first, slash, rest = path.partition("/")
        if first.startswith("$") and first not in variables:
            return ()
        given = variables.get(first, first) + slash + rest
        return tuple(dict.fromkeys((canonical(given), os.path.normpath(given))))

    return expand


def _workdir(options: Options, home: str) -> str:
    try:
        path = absolute(options.workdir or ".", home, os.getcwd())
    except FileNotFoundError:
        raise UsageError("the working directory was deleted", "cd ~") from None
    if not os.path.isdir(path):
        raise UsageError(
            f"--workdir {options.workdir}: no such directory", f"mkdir -p {options.workdir}"
        )
    return canonical(path)


_NETWORK_OPTIONS = (
    "allow_domain",
    "block_net",
    "open_port",
    "listen_port",
    "allow_connect_port",
    "no_sni_check",
    "dns",
)


def _network(options: Options) -> tuple[Network, tuple[tuple[str, int], ...]]:
    given = any(getattr(options, name) for name in _NETWORK_OPTIONS)
    if options.network_profile is None and not given:
        return Network(), ()
    # What only a run with such an option needs is loaded only then.
    from nono.supervisor.network_options import make_network, nameservers

    return make_network(options), nameservers(options)


def _bypasses(options: Options, home: str, workdir: str) -> Iterator[str]:
    for path in options.bypass_protection:
        yield canonical(absolute(path, home, workdir))


def _interpreter_rules(
    argv: Sequence[str], env: Mapping[str, str], workdir: str, home: str
) -> Iterator[Rule]:
    if not argv:
        return
    needed = needed_by(argv[0], env, workdir, home)
    origin = Origin(OriginKind.BUILTIN, f"the program {argv[0]}")
    for path in dict.fromkeys(needed.files):
        yield Rule(File(path), _READ, Effect.ALLOW, origin)
    for path in dict.fromkeys(needed.directories):
        yield Rule(Subtree(path), _READ, Effect.ALLOW, origin)
