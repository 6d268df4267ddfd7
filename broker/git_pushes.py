"""Whether git would push somewhere else than before (git-push(1), git-config(1)).

A run may add remotes and say which one a branch follows: that is most of what git itself changes in
a repository's configuration. A person who pushes as always should know when it goes elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker.git_config import Entry, parse

_OF_REMOTES = frozenset({"remote.*.url", "remote.*.pushurl", "remote.*.push", "remote.*.mirror"})
_CHOICES = frozenset({"branch.*.remote", "branch.*.pushremote", "remote.pushdefault"})
_ITSELF = b"."


def goes_elsewhere(before: bytes, after: bytes) -> bool:
    """True when a remote that was there changes, or another one than those is chosen.

    Both are whole configurations. A remote that is gone is none to push to. Raises
    NotUnderstoodError.
    """
    old, new = parse(before), parse(after)
    known, now = _remotes(old), _remotes(new)
    if any(name in now and now[name] != known[name] for name in known):
        return True
    chosen = {entry for entry in new if entry.pattern in _CHOICES} - set(old)
    return any(entry.value not in (*known, _ITSELF) for entry in chosen)


def gone(before: bytes, after: bytes) -> list[bytes]:
    """The names of remotes that are there no more: git takes each for a path by then.

    Raises NotUnderstoodError.
    """
    now = _remotes(parse(after))
    return [name for name in _remotes(parse(before)) if name not in now]


def _remotes(entries: Iterable[Entry]) -> dict[bytes, list[Entry]]:
    """What counts of each remote that has a URL, by its name."""
    found: dict[bytes, list[Entry]] = {}
    for entry in entries:
        if entry.pattern in _OF_REMOTES:
            name = entry.name.split(b".", 1)[1].rpartition(b".")[0]
            found.setdefault(name, []).append(entry)
    return {
        name: settings
        for name, settings in found.items()
        if any(each.pattern == "remote.*.url" for each in settings)
    }
