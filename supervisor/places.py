"""Where things are: the platform, the home, the XDG base directories, canonical paths."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Mapping

PLATFORM = "macos" if sys.platform == "darwin" else "linux"
"""The name that groups and profiles have for the platform: one of `profile.checks.PLATFORMS`."""
_MAX_LINKS = 40
"""As many as the kernel follows: path_resolution(7)."""
TMPDIR_PREFIX = "nono-"
"""How the names of the private TMPDIRs begin."""


def home_directory(env: Mapping[str, str]) -> str:
    """$HOME, or the home of the user that runs us; canonical."""
    home = env.get("HOME", "")
    if not os.path.isabs(home):
        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            home = "/"
    return os.path.realpath(home)


def profile_directory(env: Mapping[str, str], home: str) -> str:
    """Where a person's own profiles are, by the XDG Base Directory Specification."""
    config = env.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(config):
        config = os.path.join(home, ".config")
    return os.path.normpath(os.path.join(config, "nono", "profiles"))


def canonical(path: str) -> str:
    """The absolute path with every link resolved, whether or not it exists."""
    return os.path.realpath(path)


def links_to(path: str, seen: dict[str, str | None]) -> list[str]:
    """The canonical paths of every link on the way to an absolute `path`, and of where it leads.

    `seen` remembers for further paths where a path leads, None for one that is no link.
    """
    found: list[str] = []
    at, waiting = "/", _names(path)
    while waiting:
        name = waiting.pop()
        here = f"{at}/{name}" if at != "/" else f"/{name}"
        if name == "..":
            at = os.path.dirname(at)
            continue
        if here not in seen:
            try:
                seen[here] = os.readlink(here)
            except OSError:  # no link, or nothing at all
                seen[here] = None
        leads_to = seen[here]
        if leads_to is None:
            at = here
            continue
        if len(found) == _MAX_LINKS:
            break
        found.append(here)
        at = "/" if leads_to.startswith("/") else at
        waiting += _names(leads_to)
    return [*found, at]


def _names(path: str) -> list[str]:
    """The names in a path, the last one first."""
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def absolute(path: str, home: str, base: str) -> str:
    """`path` with `~` for the home directory, relative to `base`."""
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    return os.path.join(base, path)


def state_directory(env: Mapping[str, str]) -> str:
    """`$XDG_STATE_HOME/nono`, which is `~/.local/state/nono` unless the variable is absolute."""
    base = env.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(home_directory(env), ".local/state")
    return os.path.join(os.path.normpath(base), "nono")


def caches_directory(env: Mapping[str, str], home: str) -> str:
    """Where the caches of sandboxes are: `$XDG_CACHE_HOME/nono/caches`.

    Links are followed as far as the person's own directory, `~/.cache` unless the variable is
    absolute. Below it everything is nono's.
    """
    base = env.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(home, ".cache")
    return os.path.join(canonical(base), "nono", "caches")


def tmpdir_template() -> str:
    """Where the private TMPDIR of a run would be, as mktemp(1) writes it."""
    import tempfile

    return os.path.join(canonical(tempfile.gettempdir()), f"{TMPDIR_PREFIX}XXXXXXXX")
