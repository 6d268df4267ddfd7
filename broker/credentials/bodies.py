"""The bodies of HTTP/1.1 messages, taken out of what comes, piece by piece.

RFC 9112 sections 6 and 7. Nothing is collected: what belongs to the body is given out as it comes.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from nono.broker.credentials.heads import CHUNKED, MAX_HEAD, NotHTTP, are_trailers

_MAX_LINE: Final = 4096
_SIZE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,15})[ \t]*+(?:;[^\0-\x08\x0a-\x1f\x7f]*+)?"
)  # with extensions, which are for nobody
_LINE_END: Final = b"\r\n"
_LAST: Final = b"0\r\n\r\n"


class Body(Protocol):
    """What is left of a body. `rest` came behind its end."""

    is_whole: bool
    rest: bytes

    def feed(self, data: bytes) -> bytes:
        """The part of the body in what came. Raises NotHTTP."""
        ...

    def end(self) -> None:
        """Nothing will come any more. Raises NotHTTP where something should."""
        ...


def body(length: int | None) -> Body:
    """By the length that a head told."""
    if length is None:
        return _Endless()
    return _Chunked() if length == CHUNKED else _Sized(length)


def chunk(data: bytes) -> bytes:
    """These bytes as a chunk; nothing for none, since an empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def last_chunk() -> bytes:
    """The end of a body in chunks."""
    return _LAST


class _Sized:
    def __init__(self, length: int) -> None:
        self._left = length
        self.is_whole = not length
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        if len(data) > self._left:
            self.rest += data[self._left :]
            data = data[: self._left]
        self._left -= len(data)
        self.is_whole = not self._left
        return data

    def end(self) -> None:
        if not self.is_whole:
            raise NotHTTP("the body breaks off")


class _Endless:
    """To the end of the connection."""

    def __init__(self) -> None:
        self.is_whole = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> None:
        self.is_whole = True


class _Chunked:
    def __init__(self) -> None:
        self.is_whole = False
        self.rest = b""
        self._kept = b""
        """The beginning of a line."""
        self._left = 0
        """Of the chunk."""
        self._step = self._size

    def feed(self, data: bytes) -> bytes:
        if self._kept:
            data, self._kept = self._kept + data, b""
        parts: list[bytes] = []
        at = 0
        while at < len(data) and not self.is_whole:
            after = self._step(data, at, parts)
            if after == at:  # the rest of the line has not come
                self._kept = data[at:]
                break
            at = after
        else:
            self.rest += data[at:]
        return b"".join(parts)

    def end(self) -> None:
        if not self.is_whole:
            raise NotHTTP("the body breaks off")

    def _size(self, data: bytes, at: int, parts: list[bytes]) -> int:
        end = data.find(_LINE_END, at, at + _MAX_LINE)
        if end < 0:
            if len(data) - at >= _MAX_LINE:
                raise NotHTTP("the size of a chunk is too long")
            return at
        size = _SIZE.fullmatch(data, at, end)
        if size is None:
            raise NotHTTP("the size of a chunk is no number")
        self._left = int(size[1], 16)
        self._step = self._data if self._left else self._trailers
        return end + len(_LINE_END)

    def _data(self, data: bytes, at: int, parts: list[bytes]) -> int:
        part = data[at : at + self._left]
        parts.append(part)
        self._left -= len(part)
        if not self._left:
            self._step = self._data_end
        return at + len(part)

    def _data_end(self, data: bytes, at: int, parts: list[bytes]) -> int:
        found = data[at : at + len(_LINE_END)]
        if found == _LINE_END:
            self._step = self._size
            return at + len(_LINE_END)
        if not _LINE_END.startswith(found):
            raise NotHTTP("a chunk does not end where it should")
        return at

    def _trailers(self, data: bytes, at: int, parts: list[bytes]) -> int:
        if data.startswith(_LINE_END, at):
            end = at + len(_LINE_END)
        else:
            end = data.find(_LINE_END * 2, at, at + MAX_HEAD)
            if end < 0:
                if len(data) - at >= MAX_HEAD:
                    raise NotHTTP("the trailers are too long", 431)
                return at
            end += 2 * len(_LINE_END)
        if not are_trailers(data[at:end]):
            raise NotHTTP("the trailers are not HTTP")
        self.is_whole = True
        return end
