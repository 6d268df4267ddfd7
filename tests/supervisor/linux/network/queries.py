"""Questions for the sandbox's name server, good and bad, and what came back."""

from __future__ import annotations

import struct

import dns.message
import dns.name
import dns.rdatatype

from nono.supervisor.linux.network.dns_answers import answer
from nono.supervisor.linux.network.synthetic_names import SyntheticNames


def ask(
    name: str | dns.name.Name, kind: str = "A", names: SyntheticNames | None = None
) -> dns.message.Message:
    """The reply to one ordinary question."""
    return replied(dns.message.make_query(name, kind, use_edns=False), names)


def replied(query: dns.message.Message, names: SyntheticNames | None = None) -> dns.message.Message:
    wire = answer(query.to_wire(), names or SyntheticNames())
    assert wire is not None
    return dns.message.from_wire(wire)


def records(reply: dns.message.Message) -> list[str]:
    """The answer section, as `TYPE value`."""
    return [
        f"{dns.rdatatype.to_text(rrset.rdtype)} {item.to_text()}"
        for rrset in reply.answer
        for item in rrset
    ]


def wire(name: bytes, kind: int = 1, rdclass: int = 1, flags: int = 0x0100) -> bytes:
    """A query with `name` as it is: labels with their lengths, and the root's zero."""
    return struct.pack("!6H", 7, flags, 1, 0, 0, 0) + name + struct.pack("!HH", kind, rdclass)


def label(content: bytes) -> bytes:
    return bytes((len(content),)) + content


def record(kind: int, content: bytes = b"", owner: bytes = b"\0") -> bytes:
    return owner + struct.pack("!HHIH", kind, 1232, 0, len(content)) + content


def everybody(peer: object, here: object) -> bool:
    """Whom a name server answers that knows nobody by their address."""
    return True
