"""Why a command was not executed: what execve(2) says in one number, and a look at the file."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from typing import NamedTuple

from nono.supervisor.planning.program import first_line

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


class Diagnosis(NamedTuple):
    """What is wrong, in a few words, and what to do: a command that can be pasted."""

    what: str
    hint: str


def diagnose(command: str, number: int, program: str | None, cwd: str) -> Diagnosis:
    """`number` is the errno, `program` the file that was found for the command, if one was."""
    if program is None:
        return _not_found(command, cwd) if number in _NOT_THERE else _by_mode(command, number, cwd)
    quoted = shlex.quote(program)
    words = first_line(program)
    if number in _NOT_THERE:
        if words:
            return Diagnosis(
                f"{words[0]}, which its first line names, is not there", f"head -n 1 {quoted}"
            )
        return Diagnosis("the loader that it names is not there", f"file {quoted}")
    if number == errno.ENOEXEC:
        return Diagnosis("neither a program nor a script with a #! line", f"file {quoted}")
    if number in (errno.EACCES, errno.EPERM) and os.access(program, os.X_OK):
        if words and not os.access(words[0], os.X_OK):
            return Diagnosis(
                f"{words[0]}, which its first line names, cannot be executed",
                f"ls -l {shlex.quote(words[0])}",
            )
        culprit = words[0] if words else program
        return Diagnosis(
            f"the policy does not let {culprit} be executed",
            f"nono why --path {shlex.quote(culprit)} --op execute",
        )
    return Diagnosis(os.strerror(number), f"ls -l {quoted}")


def _not_found(command: str, cwd: str) -> Diagnosis:
    """A shell looks only in PATH, and a person may mean what lies here."""
    here = os.path.join(cwd, command)
    if "/" not in command and os.path.isfile(here):
        if os.access(here, os.X_OK):
            return Diagnosis("command not found", f"./{shlex.quote(command)}")
        return Diagnosis("command not found", f"chmod +x ./{shlex.quote(command)}")
    if "/" in command:
        return Diagnosis("no such file", f"ls -d {shlex.quote(os.path.dirname(command) or '/')}")
    return Diagnosis("command not found", f"command -v {shlex.quote(command)}")


def _by_mode(command: str, number: int, cwd: str) -> Diagnosis:
    """A file that may not be executed by anybody is none that PATH has."""
    quoted = shlex.quote(command)
    try:
        mode = os.stat(os.path.join(cwd, command)).st_mode
    except OSError:
        return Diagnosis(os.strerror(number), f"ls -l {quoted}")
    if stat.S_ISDIR(mode):
        return Diagnosis("is a directory", f"ls {quoted}")
    is_ours = not mode & 0o111 and os.access(os.path.join(cwd, command), os.W_OK)
    if is_ours and first_line(os.path.join(cwd, command)):
        return Diagnosis(f"{os.strerror(number)}: it is not executable", f"chmod +x {quoted}")
    why = "" if mode & 0o111 else ": it is not executable"
    return Diagnosis(f"{os.strerror(number)}{why}", f"ls -l {quoted}")
