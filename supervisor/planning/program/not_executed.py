"""Why a command was not executed: what execve(2) says in one number, and a look at the file."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Sequence
from typing import NamedTuple

from nono.broker.agents import agents
from nono.broker.caches import search
from nono.supervisor.descriptors import listdir
from nono.supervisor.places import caches_directory, home_directory
from nono.supervisor.planning.program.program import first_line, is_of_32_bits

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
_MAX_PROFILES = 1000
_ANY_AGENT = "agent"
"""The built-in profile that fits every agent."""


class Diagnosis(NamedTuple):
    """What is wrong, in a few words, and what to do: a command that can be pasted."""

    what: str
    hint: str


def diagnose(argv: Sequence[str], number: int, program: str | None, cwd: str) -> Diagnosis:
    """`number` is the errno, `program` the file that was found for the command, if one was."""
    command = argv[0]
    said = os.strerror(number)
    if program is None:
        return _not_found(argv, cwd) if number in _NOT_THERE else _by_mode(command, said, cwd)
    quoted = shlex.quote(program)
    words = first_line(program)
    if number in _NOT_THERE:
        named = words[0] if words else "the loader of its ELF header"
        look = "head -n 1" if words else "file"
        what = f"the interpreter that it names was not found: {named}"
        return Diagnosis(what, f"{look} {quoted}")
    if number == errno.ENOEXEC:
        return Diagnosis("neither a program nor a script with a #! line", f"file {quoted}")
    culprit = words[0] if words else program
    if not os.access(culprit, os.X_OK):
        what = f"{said}: {culprit}, which its first line names" if words else said
        return Diagnosis(what, f"ls -l {shlex.quote(culprit)}")
    if is_of_32_bits(program):
        return Diagnosis(
            f"{said}: it is a 32-bit program, whose calls none may make", f"file {quoted}"
        )
    if number in (errno.EACCES, errno.EPERM):
        # The file's mode would let it be executed: it is the policy that does not.
        return Diagnosis(said, f"nono why --path {shlex.quote(culprit)} --op execute")
    return Diagnosis(said, f"ls -l {quoted}")


def _not_found(argv: Sequence[str], cwd: str) -> Diagnosis:
    """A shell looks only in PATH, and a person may mean what lies here, or what a run installed."""
    command = argv[0]
    quoted = shlex.quote(f"./{command}")
    if "/" in command:
        return Diagnosis("command not found", f"ls {shlex.quote(_nearest(command, cwd))}")
    here = os.path.join(cwd, command)
    if not os.path.isfile(here):
        hint = _where_installed(argv) or _how_installed(command) or 'echo "$PATH"'
        return Diagnosis("command not found", hint)
    if os.access(here, os.X_OK):
        return Diagnosis("command not found", quoted)
    return Diagnosis("command not found", f"chmod +x {quoted}")


def _nearest(path: str, cwd: str) -> str:
    """The directory that is there, of those that a path goes through: what is in it tells more."""
    while (path := os.path.dirname(path)) and not os.path.isdir(os.path.join(cwd, path)):
        pass
    return path or "."


def _where_installed(argv: Sequence[str]) -> str | None:
    """The run that finds it among what a profile's runs have installed for themselves.

    A directory with an `@` in its name belongs to none that could be named: see `own_caches`.
    """
    root = caches_directory(os.environ, home_directory(os.environ))
    try:
        profiles = sorted(name for name in listdir(root) if "@" not in name)
    except OSError:
        return None
    for profile in profiles[:_MAX_PROFILES]:
        if any(os.path.isfile(f"{place}/{argv[0]}") for place in search(f"{root}/{profile}")):
            return f"nono run --profile {shlex.quote(profile)} -- {shlex.join(argv)}"
    return None


def _how_installed(command: str) -> str | None:
    """The run that installs an agent, in the sandbox's own place, where its next run finds it.

    It is a command for a shell, also where the library tells it: no policy installs anything.
    """
    agent = agents().get(command)
    if agent is None or not agent.package:
        return None
    return f"nono run -p {_ANY_AGENT} -- npm install -g {agent.package}"


def _by_mode(command: str, said: str, cwd: str) -> Diagnosis:
    """A file that may not be executed by anybody is none that PATH has."""
    quoted = shlex.quote(command)
    path = os.path.join(cwd, command)
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return Diagnosis(said, f"ls -l {quoted}")
    if stat.S_ISDIR(mode):
        return Diagnosis(f"{said}: it is a directory", f"ls {quoted}")
    if mode & 0o111:
        return Diagnosis(said, f"ls -l {quoted}")
    is_script = bool(first_line(path)) and os.access(path, os.W_OK)
    hint = f"chmod +x {quoted}" if is_script else f"ls -l {quoted}"
    return Diagnosis(f"{said}: it is not executable", hint)
