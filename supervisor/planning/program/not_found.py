"""A command that is nowhere: what a person may have meant, or can do to have it.

A shell looks only in PATH. A person may mean a file that lies here, a program that a run of another
profile installed for itself, or an agent that nobody has installed yet.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence

from nono.broker import is_within
from nono.broker.agents import Agent, agents
from nono.broker.caches import search
from nono.broker.settings import flag
from nono.supervisor import looks
from nono.supervisor.descriptors import listdir
from nono.supervisor.errors import look_near
from nono.supervisor.places import caches_directory, home_directory
from nono.supervisor.planning.profiles.profile_files import built_in_names
from nono.supervisor.planning.program.beginnings import is_text
from nono.supervisor.planning.program.program import find_program

_SCRIPT, _SHELL_SCRIPT = ".py", ".sh"
_MAX_PROFILES = 1000
_OF_PROJECTS = (".venv/bin", "venv/bin", "node_modules/.bin")
_BUILTINS = tuple(
    [
        ".",
        ":",
        "alias",
        "bg",
        "command",
        "declare",
        "eval",
        "exec",
        "exit",
        "export",
        "fc",
        "fg",
        "getopts",
        "hash",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "popd",
        "pushd",
        "read",
        "set",
        "shift",
        "source",
        "times",
        "trap",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ]
)
"""Of bash, and so of the shell that -c starts."""
_NUMBERED = ("python", "pip")
_ANY_AGENT = "agent"
"""The built-in profile that fits every agent."""


def not_found(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> tuple[str, str]:
    """What is wrong, and what to do; `env` is what the program would have got."""
    command, line = argv[0], _of_line(argv, env, cwd)
    if "/" in command and line is None:
        below = command if os.path.isabs(command) or _is_ours(cwd) else os.path.join(cwd, command)
        return os.strerror(errno.ENOENT), look_near(below)
    here = os.path.join(cwd, command)
    if looks.isfile(here):
        return "command not found", _as_it_is((f"./{command}", *argv[1:]), cwd)
    hint = _of_agent(argv, env) or _where_installed(argv)
    hint = hint or line or _near(argv, cwd) or _of_shell(argv) or _with_version(argv, env, cwd)
    if hint is None and command.endswith(_SCRIPT):
        return "there is no such file, and no such command", f"ls {_from_here('.', cwd)}"
    return "command not found", hint or 'echo "$PATH"'


def _near(argv: Sequence[str], cwd: str) -> str | None:
    """The run of what a project has installed for itself, where PATH does not lead."""
    for place in _OF_PROJECTS:
        path = os.path.join(place, argv[0])
        there = os.path.join(cwd, path)
        if looks.isfile(there) and looks.access(there, os.X_OK):
            return f"nono run -- {shlex.join((_from_here(path, cwd), *argv[1:]))}"
    return None


def _with_version(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> str | None:
    """Debian's Python has a number in its name, and so have its tools."""
    numbered = f"{argv[0]}3"
    is_there = argv[0] in _NUMBERED and find_program(numbered, env, cwd) is not None
    return f"nono run -- {shlex.join((numbered, *argv[1:]))}" if is_there else None


def _of_line(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> str | None:
    """The run of a whole line that stands in quotes: a shell takes it apart."""
    words = argv[0].split()
    is_one = len(argv) == 1 and len(words) > 1 and find_program(words[0], env, cwd) is not None
    return f"nono run -c {shlex.quote(argv[0])}" if is_one else None


def _of_shell(argv: Sequence[str]) -> str | None:
    """The run of what only a shell knows: no file has its name where the system is small."""
    return f"nono run -c {shlex.quote(shlex.join(argv))}" if argv[0] in _BUILTINS else None


def by_shell(*words: str) -> str:
    """The run of a script by a shell, which may read no other file for it; the words are quoted."""
    return f"nono run {flag('filesystem.read_file')} {words[0]} -- sh {' '.join(words)}"


def _as_it_is(argv: Sequence[str], cwd: str) -> str:
    """What runs a file that lies here, and lets it be run before. A shell runs one without a first
    line."""
    command = argv[0]
    quoted, path = _from_here(command, cwd), os.path.join(cwd, command)
    is_program, rest = looks.access(path, os.X_OK), [*map(shlex.quote, argv[1:])]
    if is_text(path) and (is_program or command.endswith(_SHELL_SCRIPT)):
        return by_shell(quoted, *rest)
    run = f"nono run -- {' '.join((quoted, *rest))}"
    return run if is_program else f"chmod +x {quoted} && {run}"


def _from_here(path: str, cwd: str) -> str:
    """For a shell in our working directory, of which the program's may be another."""
    return shlex.quote(path if _is_ours(cwd) else os.path.normpath(os.path.join(cwd, path)))


def _is_ours(cwd: str) -> bool:
    return looks.realpath(cwd) == looks.realpath(os.curdir)


def _where_installed(argv: Sequence[str], first: str = "") -> str | None:
    """The run that finds it among what a profile's runs have installed for themselves.

    A directory with an `@` in its name belongs to none that could be named: see `own_caches`.
    """
    root = _all_caches()
    try:
        profiles = sorted(name for name in listdir(root) if "@" not in name)
    except OSError:
        return None
    profiles.sort(key=lambda name: name != first)
    for profile in profiles[:_MAX_PROFILES]:
        if any(looks.isfile(f"{place}/{argv[0]}") for place in search(f"{root}/{profile}")):
            return f"nono run --profile {shlex.quote(profile)} -- {shlex.join(argv)}"
    return None


def _of_agent(argv: Sequence[str], env: Mapping[str, str]) -> str | None:
    """The run that installs an agent, in the caches of the profile that is meant for it.

    That is this run's own, which finds it there the next time, unless its runs are for something
    else; then it is the agent's. Where none was meant, one that has the agent already will do.
    """
    agent = agents().get(argv[0])
    if agent is None:
        return None
    profile = next((name for name in _profiles_on_path(env) if _fits(name, agent)), None)
    found = _where_installed(argv, agent.profile) if profile is None else None
    return found or _how_installed(agent, profile or agent.profile)


def _fits(profile: str, agent: Agent) -> bool:
    """Whether an agent belongs under a profile: its own, the one of all, or one that nono has not.

    A person's own may extend any of them.
    """
    return profile in (agent.profile, _ANY_AGENT) or profile not in built_in_names()


def _profiles_on_path(env: Mapping[str, str]) -> Iterator[str]:
    """The profile whose caches this run looks for programs in, where it has some and a name."""
    root = _all_caches()
    for place in env.get("PATH", "").split(os.pathsep):
        name = place[len(root) + 1 :].split("/")[0] if is_within(place, root) else ""
        if name and "@" not in name:
            yield name


def _all_caches() -> str:
    return caches_directory(os.environ, home_directory(os.environ))


def _how_installed(agent: Agent, profile: str) -> str | None:
    """By a tool that is here, if one is.

    It is a command for a shell, also where the library tells it: no policy installs anything.
    """
    ways = sorted(agent.install, key=lambda way: find_program(way[0], os.environ, "/") is None)
    return f"nono run -p {shlex.quote(profile)} -- {shlex.join(ways[0])}" if ways else None
