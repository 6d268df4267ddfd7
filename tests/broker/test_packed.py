"""What is packed, and what is read of it, is what msgpack makes of it."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.packed import Packed, packed, unpacked

_LENGTHS = st.sampled_from([0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536])
_TEXT = st.text(max_size=20) | st.binary(max_size=20).map(
    lambda data: data.decode("utf-8", "surrogateescape")
)
_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.integers(-200, 70000)
    | _TEXT
    | st.binary(max_size=20)
    | _LENGTHS.map(lambda length: "x" * length)
    | _LENGTHS.map(bytes),
    lambda parts: st.lists(parts, max_size=20) | st.lists(parts, max_size=3).map(tuple),
    max_leaves=20,
)


def by_msgpack(value: object) -> bytes:
    made: bytes = msgpack.packb(value, unicode_errors="surrogateescape")
    return made


def read_by_msgpack(data: bytes) -> object:
    return msgpack.unpackb(data, unicode_errors="surrogateescape")


@given(_PLAIN)
def test_what_is_packed(value: object) -> None:
    data = packed(value)
    assert data == by_msgpack(value)
    assert unpacked(data) == read_by_msgpack(data)


@pytest.mark.parametrize("length", [15, 16, 65535, 65536])
def test_long_lists(length: int) -> None:
    value = [1] * length
    assert packed(value) == by_msgpack(value)
    assert unpacked(packed(value)) == value


@given(st.binary(max_size=40))
def test_nothing_else_is_read(data: bytes) -> None:
    """And what is read is what msgpack reads, but for what nono never packs."""
    try:
        found = unpacked(data)
    except ValueError:
        return
    assert found == read_by_msgpack(data)


@given(_PLAIN, st.data())
def test_what_is_cut_off_is_found(value: object, data: st.DataObject) -> None:
    whole = packed(value)
    with pytest.raises(ValueError, match="the end is missing"):
        unpacked(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ValueError, match="behind"):
        unpacked(whole + b"\0")


def test_lists_in_lists_are_read_only_so_deep() -> None:
    assert unpacked(b"\x91" * 8 + b"\x01") == [[[[[[[[1]]]]]]]]
    with pytest.raises(ValueError, match="too many lists"):
        unpacked(b"\x91" * 9 + b"\x01")


def test_what_is_packed_already_stays() -> None:
    assert packed([1, Packed(packed("a"))]) == by_msgpack([1, "a"])


@pytest.mark.parametrize("value", [1.5, {}, {1: 2}, object(), [set()]])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        packed(value)
    with pytest.raises(OverflowError):
        packed(1 << 64)
