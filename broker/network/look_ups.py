"""A look-up of a host's address, as resolvers ask: one question, read strictly, and its reply.

Of the messages of RFC 1035 section 4.1 it reads those that look-ups consist of: one question of
class IN for an A or AAAA record of a name that a host may have, spelled out, and an OPT record of
EDNS version 0 behind it at the most (RFC 6891). What is read here reads the same in a complete
reader of DNS, and what is not is that one's: odd messages, and names with a meaning of their own.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from nono.broker.rules.hosts import host_or_none, is_localhost

TTL: Final = 300
"""Seconds that an answer may be cached. Synthetic addresses hold for the whole run."""

MAX_QUESTION: Final = 512
"""Bytes of the longest message that is read."""

_HEADER: Final = struct.Struct("!6H")
_KIND: Final = struct.Struct("!2H")
_OPT: Final = struct.Struct("!BHHBBHH")  # root, type, room, code, version, flags, length
_RECORD: Final = struct.Struct("!3HIH4s")  # the name by where it stands, type, class, TTL, address
_A: Final = 1
_AAAA: Final = 28
_IN: Final = 1
_OPT_KIND: Final = 41
_ASKED_NAME: Final = 0xC000 | _HEADER.size
_RECURSION_DESIRED: Final = 0x0100
_HARMLESS: Final = _RECURSION_DESIRED | 0x0020 | 0x0010  # AD and CD: RFC 6840 sections 5.7, 5.9
_RESPONSE: Final = 0x8000
_REPLY: Final = _RESPONSE | 0x0080  # and recursion available
_CUT: Final = 0x0200
_OPCODE: Final = 0x7800
_DNSSEC_OK: Final = 0x8000
_ROOM: Final = 1232  # the largest datagram that we would take, as if there were one
_MAX_NAME: Final = 255
_MAX_LABEL: Final = 63
_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
# Names that are no host's, or whose answer is another than an address of the host's own:
# RFC 1035 section 3.5, RFC 3596 section 2.5, RFC 6761 section 6.4, RFC 7686 section 2.
_OTHERS: Final = frozenset(("arpa", "invalid", "onion"))


class LookUp(NamedTuple):
    """What a message asks for."""

    host: str
    """In its canonical form."""
    has_address: bool
    """It is asked for an IPv4 address, and not for one of IPv6."""
    message: bytes
    end: int
    """Where the question ends in it."""
    opt: int | None
    """The flags of the OPT record, where there is one."""


def read(message: bytes) -> LookUp | None:
    """The look-up that a message is; None for any other. Never raises."""
    if not _HEADER.size < len(message) <= MAX_QUESTION:
        return None
    _, flags, questions, answers, authorities, others = _HEADER.unpack_from(message)
    if flags & ~_HARMLESS or (questions, answers, authorities) != (1, 0, 0) or others > 1:
        return None
    end = _end_of_name(message)
    if end is None or len(message) < end + _KIND.size:
        return None
    kind, of_class = _KIND.unpack_from(message, end)
    host = _host(message[_HEADER.size : end])
    if kind not in (_A, _AAAA) or of_class != _IN or host is None:
        return None
    end += _KIND.size
    opt = _opt(message[end:]) if others else None
    if opt is None and (others or end != len(message)):
        return None
    return LookUp(host, kind == _A, message, end, opt)


def reply(asked: LookUp, address: bytes) -> bytes:
    """The message that answers it, where `address` is the host's one address, of IPv4."""
    identity, flags, *_ = _HEADER.unpack_from(asked.message)
    counts = 1, int(asked.has_address), 0, int(asked.opt is not None)
    head = _HEADER.pack(identity, _REPLY | flags & _RECURSION_DESIRED, *counts)
    record = opt = b""
    if asked.has_address:
        record = _RECORD.pack(_ASKED_NAME, _A, _IN, TTL, len(address), address)
    if asked.opt is not None:
        # RFC 3225 section 3: of the flags DO is copied.
        opt = _OPT.pack(0, _OPT_KIND, _ROOM, 0, 0, asked.opt & _DNSSEC_OK, 0)
    return head + asked.message[_HEADER.size : asked.end] + record + opt


def cut_short(message: bytes) -> bytes | None:
    """The reply to a question in a datagram that says to ask again over TCP; None for no question.

    RFC 1035 section 4.1.1, RFC 7766 section 5.
    """
    end = _end_of_name(message)
    if end is None or len(message) < end + _KIND.size:
        return None
    identity, flags, questions, *_ = _HEADER.unpack_from(message)
    if flags & _RESPONSE or questions != 1:
        return None
    flags = _RESPONSE | _CUT | flags & (_OPCODE | _HARMLESS)
    counts = 1, 0, 0, 0
    return _HEADER.pack(identity, flags, *counts) + message[_HEADER.size : end + _KIND.size]


def _end_of_name(message: bytes) -> int | None:
    """Where the name ends that begins behind the header; None unless it is labels alone."""
    at = _HEADER.size
    while at < len(message) and at - _HEADER.size < _MAX_NAME:
        length = message[at]
        at += 1 + length
        if length == 0:
            return at
        if length > _MAX_LABEL:
            return None
    return None


def _host(name: bytes) -> str | None:
    """The host of a name as it stands in a message; None for a name of another kind."""
    labels = []
    at = 0
    while length := name[at]:
        labels.append(name[at + 1 : at + 1 + length])
        at += 1 + length
    if not labels or not _LETTERS.issuperset(b"".join(labels)):
        return None
    host = host_or_none(b".".join(labels).decode("ascii"))
    if host is None or is_localhost(host) or host.rpartition(".")[2] in _OTHERS:
        return None
    return host


def _opt(record: bytes) -> int | None:
    """The flags of an OPT record of version 0 that is all there is; None for anything else.

    The options in it are not read: no answer depends on them.
    """
    if len(record) < _OPT.size:
        return None
    root, kind, _, _, version, flags, length = _OPT.unpack_from(record)
    if root or kind != _OPT_KIND or version or len(record) != _OPT.size + length:
        return None
    return int(flags)
