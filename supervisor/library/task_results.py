"""What a worker has sent, as values: hostile, so nothing of it is executed and all is bounded.

The form is that of `task_program`. A value takes at most some twenty times its bytes.
"""

from __future__ import annotations

import array
import datetime
import decimal
import json
import re
import struct
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

_LENGTH = struct.Struct(">Q")
MAX_TEXT = 16 << 20
"""Bytes of JSON; numbers of one kind, bytes and long text are beside it."""
MAX_BUFFERS = 200_000
"""Of a message: each takes some 300 bytes, also where it is empty."""
_MAX_DIGITS = 1 << 20
_MAX_ALIKE = 64
"""Keys of one hash: many more are an attack on the time that a dict takes."""
_TYPE = re.compile(r"[<>|=][biufcSUMm]\d{1,6}(\[\d{0,6}[A-Za-z]{1,2}\])?")
_DIGITS = re.compile(r"-?[0-9a-f]+")


def decoded(message: memoryview) -> tuple[str, Any]:
    """The kind of an answer, and its value. Raises ValueError for whatever is not one."""
    try:
        text, buffers = _parts(message)
        decoder = _Decoder(buffers)
        kind, value = json.loads(text, object_pairs_hook=decoder.decode)
        if not isinstance(kind, str):
            raise ValueError("an answer has no kind")
    except Exception as error:
        raise ValueError(f"{type(error).__name__}: {error}"[:200]) from None
    return kind, value


def _parts(message: memoryview) -> tuple[str, dict[int, memoryview]]:
    text, rest = _part(message)
    if len(text) > MAX_TEXT:
        raise ValueError(f"more than {MAX_TEXT} bytes of small values")
    buffers: dict[int, memoryview] = {}
    while rest:
        if len(buffers) == MAX_BUFFERS:
            raise ValueError(f"more than {MAX_BUFFERS} buffers")
        buffers[len(buffers)], rest = _part(rest)
    return str(text, "ascii"), buffers


def _part(message: memoryview) -> tuple[memoryview, memoryview]:
    (size,) = _LENGTH.unpack_from(message)
    end = _LENGTH.size + size
    if end > len(message):
        raise ValueError("an answer ends too early")
    return message[_LENGTH.size : end], message[end:]


class _Decoder:
    """Of one message. Each buffer is used once, so that no value is larger than what was sent."""

    def __init__(self, buffers: dict[int, memoryview]) -> None:
        self._buffers = buffers

    def decode(self, pairs: list[tuple[str, Any]]) -> Any:
        ((tag, content),) = pairs
        if tag in _OF_BUFFERS:
            return _OF_BUFFERS[tag](self._buffers.pop(content))
        if tag in ("ndarray", "scalar"):
            kind, shape, number = content
            found = _array(kind, shape, self._buffers.pop(number))
            return found if tag == "ndarray" else found[()]
        return _OF_VALUES[tag](content)


def _numbers(code: str) -> Callable[[memoryview], list[Any]]:
    def read(buffer: memoryview) -> list[Any]:
        found = array.array(code)
        found.frombytes(buffer)
        return found.tolist()

    return read


def _array(kind: str, shape: list[int], buffer: memoryview) -> Any:
    """A numpy array that owns its memory."""
    import numpy

    if not _TYPE.fullmatch(kind) or not all(type(each) is int and each >= 0 for each in shape):
        raise ValueError("no array of numbers or text")
    dtype = numpy.dtype(kind)
    size = dtype.itemsize
    for each in shape:
        size *= each
    if not dtype.itemsize or size != len(buffer):
        raise ValueError("an array of another size")
    found = numpy.empty(shape, dtype)
    if size:
        flat = numpy.frombuffer(buffer, numpy.uint8)
        if dtype.kind == "b":  # any other byte than these two is no truth value
            flat = (flat != 0).view(numpy.uint8)
        found.reshape(-1).view(numpy.uint8)[:] = flat
    return found


def _keys(given: Any) -> Sequence[Any]:
    """Those of a dict or a set. Raises ValueError for keys that are made to be slow."""
    if not isinstance(given, list):
        raise ValueError("no keys")
    if not set(map(type, given)) <= {str, float}:
        alike = Counter(map(hash, given)).most_common(1)
        if alike and alike[0][1] > _MAX_ALIKE:
            raise ValueError("too many keys of one hash")
    return given


def _dict(content: Any) -> dict[Any, Any]:
    keys, values = content
    return dict(zip(_keys(keys), values, strict=True))


def _integer(content: str) -> int:
    if not _DIGITS.fullmatch(content) or len(content) > _MAX_DIGITS:
        raise ValueError("no number")
    return int(content, 16)


def _tuple(content: Any) -> tuple[Any, ...]:
    if not isinstance(content, list):
        raise ValueError("no items")
    return tuple(content)


_OF_BUFFERS: dict[str, Callable[[memoryview], Any]] = {
    "bytes": bytes,
    "str": lambda buffer: str(buffer, "utf-8", "surrogatepass"),
    "floats": _numbers("d"),
    "ints": _numbers("q"),
}
_OF_VALUES: dict[str, Callable[[Any], Any]] = {
    "int": _integer,
    "complex": lambda content: complex(*content),
    "tuple": _tuple,
    "dict": _dict,
    "set": lambda content: set(_keys(content)),
    "frozenset": lambda content: frozenset(_keys(content)),
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timedelta": lambda content: datetime.timedelta(content[0], content[1], content[2]),
    "decimal": decimal.Decimal,
    "uuid": lambda content: uuid.UUID(hex=content),
}
