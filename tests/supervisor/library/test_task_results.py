"""What a worker sends is data, whatever it sends."""

import datetime
import decimal
import json
import math
import struct
import time
import uuid
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.supervisor.library.task_program import Encoder
from nono.supervisor.library.task_results import MAX_BUFFERS, decoded


def sent(value: Any) -> Any:
    """What arrives of it."""
    kind, found = decoded(memoryview(Encoder().message("value", value)))
    assert kind == "value"
    return found


def message(text: bytes | str, *buffers: bytes) -> memoryview:
    parts = (text.encode() if isinstance(text, str) else text, *buffers)
    return memoryview(b"".join(struct.pack(">Q", len(each)) + each for each in parts))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(st.characters())
    | st.binary()
    | st.datetimes(timezones=st.none() | st.just(datetime.UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
)
HASHABLE = st.recursive(
    SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner), max_leaves=9
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.lists(st.integers(), min_size=16)
        | st.lists(st.floats(allow_nan=False), min_size=16)
        | st.lists(inner).map(tuple)
        | st.sets(HASHABLE)
        | st.dictionaries(HASHABLE, inner)
    ),
    max_leaves=15,
)


def shape(value: Any) -> Any:
    """Its types, as deep as it goes."""
    if isinstance(value, dict):
        return dict, [*map(shape, value)], [*map(shape, value.values())]
    if isinstance(value, (list, tuple)):
        return type(value), [*map(shape, value)]
    return type(value)


@settings(max_examples=40)
@given(VALUES)
def test_a_plain_value_arrives_as_it_is(value: Any) -> None:
    found = sent(value)
    assert found == value and shape(found) == shape(value)


def test_what_is_more_arrives_as_what_it_is_of() -> None:
    class Words(list[str]):
        pass

    assert math.isnan(sent(math.nan))
    assert sent("x" * 5000 + "\ud800") == "x" * 5000 + "\ud800"
    assert type(sent(Words("ab"))) is list and sent(bytearray(b"x")) == b"x"
    for wrong in (object(), len, uuid, numpy.array([None]), [[[{1: {2: Words}}]]]):
        with pytest.raises(TypeError, match="plain data"):
            sent(wrong)
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="deep"):
        sent(circle)
    with pytest.raises(ValueError, match="small values"):
        sent([["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] * 1000] * 300)


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(6).reshape(2, 3).T,
        numpy.array(["a", "bc"]),
        numpy.zeros((0, 3), "f4"),
        numpy.array(1.5),
        numpy.array([True, False]),
        numpy.array(["2020-01-01"], "M8[D]"),
        numpy.array([1, 2], ">i2")[::-1],
        numpy.array([b"x"]),
    ],
    ids=lambda array: array.dtype.str,
)
def test_arrays(array: Any) -> None:
    found = sent(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape) and (found == array).all()
    assert found.flags.writeable and found.flags.owndata
    for each in array.reshape(-1)[:1]:
        assert type(sent(each)) is type(each) and sent(each) == each


ARRAY = '["value", {"ndarray": [%s, %s, 0]}]'
HOSTILE = {
    "nothing": memoryview(b""),
    "a size that is a lie": memoryview(b"\xff" * 20),
    "no text": message(b"\x80\x04K\x05."),
    "no kind": message("[1, 2]"),
    "one value": message('["value"]'),
    "an unknown tag": message('["value", {"__reduce__": ["os.system", "id"]}]'),
    "two tags": message('["value", {"str": 0, "bytes": 0}]', b"x"),
    "no tag": message('["value", {}]'),
    "a buffer that is not there": message('["value", {"bytes": 1}]', b"x"),
    "a buffer that is used twice": message('["value", [{"bytes": 0}, {"bytes": 0}]]', b"x"),
    "no index": message('["value", {"bytes": [0]}]', b"x"),
    "half a number": message('["value", {"ints": 0}]', b"xxxxxxxxx"),
    "no UTF-8": message('["value", {"str": 0}]', b"\xff"),
    "a list as a key": message('["value", {"dict": [[[1]], [2]]}]'),
    "a key too many": message('["value", {"dict": [[1, 2], [2]]}]'),
    "keys that are text": message('["value", {"set": "abc"}]'),
    "items that are text": message('["value", {"tuple": "abc"}]'),
    "no number": message('["value", {"int": "__import__"}]'),
    "too long a number": message('["value", {"int": "%s"}]' % ("f" * 2_000_000)),
    "a decimal of many digits": message('["value", ' + "9" * 5000 + "]"),
    "no date": message('["value", {"date": "today"}]'),
    "days without end": message('["value", {"timedelta": [1e300, 0, 0]}]'),
    "too deep": message('["value", ' + "[" * 200_000 + "]" * 200_000 + "]"),
    "an array of objects": message(ARRAY % ('"|O8"', "[1]"), b"x" * 8),
    "an array of records": message(ARRAY % ('"i4,O"', "[1]"), b"x" * 12),
    "an array of nothing": message(ARRAY % ('"|S0"', "[5]")),
    "an array of another size": message(ARRAY % ('"<i8"', "[2]"), b"x" * 8),
    "an array that overflows": message(ARRAY % ('"<i8"', "[4294967296, 4294967296]"), b""),
    "an array of less than nothing": message(ARRAY % ('"<i8"', "[-1, -1]"), b"x" * 8),
    "an array of true by true": message(ARRAY % ('"<i8"', "[true]"), b"x" * 8),
    "an array of many dimensions": message(ARRAY % ('"|i1"', json.dumps([1] * 10_000)), b"x"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_answer(what: str) -> None:
    with pytest.raises(ValueError):
        decoded(HOSTILE[what])


@pytest.mark.long
def test_buffers_have_a_number() -> None:
    """64 MiB of empty ones would take gigabytes."""
    most = [b""] * MAX_BUFFERS
    assert sent(most) == most
    with pytest.raises(ValueError, match="join"):
        sent([*most, b""])
    data = message('["value", 1]').tobytes() + bytes(64 << 20)
    started = time.process_time()
    with pytest.raises(ValueError, match="buffers"):
        decoded(memoryview(data))
    assert time.process_time() - started < 5


def test_keys_that_are_made_to_be_slow() -> None:
    """All of them have one hash: a dict of them would take minutes."""
    modulus = (1 << 61) - 1
    keys = ", ".join(f'{{"int": "{each * modulus:x}"}}' for each in range(1, 20_001))
    started = time.process_time()
    for form in ('{"set": [%s]}', '{"dict": [[%s], []]}'):
        with pytest.raises(ValueError, match="hash"):
            decoded(message(f'["value", {form % keys}]'))
    assert time.process_time() - started < 10


@settings(max_examples=50)
@given(st.binary(max_size=60), st.text(max_size=30))
def test_whatever_comes_is_a_value_or_a_value_error(data: bytes, text: str) -> None:
    for given_ in (memoryview(data), message(text, data), message(f'["x", {text}]', data)):
        try:
            kind, _ = decoded(given_)
        except ValueError:
            continue
        assert isinstance(kind, str)


def test_truth_is_one_of_two() -> None:
    _, found = decoded(message(ARRAY % ('"|b1"', "[3]"), b"\0\1\7"))
    assert found.tobytes() == b"\0\1\1"


def test_decimals_are_what_they_were() -> None:
    assert str(sent(decimal.Decimal("1.50"))) == "1.50"
