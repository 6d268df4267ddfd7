"""SOCKS version 5 with a name and a password: RFC 1928 and RFC 1929, the server's side.

A generator that says what it wants: a number of bytes to read, or bytes to send. So it is pure, and
no client can make it want more than 255 bytes at a time, or go on for long.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Callable, Generator
from typing import Final

from nono.broker.errors import InvalidHost
from nono.broker.proxy.targets import Target, target_of

VERSION: Final = b"\x05"

_PASSWORD: Final = 2
_NO_METHOD: Final = 0xFF
_PASSWORD_VERSION: Final = 1
_CONNECT: Final = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_NOWHERE: Final = b"\x00\x01\x00\x00\x00\x00\x00\x00"
"""The rest of a reply: where the server's end is bound, which is nobody's business."""


class Reply(enum.IntEnum):
    """RFC 1928 section 6."""

    SUCCEEDED = 0
    FAILURE = 1
    NOT_ALLOWED = 2
    HOST_UNREACHABLE = 4
    REFUSED = 5
    TIMED_OUT = 6
    NO_SUCH_COMMAND = 7
    NO_SUCH_ADDRESS_TYPE = 8


def reply(code: Reply) -> bytes:
    """The answer to a request."""
    return VERSION + bytes((code,)) + _NOWHERE


Handshake = Generator[int | bytes, bytes, Target | None]


def handshake(admits: Callable[[bytes, bytes], bool]) -> Handshake:
    """The whole of it, up to the request: what the client wants to reach, None for nothing.

    Yields how many bytes to read, and is sent them; or bytes to send. `admits` judges the name and
    the password.
    """
    version, count = yield 2
    if version != VERSION[0] or not count:
        return None
    methods = yield count
    if _PASSWORD not in methods:
        yield bytes((VERSION[0], _NO_METHOD))
        return None
    yield bytes((VERSION[0], _PASSWORD))
    version, length = yield 2
    if version != _PASSWORD_VERSION:
        return None
    name = (yield length) if length else b""
    (length,) = yield 1
    password = (yield length) if length else b""
    is_known = admits(name, password)
    yield bytes((_PASSWORD_VERSION, 0 if is_known else 1))
    return (yield from _request()) if is_known else None


def _request() -> Handshake:
    version, command, reserved, kind = yield 4
    if version != VERSION[0] or reserved:
        return None
    if command != _CONNECT:  # neither BIND nor UDP ASSOCIATE
        yield reply(Reply.NO_SUCH_COMMAND)
        return None
    if kind == _NAME:
        (length,) = yield 1
        host = (yield length) if length else b""
    elif kind == _IPV4:
        host = str(ipaddress.IPv4Address((yield 4))).encode()
    elif kind == _IPV6:
        host = str(ipaddress.IPv6Address((yield 16))).encode()
    else:
        yield reply(Reply.NO_SUCH_ADDRESS_TYPE)
        return None
    port = int.from_bytes((yield 2), "big")
    try:
        return target_of(host, port)
    except InvalidHost:
        yield reply(Reply.NOT_ALLOWED)
        return None
