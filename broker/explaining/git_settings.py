"""git's settings: those of the person, and remotes that a run may not name, in words."""

from __future__ import annotations

from typing import Final

from nono.broker.rules.paths import child
from nono.broker.settings import flag

_OF_PERSON: Final = (".gitconfig", ".config/git/config")
"""Below a home: what `git config --global` writes, by a rename (git-config(1), FILES)."""
_LOCK: Final = ".lock"
_FOR: Final = ", for "
_REMOTES: Final = (".url", ".pushurl", ".remote", ".pushremote", "remote.pushdefault")


def is_of_person(path: str, home: str) -> bool:
    """True for the file, and for the one that git makes to replace it."""
    return bool(home) and path.removesuffix(_LOCK) in {child(home, name) for name in _OF_PERSON}


def why_kept(path: str, home: str) -> str:
    """Why no flag is suggested for a change of the person's settings, and what helps instead.

    `path` is one of which `is_of_person` is true.
    """
    settings = "~" + path.removesuffix(_LOCK)[len(home) :]
    directory = settings.rpartition("/")[0]
    return (
        "git runs what it names, outside too, so it is kept on purpose: change it outside, or leave"
        " out --global, since what a repository's own settings say of names may be changed;"
        f" {flag('filesystem.allow')} {directory} {flag('filesystem.bypass_protection')} {settings}"
        f" lifts that, and opens all of {directory}"
    )


def named_for(group: str, setting: str) -> str:
    """The name of the origin that refuses one setting of a file that a group protects."""
    return f"{group}{_FOR}{setting}"


def why_refused(origin: str) -> str:
    """What is wrong with the setting that the name of an origin has; empty where that says it."""
    setting = origin.partition(_FOR)[2]
    if not setting.endswith(_REMOTES):
        return ""
    return (
        "git would run hooks of a repository that the run can make there; a URL such as https://,"
        " and a path that is closed to the run, are not refused"
    )
