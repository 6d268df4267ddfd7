"""The chain of records: whatever was done to it afterwards is found, and where."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.audit.chain import Seal, Writer
from nono.broker.audit.chain_reading import Ending, is_last, verify
from nono.broker.errors import InvalidRecord

Chain = tuple[list[bytes], Seal]


def written(count: int, closed: bool = True) -> Chain:
    writer = Writer()
    records = [
        writer.append([number, "text"], last=closed and number == count - 1)
        for number in range(count)
    ]
    return records, writer.seal


def check(records: list[bytes], seal: Seal | bytes) -> tuple[int, Ending]:
    found = verify(records, seal if isinstance(seal, bytes) else seal.pack())
    assert found.is_intact == (found.ending not in (Ending.CUT, Ending.DAMAGED))
    assert bool(found.damage) != found.is_intact
    return found.count, found.ending


def test_how_a_chain_ends() -> None:
    records, seal = written(5)
    assert check(records, seal) == (5, Ending.CLOSED)
    assert is_last(records[-1])
    assert not is_last(records[0])
    records, seal = written(5, closed=False)
    assert check(records, seal) == (5, Ending.OPEN)
    assert check(records, seal._replace(stopped=True)) == (5, Ending.STOPPED)
    assert check([], Writer().seal) == (0, Ending.OPEN)


def test_killed_between_a_record_and_its_seal() -> None:
    records, _ = written(5, closed=False)
    _, before = written(4, closed=False)
    assert check(records, before) == (5, Ending.OPEN)
    # A record that was being written is no damage: the seal does not know it.
    torn = [*records[:4], records[4][:7]]
    assert check(torn, before) == (4, Ending.OPEN)


@given(st.integers(0, 4), st.data())
def test_a_changed_byte_is_found_where_it_is(number: int, data: st.DataObject) -> None:
    records, seal = written(5)
    record = bytearray(records[number])
    place = data.draw(st.integers(0, len(record) - 1))
    record[place] ^= data.draw(st.integers(1, 255))
    records[number] = bytes(record)
    count, ending = check(records, seal)
    assert count <= number
    assert ending in (Ending.DAMAGED, Ending.CUT)


@given(st.integers(0, 9), st.integers(0, 9))
def test_moved_removed_and_repeated_records_are_found(first: int, second: int) -> None:
    records, seal = written(10)
    if first != second:
        swapped = list(records)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        assert check(swapped, seal) == (min(first, second), Ending.DAMAGED)
    removed = records[:first] + records[first + 1 :]
    count, ending = check(removed, seal)
    assert (count, ending) == (first, Ending.CUT if first == 9 else Ending.DAMAGED)
    repeated = [*records[: first + 1], records[first], *records[first + 1 :]]
    assert check(repeated, seal) == (first + 1, Ending.DAMAGED)


@given(st.integers(0, 9), st.integers(0, 200))
def test_what_was_cut_off_is_found(count: int, more: int) -> None:
    records, seal = written(10)
    data = b"".join(records)
    end = len(b"".join(records[:count])) + min(more, len(records[count]) - 1)
    assert check([data[:end]], seal) == (count, Ending.CUT)


def test_a_record_of_another_chain_is_found() -> None:
    records, seal = written(5)
    other = Writer()
    for _ in range(3):
        other.append("other")
    records[3] = other.append([3, "text"])
    assert check(records, seal) == (3, Ending.DAMAGED)


def test_what_is_added_is_found() -> None:
    records, seal = written(3)
    writer = Writer()
    forged = [writer.append("forged") for _ in range(4)]
    assert check([*records, forged[3]], seal)[1] is Ending.DAMAGED
    open_records, open_seal = written(3, closed=False)
    honest, _ = written(6, closed=False)
    assert check(honest[:3], open_seal)[1] is Ending.OPEN
    assert check(honest, open_seal)[1] is Ending.DAMAGED
    assert check([*open_records, b"\x00"], open_seal)[1] is not Ending.CLOSED


@given(st.lists(st.binary(max_size=40), max_size=4), st.binary(max_size=60))
def test_any_bytes_are_only_ever_found_wanting(chunks: list[bytes], seal: bytes) -> None:
    found = verify(chunks, seal)
    assert found.count == 0
    assert not found.is_intact


@given(st.integers(0, 60))
def test_a_damaged_seal_is_found(place: int) -> None:
    records, seal = written(3)
    packed = bytearray(seal.pack())
    packed[place % len(packed)] ^= 1
    assert check(records, bytes(packed)) == (3, Ending.DAMAGED)
    with pytest.raises(InvalidRecord):
        Seal.unpack(bytes(packed))
    assert check(records, bytes(packed[:-1]))[1] is Ending.DAMAGED
    assert check(records, b"")[1] is Ending.DAMAGED


@pytest.mark.parametrize(
    "record",
    [
        msgpack.packb([b"x" * 10, b"y" * 32]),
        msgpack.packb([1, 2]),
        msgpack.packb({"a": 1}),
        msgpack.packb("text"),
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
    ],
)
def test_hostile_records(record: bytes) -> None:
    assert check([record], written(1)[1])[1] in (Ending.DAMAGED, Ending.CUT)
