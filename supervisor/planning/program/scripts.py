"""Which Python script a command line runs, and what runs a script that is named alone.

A script may name nono in its first line: `#!/usr/bin/env -S nono run --`. The kernel then starts
nono with the script as the command, which must not start nono again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from nono.broker.compiled import pattern_of
from nono.broker.named_tuple import NamedTuple
from nono.supervisor import looks
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.program.beginnings import first_line

_INTERPRETER = "python3"
_SUFFIX = ".py"
_PYTHON = pattern_of(r"python[0-9.]*")
_WITH_VALUE = {"-W", "-X", "--check-hash-based-pycs"}
_NONO = {"nono", "nono-sandbox"}


class Started(NamedTuple):
    """A command line, and the script in it that python3 was put before, as it was named."""

    argv: Sequence[str]
    script: str | None = None


def with_interpreter(argv: Sequence[str], workdir: str, env: Mapping[str, str]) -> Started:
    """The command line, with python3 before a script that cannot be started by itself.

    Raises UsageError for another script whose first line would start nono again.
    """
    named = argv[0] if argv else ""
    is_python = named.endswith(_SUFFIX)
    path = os.path.join(workdir, named)
    if not (is_python or "/" in named) or not looks.isfile(path):
        return Started(argv)
    starts_nono = not _NONO.isdisjoint(map(os.path.basename, first_line(path)))
    if not is_python and starts_nono:
        raise UsageError(
            f"{named}: its first line says that nono runs it, and not with what",
            "#!/usr/bin/env -S nono run -- bash",
        )
    if not is_python or ("/" not in named and _is_found(named, env, workdir)):
        return Started(argv)
    if starts_nono or not looks.access(path, os.X_OK):
        return Started((_INTERPRETER, *argv), named)
    return Started(argv if "/" in named else (f"./{named}", *argv[1:]))


def _is_found(named: str, env: Mapping[str, str], workdir: str) -> bool:
    # What only a script of a bare name needs is loaded only for one.
    from nono.supervisor.planning.program.program import find_program

    return find_program(named, env, workdir) is not None


def script_of(argv: Sequence[str], workdir: str) -> str | None:
    """The path of the Python script that a command line runs, as it is named."""
    words = list(argv)
    if os.path.basename(words[0]) == "uv" and words[1:2] == ["run"]:
        words = [word for word in words[2:] if word not in ("-s", "--script")]
        named = words[0] if words and words[0].endswith(_SUFFIX) else None
    elif _PYTHON.fullmatch(os.path.basename(words[0])):
        named = _script_of_python(words[1:])
    else:
        named = words[0] if words[0].endswith(_SUFFIX) or _is_script(words[0], workdir) else None
    return None if named is None or "\0" in named else os.path.join(workdir, named)


def _script_of_python(words: Sequence[str]) -> str | None:
    waits = False
    for word in words:
        if waits or word in _WITH_VALUE:
            waits = not waits
        elif word.startswith(("-c", "-m")) or word == "-":
            return None
        elif not word.startswith("-"):
            return word
    return None


def _is_script(named: str, workdir: str) -> bool:
    """True for a file that is named by its path and has a first line that says what runs it."""
    path = os.path.join(workdir, named)
    return "/" in named and looks.isfile(path) and bool(first_line(path))
