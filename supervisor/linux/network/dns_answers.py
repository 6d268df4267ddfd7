"""The answer to one DNS query, made up here, but for records of `RECORD_KINDS`, which are given.

Every name that a host may have exists and has one address, a synthetic one; a name that the
machine's own hosts file has for loopback has that, since it means a port of this machine. Whether
the sandbox may connect to it is decided at the connect, so a look-up tells the program no more.

Answers without records carry no SOA: they are then "no data" of RFC 2308 section 2.2, type 3,
which resolvers accept and do not cache (section 5). Asking again costs a trip over loopback.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.reversename
import dns.rrset
import dns.wire
from dns.rcode import Rcode
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType

from nono.broker.dataclass import dataclass
from nono.broker.errors import PolicyError
from nono.broker.network.look_ups import TTL
from nono.broker.rules.hosts import canonical_host
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from nono.supervisor.network.hosts_file import is_ipv6_as_well

MAX_ANSWER = 65535
"""Bytes of the largest message that fits the length of RFC 1035 section 4.2.2."""

RECORD_KINDS = frozenset((RdataType.SRV, RdataType.TXT, RdataType.MX))
"""What is not made up: see `dns_records.py`."""

_HEADER = struct.Struct("!6H")
_OPCODE = 0x7800
_MAX_RECORDS = 3
_DNSSEC_OK = 0x8000
_LABEL = re.compile(rb"[A-Za-z0-9_-]+")
_REVERSE = (dns.reversename.ipv4_reverse_domain, dns.reversename.ipv6_reverse_domain)
_LOCALHOST: Mapping[RdataType, str] = {RdataType.A: "127.0.0.1", RdataType.AAAA: "::1"}
_LOCALHOST_OF_IPV4: Mapping[RdataType, str] = {RdataType.A: "127.0.0.1"}
_LOCALHOST_ADDRESSES = frozenset(_LOCALHOST.values())
_NOTHING: Mapping[RdataType, str] = {}
# RFC 6761 section 6.4 and RFC 7686 section 2: these never exist in the DNS.
_NEVER = frozenset(("invalid", "onion"))
_CLASSES = frozenset((RdataClass.IN, RdataClass.ANY))
_TRANSFERS = frozenset((RdataType.AXFR, RdataType.IXFR))


@dataclass(frozen=True, slots=True)
class _Query:
    """What a query asks. `opt` is the TTL field of its OPT record (RFC 6891 section 6.1.3)."""

    id: int
    flags: int
    name: dns.name.Name
    rdtype: RdataType
    rdclass: RdataClass
    opt: int | None


class Found(NamedTuple):
    """What there is of a record: the response code, and the records if there are any."""

    code: Rcode
    records: dns.rrset.RRset | None = None


def record_asked(query: bytes) -> tuple[dns.name.Name, RdataType] | None:
    """The name and the type, when a message asks for a record of one of `RECORD_KINDS`."""
    asked = _plain(query)
    return (asked.name, asked.rdtype) if asked and asked.rdtype in RECORD_KINDS else None


def host_asked(query: bytes) -> str | None:
    """The host whose addresses a message asks for, if it may have a synthetic one.

    Every answer to the same message but for its number is the same then, while it has that address.
    """
    asked = _plain(query)
    if asked is None or asked.rdtype not in _LOCALHOST:
        return None
    if any(asked.name.is_subdomain(each) for each in _REVERSE):
        return None
    host = host_of(asked.name)
    top = "" if host is None else host.rpartition(".")[2]
    return None if top == "localhost" or top in _NEVER else host


def _plain(query: bytes) -> _Query | None:
    """The question of a message that has one of class IN, and of EDNS version 0 at the most."""
    if len(query) < _HEADER.size or _HEADER.unpack_from(query)[1] & (_OPCODE | dns.flags.QR):
        return None
    try:
        asked = _parse(query)
    except dns.exception.DNSException:
        return None
    is_plain = asked.rdclass == RdataClass.IN and not (asked.opt or 0) >> 16 & 0xFF
    return asked if is_plain else None


def answer(query: bytes, names: SyntheticNames, found: Found | None = None) -> bytes | None:
    """The reply to one DNS message (RFC 1035 section 4.1), at most MAX_ANSWER bytes.

    `found` is what there is of a record that `record_asked` tells of. None when there is nothing
    to reply to: the message has no whole header, or is a response.
    """
    if len(query) < _HEADER.size:
        return None
    identity, flags, *_ = _HEADER.unpack_from(query)
    if flags & dns.flags.QR:
        return None
    if flags & _OPCODE:
        return _bare(identity, flags, Rcode.NOTIMP)
    try:
        asked = _parse(query)
    except dns.exception.DNSException:
        return _bare(identity, flags, Rcode.FORMERR)
    if found is None:
        return _reply(asked, *_find(asked, names))
    return _reply(asked, found.code, _NOTHING, found.records)


def _parse(query: bytes) -> _Query:
    """Read the question and the OPT record. Raises dns.exception.DNSException.

    The content of other records is not read: no query needs it, and it is the sender's choice how
    long that takes. A query has up to three: OPT, a signature, and the SOA of IXFR.
    """
    parser = dns.wire.Parser(query)
    identity, flags, questions, *counts = parser.get_struct(_HEADER.format)
    if questions != 1 or sum(counts) > _MAX_RECORDS:
        raise dns.exception.FormError
    name = dns.name.from_wire_parser(parser)
    rdtype, rdclass = parser.get_struct("!HH")
    opt = None
    for _ in range(sum(counts)):
        owner = dns.name.from_wire_parser(parser)
        kind, _, ttl, length = parser.get_struct("!HHIH")
        parser.get_bytes(length)
        if kind == RdataType.OPT:
            # RFC 6891 section 6.1.1: there is one, and it belongs to the root.
            if opt is not None or owner != dns.name.root:
                raise dns.exception.FormError
            opt = ttl
    if parser.remaining():
        raise dns.exception.FormError
    return _Query(identity, flags, name, RdataType(rdtype), RdataClass(rdclass), opt)


def _find(query: _Query, names: SyntheticNames) -> tuple[Rcode, Mapping[RdataType, str]]:
    """The response code, and the records of the answer in text form by their type."""
    if query.opt is not None and query.opt >> 16 & 0xFF:
        return Rcode.BADVERS, _NOTHING
    if query.rdclass not in _CLASSES:
        return Rcode.NOTIMP, _NOTHING
    if query.rdtype in _TRANSFERS:
        return Rcode.REFUSED, _NOTHING
    code, records = _records_of(query.name, names)
    if query.rdtype == RdataType.ANY:
        return code, records
    return code, {kind: text for kind, text in records.items() if kind == query.rdtype}


def _records_of(
    name: dns.name.Name, names: SyntheticNames
) -> tuple[Rcode, Mapping[RdataType, str]]:
    """Whether a name exists, and every record that it has."""
    if name == dns.name.root:
        return Rcode.NOERROR, _NOTHING
    if any(name.is_subdomain(domain) for domain in _REVERSE):
        host = _reverse(name, names)
        return (Rcode.NOERROR, {RdataType.PTR: f"{host}."}) if host else (Rcode.NXDOMAIN, _NOTHING)
    host = host_of(name)
    if host is None:
        return Rcode.NXDOMAIN, _NOTHING
    top = host.rpartition(".")[2]
    if top == "localhost":
        # RFC 6761 section 6.3, and as in the hosts file that programs see.
        here = names.on_loopback(host) or names.on_loopback("localhost")
        return Rcode.NOERROR, _LOCALHOST if is_ipv6_as_well(here) else _LOCALHOST_OF_IPV4
    if top in _NEVER:
        return Rcode.NXDOMAIN, _NOTHING
    if here := names.on_loopback(host):
        # Who connects there is asked for a port of this machine, as with localhost.
        kinds = ((RdataType.AAAA if ":" in each else RdataType.A, each) for each in here[::-1])
        return Rcode.NOERROR, dict(kinds)
    address = names.address_of(host)
    return (Rcode.NOERROR, {RdataType.A: address}) if address else (Rcode.SERVFAIL, _NOTHING)


def host_of(name: dns.name.Name) -> str | None:
    """The canonical form of a name, if a host may have it.

    Labels are looked at as bytes: one with a dot inside would else become two.
    """
    labels = name.labels[:-1]
    if not all(map(_LABEL.fullmatch, labels)):
        return None
    try:
        return canonical_host(b".".join(labels).decode("ascii"))
    except PolicyError:
        return None


def _reverse(name: dns.name.Name, names: SyntheticNames) -> str | None:
    """The host of an address that was given away here, by its reverse name (RFC 1035 3.5)."""
    try:
        address = dns.reversename.to_address(name)
    except dns.exception.DNSException:
        return None
    return "localhost" if address in _LOCALHOST_ADDRESSES else names.host_of(address)


def _reply(
    query: _Query,
    code: Rcode,
    records: Mapping[RdataType, str],
    given: dns.rrset.RRset | None = None,
) -> bytes:
    """The message. The question is repeated as it was written, its upper case included."""
    reply = dns.message.QueryMessage(query.id)
    reply.flags = dns.flags.QR | dns.flags.RA | (query.flags & dns.flags.RD)
    reply.question = [dns.rrset.RRset(query.name, query.rdclass, query.rdtype)]
    reply.answer = [
        dns.rrset.from_text(query.name, TTL, RdataClass.IN, kind, text)
        for kind, text in records.items()
    ]
    if given is not None:
        reply.answer.append(given)
    if query.opt is not None:
        # RFC 3225 section 3: the DO bit is copied.
        reply.use_edns(0, query.opt & _DNSSEC_OK)
    reply.set_rcode(code)
    return reply.to_wire(max_size=MAX_ANSWER)


def _bare(identity: int, flags: int, code: Rcode) -> bytes:
    """A reply of a header only, for a message that was not read."""
    kept = flags & (_OPCODE | dns.flags.RD)
    return _HEADER.pack(identity, dns.flags.QR | dns.flags.RA | kept | code, 0, 0, 0, 0)
