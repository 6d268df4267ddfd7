"""From the options that name paths to rules."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Access,
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    Rule,
    Subtree,
)
from nono.supervisor.errors import UsageError
from nono.supervisor.places import absolute, canonical

if TYPE_CHECKING:
    from nono.supervisor.planning.options import Options

_READ = Access.READ | Access.EXECUTE
_GLOB_CHARACTERS = frozenset("*?[")

# The sandbox may connect to its own unix sockets anywhere. Others are more than files: no option
# that opens a directory may open what listens in it.
DIRECTORY_OPTIONS = (
    ("allow", FLOOR_ACCESS),
    ("read", _READ),
    ("write", Access.WRITE),
)
FILE_OPTIONS = (
    ("allow_file", FLOOR_ACCESS),
    ("read_file", _READ),
    ("write_file", Access.WRITE),
)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def path_rules(options: Options, home: str, workdir: str) -> Iterator[Rule]:
    """The rules of the options that name paths. Raises UsageError, broker.PolicyError."""
    for path in options.deny:
        origin = Origin(OriginKind.FLAG, f"--deny {path}")
        if _GLOB_CHARACTERS & set(path):
            yield Rule(Glob(path), ALL_ACCESS, Effect.DENY, origin)
        else:
            target = canonical(absolute(path, home, workdir))
            yield Rule(Subtree(target, path), ALL_ACCESS, Effect.DENY, origin)
    for name, access in DIRECTORY_OPTIONS:
        for path in getattr(options, name):
            yield _directory_rule(name, path, access, home, workdir)
    for name, access in FILE_OPTIONS:
        for path in getattr(options, name):
            yield _file_rule(name, path, access, home, workdir)
    for path in options.allow_unix_socket:
        yield _socket_rule(path, home, workdir)
    if options.allow_cwd:
        origin = Origin(OriginKind.FLAG, "--allow-cwd")
        yield Rule(Subtree(workdir, "."), FLOOR_ACCESS, Effect.ALLOW, origin)


def _directory_rule(name: str, path: str, access: Access, home: str, workdir: str) -> Rule:
    given = absolute(path, home, workdir)
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
    given = absolute(path, home, workdir)
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


def _socket_rule(path: str, home: str, workdir: str) -> Rule:
    """A grant to connect. The socket may come to be later, in a directory that is there."""
    given = canonical(absolute(path, home, workdir))
    try:
        mode = os.stat(given).st_mode
    except OSError as error:
        if not os.path.isdir(os.path.dirname(given)):
            raise UsageError(
                f"--allow-unix-socket {path}: {os.strerror(error.errno or 0)}",
                f"ls {os.path.dirname(given)}",
            ) from None
    else:
        if not stat.S_ISSOCK(mode):
            kind = "is a directory" if stat.S_ISDIR(mode) else "not a socket"
            raise UsageError(f"--allow-unix-socket {path}: {kind}", f"ls -l {path}")
    origin = Origin(OriginKind.FLAG, f"--allow-unix-socket {path}")
    return Rule(File(given, path), Access.CONNECT, Effect.ALLOW, origin)
