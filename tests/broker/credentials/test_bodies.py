"""Bodies that come in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.credentials.bodies import body, chunk, last_chunk
from nono.broker.credentials.heads import CHUNKED, MAX_HEAD, NotHTTP

_CHUNKS = b"5;name=value\r\nhello\r\n1 \r\n!\r\n0\r\nTrailer: x\r\n\r\nGET"


def _fed(length: int | None, pieces: list[bytes]) -> tuple[bytes, bytes, bool]:
    reading = body(length)
    text = b"".join([reading.feed(piece) for piece in pieces])
    return text, reading.rest, reading.is_whole


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_it_is_the_same_in_pieces(size: int) -> None:
    def cut(data: bytes) -> list[bytes]:
        return [data[at : at + size] for at in range(0, len(data), size)]

    assert _fed(CHUNKED, cut(_CHUNKS)) == (b"hello!", b"GET", True)
    assert _fed(3, cut(b"abcdef")) == (b"abc", b"def", True)
    assert _fed(7, cut(b"abcdef")) == (b"abcdef", b"", False)
    assert _fed(0, cut(b"abcdef")) == (b"", b"abcdef", True)
    assert _fed(None, cut(b"abcdef")) == (b"abcdef", b"", False)


@given(st.lists(st.binary(max_size=50)), st.integers(1, 20))
def test_chunks_are_read_as_they_were_written(parts: list[bytes], size: int) -> None:
    data = b"".join(map(chunk, parts)) + last_chunk()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert _fed(CHUNKED, pieces) == (b"".join(parts), b"", True)


@pytest.mark.parametrize(
    "data",
    [
        *(b"x\r\n", b"-1\r\n", b"+1\r\n", b"0x1\r\n", b"\r\n", b" 1\r\na\r\n", b"1_0\r\n"),
        *(b"1\na\n0\n\n\r\n", b"1\r\nab\r\n", b"1\r\na\n", b"1;\0\r\na\r\n", b"1;\n\r\n"),
        *(b"f" * 16 + b"\r\n", b"1" + b" " * 5000, b"1;" + b"x" * 5000 + b"\r\n"),
        *(b"0\r\nno trailer\r\n\r\n", b"0\r\nX: \0\r\n\r\n", b"0\r\n X: folded\r\n\r\n"),
        *(b"0\r\n" + b"X: y\r\n" * 300 + b"\r\n", b"0\r\nX: " + b"y" * (MAX_HEAD + 9)),
    ],
)
def test_what_is_no_chunk(data: bytes) -> None:
    with pytest.raises(NotHTTP):
        _fed(CHUNKED, [data])


@pytest.mark.parametrize("length", [3, CHUNKED])
def test_what_breaks_off(length: int) -> None:
    reading = body(length)
    reading.feed(b"2\r")
    with pytest.raises(NotHTTP):
        reading.end()


def test_what_goes_on_to_the_end() -> None:
    reading = body(None)
    assert reading.feed(b"abc") == b"abc" and not reading.is_whole
    reading.end()
    assert reading.is_whole
