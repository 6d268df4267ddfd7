"""Why a command was not executed: what execve(2) says in one number, and a look at the file."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from nono.supervisor import looks
from nono.supervisor.planning.program.beginnings import first_line, is_of_32_bits, is_text
from nono.supervisor.planning.program.not_found import by_shell, not_found

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Diagnosis(NamedTuple):
    """What is wrong, in a few words, and what to do: a command that can be pasted."""

    what: str
    hint: str


def diagnose(
    argv: Sequence[str],
    number: int,
    program: str | None,
    cwd: str,
    env: Mapping[str, str] = _NOTHING,
) -> Diagnosis:
    """`number` is the errno, `program` the file that was found for the command, if one was.

    `env` is what the program would have got.
    """
    command = argv[0]
    said = os.strerror(number)
    if program is None:
        is_absent = number in _NOT_THERE
        return Diagnosis(*not_found(argv, cwd, env)) if is_absent else _by_mode(command, said, cwd)
    plain = program.replace("/./", "/")
    quoted = shlex.quote(plain)
    words = first_line(program)
    if number in _NOT_THERE:
        named = words[0] if words else "the loader of its ELF header"
        look = "head -n 1" if words else "file"
        what = f"the interpreter that it names was not found: {named}"
        return Diagnosis(what, f"{look} {quoted}")
    if number == errno.ENOEXEC:
        what = "neither a program nor a script with a #! line"
        rest = map(shlex.quote, argv[1:])
        return Diagnosis(what, by_shell(quoted, *rest) if is_text(program) else f"file {quoted}")
    culprit = words[0] if words else plain
    if not looks.access(culprit, os.X_OK):
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


def _by_mode(command: str, said: str, cwd: str) -> Diagnosis:
    """A file that may not be executed by anybody is none that PATH has."""
    quoted = shlex.quote(command)
    path = os.path.join(cwd, command)
    try:
        mode = looks.stat(path).st_mode
    except OSError:
        return Diagnosis(said, f"ls -l {quoted}")
    if stat.S_ISDIR(mode):
        return Diagnosis(f"{said}: it is a directory", f"ls {quoted}")
    if mode & 0o111:
        return Diagnosis(said, f"ls -l {quoted}")
    is_script = bool(first_line(path)) and looks.access(path, os.W_OK)
    hint = f"chmod +x {quoted}" if is_script else f"ls -l {quoted}"
    return Diagnosis(f"{said}: it is not executable", hint)
