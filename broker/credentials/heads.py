"""The heads of HTTP/1.1 messages, read in the strictest way that the standard allows.

RFC 9112. What is not written as it should be is refused, and nothing is mended: no bare line feeds,
no spaces around names, no control characters, no second length, no coding but chunked. A value that
goes on in the next line is joined by a space, as section 5.2 demands. What was read is never sent
on; `written` makes heads anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from nono.broker.named_tuple import NamedTuple

MAX_HEAD: Final = 1 << 16
MAX_FIELDS: Final = 256
CHUNKED: Final = -1
"""The length of a body that comes in chunks."""

TO_WEBSOCKET: Final = ((b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"))
"""Of a request for one, and of the answer that it begins with: RFC 6455 section 4."""
IN_CHUNKS: Final = (b"Transfer-Encoding", b"chunked")

_END: Final = b"\r\n\r\n"
_NAME: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_VALUE: Final = rb"[^\0-\x08\x0a-\x1f\x7f]*+"
_FIELDS: Final = rb"(?:%b:%b\r\n)*+" % (_NAME, _VALUE)
_REQUEST: Final = re.compile(rb"(%b) ([!-~]++) HTTP/1\.([01])\r\n(%b)\r\n" % (_NAME, _FIELDS))
_RESPONSE: Final = re.compile(
    rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (%b))?\r\n(%b)\r\n" % (_VALUE, _FIELDS)
)
_TRAILERS: Final = re.compile(rb"%b\r\n" % _FIELDS)
_BEGINNING: Final = re.compile(rb"(?:%b(?: |\Z)|\Z)" % _NAME)
_IN_NO_HEAD: Final = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n|\Z)")
_FOLD: Final = re.compile(rb"\r\n[ \t]++")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_BLANK: Final = b" \t"
_LAST_CODING: Final = (b"chunked",)
_NO_CONTENT: Final = 204
_NOT_MODIFIED: Final = 304

Fields = list[tuple[bytes, bytes]]
"""Names in lower case, and values without the blanks around them."""


class NotHTTP(Exception):
    """What came is no message that is understood. `status` is what a client is told."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class Request(NamedTuple):
    """A request without its body."""

    method: bytes
    target: bytes
    fields: Fields
    minor: int
    """Of the version: HTTP/1.0 or HTTP/1.1."""
    length: int | None
    """Of the body, CHUNKED, or None without one."""
    keeps: bool
    """The connection can be used for another request."""
    waits: bool
    """The body is not sent before it is asked for: RFC 9110 section 10.1.1."""


class Response(NamedTuple):
    """An answer without its body."""

    status: int
    reason: bytes
    fields: Fields
    length: int | None
    """Of the body that follows, CHUNKED, or None where it goes on to the end."""
    announced: int | None
    """The length that was told, also where no body follows."""
    keeps: bool


def end_of_head(data: bytes, known: int = 0) -> int:
    """Where a head that `data` begins with ends; -1 when its end has not come.

    `known` bytes were looked at before. Raises NotHTTP for what is too long.
    """
    at = data.find(_END, max(0, known - len(_END) + 1))
    if (at if at >= 0 else len(data)) > MAX_HEAD:
        raise NotHTTP("the head is too long", 431)
    return at if at < 0 else at + len(_END)


def check_beginning(data: bytes) -> None:
    """Raises NotHTTP for what no request begins with, before all of it has come."""
    if not _BEGINNING.match(data):
        raise NotHTTP("not a request")


def check_begun(data: bytes, known: int = 0) -> None:
    """Raises NotHTTP for what is in no head, before the end has come, which never may.

    `known` bytes were looked at before.
    """
    if _IN_NO_HEAD.search(data, max(0, known - 1)):
        raise NotHTTP("a control character, or a line that does not end with CR and LF")


def request(head: bytes) -> Request:
    """Reads the head of a request up to its empty line. Raises NotHTTP."""
    known = _REQUEST.fullmatch(head) or _REQUEST.fullmatch(_unfolded(head))
    if known is None:
        raise NotHTTP("a line that no request has")
    method, target, version, text = known.groups()
    fields, special = _fields(text)
    minor = int(version)
    hosts = len(special.get(b"host", ()))
    if hosts > 1 or hosts < minor:
        raise NotHTTP("not exactly one header Host")
    return Request(
        method,
        target,
        fields,
        minor,
        _framing(special, minor),
        _keeps(special, minor),
        minor == 1 and [each.lower() for each in special.get(b"expect", ())] == [b"100-continue"],
    )


def response(head: bytes, method: bytes) -> Response:
    """Reads the head of the answer to such a request. Raises NotHTTP."""
    known = _RESPONSE.fullmatch(head) or _RESPONSE.fullmatch(_unfolded(head))
    if known is None:
        raise NotHTTP("not HTTP/1.1")
    version, code, reason, text = known.groups()
    fields, special = _fields(text)
    minor, status = int(version), int(code)
    is_double = b"transfer-encoding" in special and b"content-length" in special
    if is_double:
        # Section 6.3: the length does not count then, and the connection is used no more.
        _number(special.pop(b"content-length"))
    length = _framing(special, minor)
    announced = None if length == CHUNKED or status < 200 or status == _NO_CONTENT else length
    if status < 200 or status in (_NO_CONTENT, _NOT_MODIFIED) or method == b"HEAD":
        length = 0
    keeps = _keeps(special, minor) and not is_double
    return Response(status, reason or b"", fields, length, announced, keeps)


def written(first: bytes, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A head made anew."""
    lines = [first, *[b": ".join(field) for field in fields], b"", b""]
    return b"\r\n".join(lines)


def is_request(head: bytes) -> bool:
    """Whether these bytes are the head of one request, and nothing else."""
    return _REQUEST.fullmatch(head) is not None


def is_response(head: bytes) -> bool:
    """Whether these bytes are the head of one answer, and nothing else."""
    return _RESPONSE.fullmatch(head) is not None


def are_trailers(text: bytes) -> bool:
    """Whether these bytes are what may follow the last chunk."""
    return _TRAILERS.fullmatch(text) is not None and text.count(b"\r\n") <= MAX_FIELDS


def _unfolded(head: bytes) -> bytes:
    """With each field in one line. Looked for where a head cannot be read as it is: few have it."""
    if b"\r\n " not in head and b"\r\n\t" not in head:
        return head
    if head[head.index(b"\r\n") + 2] in _BLANK:
        raise NotHTTP("a first line that goes on in the next one")
    return _FOLD.sub(b" ", head)


def _fields(text: bytes) -> tuple[Fields, dict[bytes, list[bytes]]]:
    """All fields; and those of the framing by name, each with its values."""
    lines = text.split(b"\r\n")
    if len(lines) > MAX_FIELDS + 1:
        raise NotHTTP("too many headers", 431)
    fields: Fields = []
    special: dict[bytes, list[bytes]] = {}
    for line in lines[:-1]:
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.strip(_BLANK)
        fields.append((name, value))
        if name in _SPECIAL:
            special.setdefault(name, []).append(value)
    return fields, special


_SPECIAL: Final = frozenset(
    (b"connection", b"content-length", b"expect", b"host", b"transfer-encoding")
)


def _framing(special: dict[bytes, list[bytes]], minor: int) -> int | None:
    """The length, CHUNKED, or None where nothing is said: RFC 9112 section 6."""
    codings = special.get(b"transfer-encoding")
    lengths = special.get(b"content-length")
    if codings is not None:
        if lengths is not None:
            raise NotHTTP("two kinds of framing")
        if tuple(each.lower() for each in codings) != _LAST_CODING:
            raise NotHTTP("a transfer coding other than chunked", 501)
        if not minor:
            raise NotHTTP("a transfer coding in HTTP/1.0")
        return CHUNKED
    if lengths is None:
        return None
    return _number(lengths)


def _number(lengths: list[bytes]) -> int:
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
        raise NotHTTP("a length that is no number")
    return int(lengths[0])


def _keeps(special: dict[bytes, list[bytes]], minor: int) -> bool:
    said = special.get(b"connection")
    if said is None or not minor:
        return bool(minor)
    words = [word.strip(_BLANK).lower() for value in said for word in value.split(b",")]
    return b"close" not in words
