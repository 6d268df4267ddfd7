"""Where a client of the proxy wants to go, out of what it sends: RFC 9110 section 7.1, RFC 3986.

Nothing here is lenient: a target that two readers could understand differently is none. A name is
letters, digits, `-`, `_` and `.` alone, so that nothing is escaped, hidden or somebody's password;
one in another script comes as its A-labels (RFC 5890), which is what clients send.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nono.broker.errors import InvalidHost
from nono.broker.rules.addresses import destination
from nono.broker.rules.hosts import canonical_host

HTTP_PORT = 80

_NAME = rb"(?:[A-Za-z0-9._-]{1,254}|\[[0-9A-Fa-f:.]{2,45}\])"
_PORT = rb"[1-9][0-9]{0,4}"
_AUTHORITY = re.compile(rb"(%b):(%b)" % (_NAME, _PORT))
_ABSOLUTE = re.compile(rb"(?i:http)://(%b)(?::(%b))?((?:[/?][!$-~]*)?)" % (_NAME, _PORT))
_HINT = "a client says HOST:PORT or http://HOST/PATH"


class Target(NamedTuple):
    """`host` is a canonical name, or an address as text in its plain form."""

    host: str
    port: int

    @property
    def is_address(self) -> bool:
        return destination(self.host) is not None

    @property
    def authority(self) -> str:
        """Host and port as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def target_of(host: bytes, port: int) -> Target:
    """A host, an IPv6 address without its brackets. Raises InvalidHost."""
    text = host.decode("latin-1")
    if not re.fullmatch(rb"[A-Za-z0-9._:-]{1,254}", host) or not 1 <= port <= 65535:
        raise _invalid(text)
    address = destination(text)
    return Target(canonical_host(text) if address is None else str(address), port)


def of_authority(text: bytes) -> Target:
    """The target of CONNECT, in authority-form: RFC 9112 section 3.2.3. Raises InvalidHost."""
    found = _AUTHORITY.fullmatch(text)
    if found is None:
        raise _invalid(text.decode("latin-1"))
    return _target(found[1], int(found[2]))


def of_url(text: bytes) -> tuple[Target, bytes]:
    """The target of a plain request, in absolute-form, and the path with the query.

    RFC 9112 section 3.2.2. Raises InvalidHost, also for any other scheme than http.
    """
    found = _ABSOLUTE.fullmatch(text)
    if found is None:
        raise _invalid(text.decode("latin-1"))
    rest = found[3]
    path = rest if rest.startswith(b"/") else b"/" + rest
    return _target(found[1], int(found[2] or HTTP_PORT)), path


def _target(host: bytes, port: int) -> Target:
    if not host.startswith(b"["):
        return target_of(host, port)
    inside = host[1:-1]
    if b":" not in inside or destination(inside.decode("ascii")) is None:
        raise _invalid(host.decode("ascii"))
    return target_of(inside, port)


def _invalid(text: str) -> InvalidHost:
    return InvalidHost(f"{text[:80]!r} is nothing that can be connected to", _HINT)
