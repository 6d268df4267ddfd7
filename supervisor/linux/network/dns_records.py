"""SRV, TXT and MX records of allowed hosts: the one kind of look-up that is passed on.

Clients of databases, mail and federated services find their hosts by these (RFC 2782, RFC 1035).
Of a host that no rule opens nobody is asked, so no name of the program's choice leaves the machine
but below a domain that it may send anything to anyway; of a service only its registered name is
(RFC 6335 section 5.1). What comes back is read, bounded and written anew. The names in it are
names like others: to connect to them is decided.

HTTPS and SVCB records (RFC 9460) are left out on purpose: they hold addresses, and keys by which
the server name in TLS would be hidden from us.
"""

from __future__ import annotations

import re
from typing import Any

import dns.name
import dns.rrset
from dns.rcode import Rcode
from dns.rdatatype import RdataType

from nono.broker.dataclass import dataclass
from nono.broker.network.look_ups import TTL
from nono.broker.settings import flag
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import ResolutionError, UnknownHost
from nono.supervisor.linux.network.dns_answers import Found, host_of
from nono.supervisor.network.resolver import Resolver

MAX_RECORDS = 16
MAX_TEXT = 4096
"""Bytes of all the texts of one answer."""

_SERVICE = re.compile(rb"_[A-Za-z0-9-]{1,15}")
_PROTOCOLS = frozenset((b"_tcp", b"_udp", b"_tls", b"_sctp"))


@dataclass(frozen=True, slots=True)
class Records:
    """Looks up what the policy opens."""

    decisions: Decisions
    resolver: Resolver

    async def find(self, name: dns.name.Name, kind: RdataType) -> Found:
        """The answer to a question of one of `dns_answers.RECORD_KINDS`. Raises nothing."""
        host = _subject(name, kind)
        if host is None:
            return Found(Rcode.NOERROR)
        if not self.decisions.policy.network.opens_host(host):
            if kind == RdataType.SRV:
                why = f"to look up its services takes {flag('network.allow_domain')} {host}"
                self.decisions.note_unresolved(host, why)
            return Found(Rcode.NOERROR)
        try:
            answer = await self.resolver.records(name, kind.name)
        except UnknownHost:
            # Of a host we say that it exists, whoever asks for its address.
            return Found(Rcode.NXDOMAIN if kind == RdataType.SRV else Rcode.NOERROR)
        except ResolutionError:
            return Found(Rcode.SERVFAIL)
        kept = _kept(answer[:MAX_RECORDS])
        return Found(Rcode.NOERROR, dns.rrset.from_rdata_list(name, TTL, kept) if kept else None)


def _subject(name: dns.name.Name, kind: RdataType) -> str | None:
    """The host, by its canonical name, that a look-up is about; None for a name of another form."""
    if kind != RdataType.SRV:
        return host_of(name)
    service, protocol, *rest = (*name.labels, b"", b"")
    if not _SERVICE.fullmatch(service) or protocol.lower() not in _PROTOCOLS:
        return None
    return host_of(dns.name.Name(name.labels[2:])) if any(rest) else None


def _kept(answer: list[Any]) -> list[Any]:
    """The records that say nothing but what such a record is for."""
    kept, room = [], MAX_TEXT
    for each in answer:
        target = getattr(each, "target", getattr(each, "exchange", None))
        if target is None:
            room -= sum(map(len, each.strings))
            is_sound = room >= 0
        else:
            is_sound = target == dns.name.root or host_of(target) is not None
        if is_sound:
            kept.append(each)
    return kept
