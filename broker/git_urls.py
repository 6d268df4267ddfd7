"""Where git fetches from and pushes to: what of it starts no program of somebody's choice.

A path on this machine is a repository whose own hooks run at a push (git-push(1), githooks(5));
other forms name a program, or are taken as an option by ssh.
"""

from __future__ import annotations

from functools import cache

from nono.broker.compiled import pattern_of
from nono.broker.datafile import data

_URL = rb"([A-Za-z0-9+.-]*):(:?)"
_FILE = b"file://"


@cache
def _transports() -> frozenset[bytes]:
    return frozenset(name.encode() for name in data("git_config")["transports"])


def local_path(value: bytes) -> bytes | None:
    """The path on this machine that git takes it for; None for everything else."""
    if value[: len(_FILE)].lower() == _FILE:
        rest = value[len(_FILE) :]
        return rest[rest.find(b"/") :] if b"/" in rest and b"%" not in rest else None
    colon, slash = value.find(b":"), value.find(b"/")
    return value if colon < 0 or 0 <= slash < colon else None


def is_plain_url(value: bytes) -> bool:
    """False for a path, for what git would run (`ext::`, a helper) or take as an option."""
    if value[:1] == b"-" or b"\n" in value or local_path(value) is not None:
        return False
    scheme = pattern_of(_URL).match(value)
    if scheme is None:
        # `host:path`: a host that begins with a dash would be an option of ssh.
        return b"@-" not in value and b"[-" not in value
    if scheme[2]:
        return False
    if value[scheme.end() : scheme.end() + 2] != b"//":
        return scheme[1][:1] not in (b"-", b"")  # host:path
    after = value[scheme.end() + 2 :]
    authority = after.partition(b"/")[0]
    host = authority.rpartition(b"@")[2]
    if {authority[:1], host[:1], host[1:2]} & {b"-"} or b"%" in host:
        return False
    return scheme[1].lower() in _transports()
