"""What a worker of `SandboxExecutor` runs, inside the sandbox; nothing here is imported by nono.

It is sent as text to an interpreter that may have no nono, so it uses the standard library alone.
Functions come in as pickles, which the host made. What goes out is data in a form that cannot be
more than that: a JSON text, and the bytes of long values behind it. `task_results` reads it.
"""

from __future__ import annotations

import array
import datetime
import decimal
import json
import os
import pickle
import struct
import sys
import traceback
import uuid
from collections.abc import Callable
from typing import Any, BinaryIO

_HEADER = struct.Struct(">16sQ")
_LENGTH = struct.Struct(">Q")
_MAX_DEPTH = 100
_MAX_TEXT = 16 << 20
_MAX_BUFFERS = 200_000
_MAX_TRACEBACK = 50_000
_LONG = 1000
"""Text of so many characters goes as bytes."""
_MANY = 16
"""So many numbers of one kind go as an array."""
_KINDS = "biufcSUMm"
"""Kinds of numpy's types that are data."""


class Encoder:
    """One value as JSON. Each object has one key, the kind, and stands for what JSON has not."""

    def __init__(self) -> None:
        self._buffers: list[Any] = []

    def message(self, kind: str, value: Any) -> bytes:
        """The text's length, the text, and every buffer with its length."""
        text = json.dumps([kind, self.encode(value, 0)]).encode("ascii")
        if len(text) > _MAX_TEXT:
            raise ValueError(f"the result has more than {_MAX_TEXT} bytes of small values")
        parts = [_LENGTH.pack(len(text)), text]
        for buffer in self._buffers:
            parts += [_LENGTH.pack(len(buffer)), buffer]
        return b"".join(parts)

    def encode(self, value: Any, depth: int) -> Any:
        """Raises TypeError, ValueError for what is no plain value."""
        if depth > _MAX_DEPTH:
            raise ValueError(f"the result is nested more than {_MAX_DEPTH} deep")
        if value is None or value is True or value is False:
            return value
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            return self._array(numpy, value)
        for base, encode in _PLAIN.items():
            if isinstance(value, base):
                return encode(self, value, depth)
        kind = type(value)
        raise TypeError(
            f"a result is plain data, and {kind.__module__}.{kind.__qualname__} is not: return"
            " numbers, text, bytes, lists, tuples, sets, dicts, dates or numpy arrays"
        )

    def _buffer(self, data: Any) -> int:
        if len(self._buffers) == _MAX_BUFFERS:
            raise ValueError(
                f"the result has more than {_MAX_BUFFERS} arrays, bytes and long texts: join some"
            )
        self._buffers.append(data)
        return len(self._buffers) - 1

    def _array(self, numpy: Any, value: Any) -> Any:
        data = numpy.asarray(value)
        if data.dtype.kind not in _KINDS or not data.dtype.itemsize:
            raise TypeError(f"a result is plain data, and an array of {data.dtype} is not")
        tag = "ndarray" if isinstance(value, numpy.ndarray) else "scalar"
        return {tag: [data.dtype.str, list(data.shape), self._buffer(data.tobytes())]}

    def _text(self, value: str, depth: int) -> Any:
        if len(value) < _LONG:
            return str(value)
        return {"str": self._buffer(value.encode("utf-8", "surrogatepass"))}

    def _int(self, value: int, depth: int) -> Any:
        number = int(value)
        return number if -(1 << 63) <= number < 1 << 63 else {"int": f"{number:x}"}

    def _bytes(self, value: Any, depth: int) -> Any:
        return {"bytes": self._buffer(bytes(value))}

    def _list(self, value: Any, depth: int) -> Any:
        items = list(value)
        if len(items) >= _MANY:
            kinds = set(map(type, items))
            for kind, tag, code in ((float, "floats", "d"), (int, "ints", "q")):
                if kinds == {kind}:
                    try:
                        return {tag: self._buffer(array.array(code, items).tobytes())}
                    except OverflowError:
                        break
        return [self.encode(each, depth + 1) for each in items]

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        return {"dict": [self._list(value.keys(), depth), self._list(value.values(), depth)]}


def _tagged(tag: str, told: Callable[[Any], Any]) -> Callable[[Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {tag: told(value)}


def _collection(tag: str) -> Callable[[Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {tag: encoder._list(value, depth)}


_PLAIN: dict[Any, Callable[[Encoder, Any, int], Any]] = {
    str: Encoder._text,
    int: Encoder._int,
    float: lambda encoder, value, depth: float(value),
    complex: _tagged("complex", lambda value: [value.real, value.imag]),
    (bytes, bytearray, memoryview): Encoder._bytes,
    list: Encoder._list,
    tuple: _collection("tuple"),
    dict: Encoder._dict,
    set: _collection("set"),
    frozenset: _collection("frozenset"),
    datetime.datetime: _tagged("datetime", datetime.datetime.isoformat),
    datetime.date: _tagged("date", datetime.date.isoformat),
    datetime.time: _tagged("time", datetime.time.isoformat),
    datetime.timedelta: _tagged(
        "timedelta", lambda each: [each.days, each.seconds, each.microseconds]
    ),
    decimal.Decimal: _tagged("decimal", str),
    uuid.UUID: _tagged("uuid", lambda value: value.hex),
}
"""By the first that it is an instance of: what is more than that arrives as no more than that."""


def _failure(error: BaseException) -> bytes:
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    try:
        said = str(error)
    except Exception:
        said = ""
    told = "".join(traceback.format_exception(error))
    return Encoder().message("raised", [name, said[:_MAX_TRACEBACK], told[-_MAX_TRACEBACK:]])


def _done(payload: bytes, bound: int) -> bytes:
    """What a call comes to, as a message."""
    try:
        function, args, named = pickle.loads(payload)
        message = Encoder().message("value", function(*args, **named))
        if len(message) > bound:
            raise ValueError(f"the result takes {len(message)} bytes, max_result is {bound}")
        return message
    except BaseException as error:
        return _failure(error)


def main(tasks: BinaryIO) -> None:
    """Answer calls until there are no more. What they print goes to stderr."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    bound = 1 << 20
    while header := tasks.read(_HEADER.size):
        token, size = _HEADER.unpack(header)
        payload = tasks.read(size)
        if token == bytes(16):
            said = json.loads(payload)
            sys.path[:], bound = said["path"], said["max_result"]
            continue
        answer = _done(payload, bound)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                continue
        channel.write(_HEADER.pack(token, len(answer)) + answer)
        channel.flush()
