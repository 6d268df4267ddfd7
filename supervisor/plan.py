"""From what a person asked for to a policy: options, groups, the working directory, the command."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Access,
    Effect,
    Environment,
    File,
    Glob,
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

_READ = Access.READ | Access.EXECUTE
_GLOB_CHARACTERS = frozenset("*?[")


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


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy, and the circumstances it was made for."""

    policy: Policy
    environment: Environment
    workdir: str


# The sandbox may connect to its own unix sockets anywhere. Others are more than files: no option
# that opens a directory may open what listens in it.
_DIRECTORY_OPTIONS = (
    ("allow", FLOOR_ACCESS),
    ("read", _READ),
    ("write", Access.WRITE),
)
_FILE_OPTIONS = (
    ("allow_file", FLOOR_ACCESS),
    ("read_file", _READ),
    ("write_file", Access.WRITE),
)


def make_plan(
    options: Options, argv: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Plan:
    """The policy for running `argv` with these options. Raises UsageError, broker.PolicyError."""
    env = os.environ if env is None else env
    home = home_directory(env)
    workdir = _workdir(options, home)
    expand = expander(home, workdir)
    rules = [
        *_option_rules(options, home, workdir),
        *_interpreter_rules(argv, env, workdir, home),
        *(rule for name in default_groups() for rule in rules_of(group(name), expand)),
    ]
    policy = Policy(
        rules=tuple(rules),
        bypasses=tuple(_bypasses(options, home, workdir)),
    )
    return Plan(policy, Environment(allow=tuple(options.env_allow)), workdir)


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


def canonical(path: str) -> str:
    """The absolute path with every link resolved, whether or not it exists."""
    return os.path.realpath(path)


def _workdir(options: Options, home: str) -> str:
    try:
        path = _absolute(options.workdir or ".", home, os.getcwd())
    except FileNotFoundError:
        raise UsageError("the working directory was deleted", "cd ~") from None
    if not os.path.isdir(path):
        raise UsageError(
            f"--workdir {options.workdir}: no such directory", f"mkdir -p {options.workdir}"
        )
    return canonical(path)


def _absolute(path: str, home: str, base: str) -> str:
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    return os.path.join(base, path)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _option_rules(options: Options, home: str, workdir: str) -> Iterator[Rule]:
    for path in options.deny:
        origin = Origin(OriginKind.FLAG, f"--deny {path}")
        if _GLOB_CHARACTERS & set(path):
            yield Rule(Glob(path), ALL_ACCESS, Effect.DENY, origin)
        else:
            target = canonical(_absolute(path, home, workdir))
            yield Rule(Subtree(target, path), ALL_ACCESS, Effect.DENY, origin)
    for name, access in _DIRECTORY_OPTIONS:
        for path in getattr(options, name):
            yield _directory_rule(name, path, access, home, workdir)
    for name, access in _FILE_OPTIONS:
        for path in getattr(options, name):
            yield _file_rule(name, path, access, home, workdir)
    if options.allow_cwd:
        origin = Origin(OriginKind.FLAG, "--allow-cwd")
        yield Rule(Subtree(workdir, "."), FLOOR_ACCESS, Effect.ALLOW, origin)


def _directory_rule(name: str, path: str, access: Access, home: str, workdir: str) -> Rule:
    given = _absolute(path, home, workdir)
    try:
        mode = os.stat(given).st_mode
    except OSError as error:
        raise UsageError(
            f"{_flag(name)} {path}: {os.strerror(error.errno or 0)}", f"mkdir -p {path}"
        ) from None
    if not stat.S_ISDIR(mode):
        raise UsageError(f"{_flag(name)} {path}: not a directory", f"{_flag(name)}-file {path}")
    origin = Origin(OriginKind.FLAG, f"{_flag(name)} {path}")
    return Rule(Subtree(canonical(given), path), access, Effect.ALLOW, origin)


def _file_rule(name: str, path: str, access: Access, home: str, workdir: str) -> Rule:
    given = _absolute(path, home, workdir)
    directory_flag = _flag(name).removesuffix("-file")
    if os.path.isdir(given):
        raise UsageError(f"{_flag(name)} {path}: is a directory", f"{directory_flag} {path}")
    is_creatable = Access.WRITE in access and os.path.isdir(os.path.dirname(canonical(given)))
    if not os.path.lexists(given) and not is_creatable:
        raise UsageError(
            f"{_flag(name)} {path}: No such file or directory", f"ls {os.path.dirname(given)}"
        )
    origin = Origin(OriginKind.FLAG, f"{_flag(name)} {path}")
    return Rule(File(canonical(given), path), access, Effect.ALLOW, origin)


def _bypasses(options: Options, home: str, workdir: str) -> Iterator[str]:
    for path in options.bypass_protection:
        yield canonical(_absolute(path, home, workdir))


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
