"""The working directory of a run, or what is the matter with it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

from nono.broker import is_within
from nono.broker.rules.paths import lineage
from nono.supervisor import looks
from nono.supervisor.errors import UsageError, look_near, quoted
from nono.supervisor.places import (
    absolute,
    canonical,
    current_directory,
    here,
    state_directory,
)

PROJECT_FILE = "pyproject.toml"
ACCEPTED = "accepted"
"""The name of the directory in nono's state that says what was accepted of such files."""
_SCRIPT = ".py"
_OF_SCRIPTS = ("python", "uv")


def may_be_script(argv: Sequence[str]) -> bool:
    """False for a command line that runs no file which could be a script of a project's."""
    named = argv[0] if argv else ""
    is_named = named.endswith(_SCRIPT) or "/" in named
    return is_named or os.path.basename(named).startswith(_OF_SCRIPTS)


def may_bring_profile(argv: Sequence[str], workdir: str, env: Mapping[str, str]) -> bool:
    """False where nothing can have a profile in it, as most runs start."""
    return (
        looks.lexists(os.path.join(workdir, PROJECT_FILE))
        or looks.isdir(os.path.join(state_directory(env), ACCEPTED))
        or may_be_script(argv)
    )


def working_directory(given: str | None, home: str) -> str:
    """The canonical path of the directory that --workdir names, or of ours. Raises UsageError."""
    base = _here(given, home)
    path = absolute(given or ".", home, base)
    said = "the working directory" if given is None else f"--workdir {given}"
    if given is not None and base and not is_within(home, base):
        # What only a directory that is named needs is loaded only then.
        from nono.supervisor.planning.paths.flag_paths import follow
        from nono.supervisor.walk import Changeable

        path = follow(said, path, Changeable((base,)), "--workdir ")
    try:
        is_directory = stat.S_ISDIR(looks.stat(path).st_mode)
    except FileNotFoundError:
        raise UsageError(f"{said}: no such directory", look_near(path)) from None
    except PermissionError:
        raise _not_entered(path, said) from None
    except OSError as error:
        raise UsageError(f"{said}: {error.strerror}", f"ls -ld {quoted(path)}") from None
    if not is_directory:
        raise UsageError(f"{said}: not a directory", f"ls -ld {quoted(path)}")
    if given is not None and not looks.access(path, os.X_OK):
        raise _not_entered(path, said)
    return canonical(path)


def _here(given: str | None, home: str) -> str:
    """Our own one; empty where it is gone and not asked for."""
    if given is not None and os.path.isabs(absolute(given, home, "")):
        return here()
    return current_directory()


def _not_entered(path: str, said: str) -> UsageError:
    """The error for a directory below one that this user may not search, which is named."""
    plain = os.path.normpath(path)
    closed = next(
        (each for each in reversed(list(lineage(plain))) if not looks.access(each, os.X_OK)), plain
    )
    what = "it" if closed == plain else closed
    return UsageError(f"{said}: this user may not search {what}", f"ls -ld {quoted(closed)}")
