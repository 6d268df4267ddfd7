"""Questions for the addresses of a host that were answered before: the same answer, found at once.

Programs look up a host for each connection, and ask each time in the same words. Of a host with a
synthetic address the answer holds for the whole run, as long as its name has no other meaning.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

from nono.supervisor.linux.network.dns_answers import host_asked
from nono.supervisor.linux.network.synthetic_names import SyntheticNames

_MAX_KNOWN = 512
_ID = 2
"""Bytes of the number that begins a message, which alone differs: RFC 1035 section 4.1.1."""
_COUNT = slice(6, 8)
"""Where a message says how many records its answer has."""


class _Known(NamedTuple):
    host: str
    rest: bytes
    """Of the answer, behind its number."""


class Repeated:
    """Used from trio's thread. Bounded by the size of a query and of its answer."""

    def __init__(self, names: SyntheticNames) -> None:
        self._names = names
        self._known: dict[bytes, _Known] = {}

    def answer(self, query: bytes) -> bytes | None:
        """What was answered to these words; None where that is not known, or may be another."""
        known = self._known.get(query[_ID:])
        if known is None or self._names.on_loopback(known.host):
            return None
        return query[:_ID] + known.rest

    def note(self, query: bytes, reply: bytes) -> None:
        """This was answered just now."""
        host = host_asked(query)
        address = None if host is None else self._names.address_of(host)
        if host is None or address is None:
            return
        # Neither the addresses of this machine, which the name may have had until now.
        if reply[_COUNT] != bytes(2) and socket.inet_aton(address) not in reply:
            return
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[query[_ID:]] = _Known(host, reply[_ID:])
