"""Lines and parts out of pieces, whatever the pieces are."""

from hypothesis import given
from hypothesis import strategies as st

from nono.supervisor.library.buffers import Buffer


def lines(pieces: list[bytes], text: bool, size: int = 1 << 16) -> list[object]:
    found: list[object] = []
    buffer, left = Buffer(text), [*pieces, b""]
    while True:
        while (line := buffer.line(size)) is None:
            buffer.add(left.pop(0))
        if not line:
            return found
        found.append(line)


@given(st.lists(st.binary(min_size=1, max_size=9)), st.booleans())
def test_nothing_is_lost(pieces: list[bytes], text: bool) -> None:
    whole = b"".join(pieces)
    if text:
        assert "".join(map(str, lines(pieces, True))) == whole.decode("utf-8", "replace")
    else:
        assert lines(pieces, False) == whole.splitlines(keepends=True) or b"\r" in whole
        assert b"".join(each for each in lines(pieces, False) if isinstance(each, bytes)) == whole


def test_a_line_that_never_ends_comes_in_parts() -> None:
    assert lines([b"x" * 10, b"yy\nz"], False, 4) == [b"xxxx", b"xxxx", b"xxyy", b"\n", b"z"]


def test_parts() -> None:
    buffer = Buffer(text=True)
    assert buffer.part(10) is None
    buffer.add("ä".encode()[:1])
    assert buffer.part(10) is None
    buffer.add("ä".encode()[1:] + b"bc")
    assert [buffer.part(2), buffer.part(2), buffer.part(0), buffer.part(2)] == ["äb", "c", "", None]
    buffer.add(b"")
    assert buffer.part(2) == "" and buffer.line(2) == ""
