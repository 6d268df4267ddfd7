"""Small plain values as msgpack has them, packed and unpacked without it.

`msgpack` loads `datetime` and more, a fortieth of a start, and a start packs little. Text keeps
the bytes that were not UTF-8, as `surrogateescape` does. What is long, or many, is `msgpack`'s. A
test compares them. Source: the specification of MessagePack.
"""

from __future__ import annotations

_SHORT = tuple(bytes((0xA0 | length,)) for length in range(32))
_FEW = tuple(bytes((0x90 | length,)) for length in range(16))
_NUMBERS = tuple(bytes((number,)) for number in range(128))
_UNSIGNED = ((b"\xcc", 1), (b"\xcd", 2), (b"\xce", 4), (b"\xcf", 8))
_SIGNED = ((b"\xd0", 1), (b"\xd1", 2), (b"\xd2", 4), (b"\xd3", 8))
_SINGLE = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZES = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: -1, 0xD1: -2, 0xD2: -4, 0xD3: -8}
_LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_TEXTS = 0xD9
_MAX_DEPTH = 8


class Packed(bytes):
    """What a value was packed to: it is put in the place of the value."""


def packed(value: object) -> bytes:
    """A text, bytes, a whole number, a yes or no, None, or a list of such. Raises TypeError."""
    kind = value.__class__
    if kind is str:
        return text(value)  # type: ignore[arg-type]
    if kind is list or kind is tuple:
        parts: list[object] = value  # type: ignore[assignment]
        return beginning(len(parts)) + b"".join([packed(each) for each in parts])
    if value is None:
        return b"\xc0"
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _number(int(value))
    if isinstance(value, Packed):
        return value
    if isinstance(value, bytes):
        return _with_length(bytes(value), (b"\xc4", b"\xc5", b"\xc6"))
    if isinstance(value, str):
        return text(value)
    raise TypeError(f"{kind.__name__} is no plain value")


def text(value: str) -> bytes:
    """A text."""
    data = value.encode("utf-8", "surrogateescape")
    length = len(data)
    if length < len(_SHORT):
        return _SHORT[length] + data
    return _with_length(data, (b"\xd9", b"\xda", b"\xdb"))


def beginning(length: int) -> bytes:
    """What stands before the parts of a list."""
    if length < len(_FEW):
        return _FEW[length]
    return b"\xdc" + length.to_bytes(2) if length < 1 << 16 else b"\xdd" + length.to_bytes(4)


def _with_length(data: bytes, heads: tuple[bytes, bytes, bytes]) -> bytes:
    length = len(data)
    if length < 1 << 8:
        return heads[0] + _byte(length) + data
    if length < 1 << 16:
        return heads[1] + length.to_bytes(2) + data
    return heads[2] + length.to_bytes(4) + data


def _byte(number: int) -> bytes:
    return number.to_bytes(1)


def _number(value: int) -> bytes:
    if 0 <= value < len(_NUMBERS):
        return _NUMBERS[value]
    if -32 <= value < 0:
        return value.to_bytes(1, signed=True)
    for head, size in _UNSIGNED if value > 0 else _SIGNED:
        bits = 8 * size - (value < 0)
        if -1 << bits <= value < 1 << bits:
            return head + value.to_bytes(size, signed=value < 0)
    raise OverflowError("more than 64 bits")


def unpacked(data: bytes) -> object:
    """What was packed. Raises ValueError for anything else, and for more than that."""
    value, end = _read(data, 0, _MAX_DEPTH)
    if end != len(data):
        raise ValueError("something is behind it")
    return value


def _read(data: bytes, at: int, depth: int) -> tuple[object, int]:
    """The value that begins there, and where it ends."""
    (head,) = _piece(data, at, 1)
    at += 1
    if head < 0x80 or head >= 0xE0:
        return (head if head < 0x80 else head - 0x100), at
    if head in _SINGLE:
        return _SINGLE[head], at
    if head in _SIZES:
        size = abs(_SIZES[head])
        found = int.from_bytes(_piece(data, at, size), signed=_SIZES[head] < 0)
        return found, at + size
    if head in _LENGTHS:
        size = _LENGTHS[head]
        length, at = int.from_bytes(_piece(data, at, size)), at + size
        piece = _piece(data, at, length)
        return (_decoded(piece) if head >= _TEXTS else piece), at + length
    if 0xA0 <= head < 0xC0:
        length = head & 0x1F
        return _decoded(_piece(data, at, length)), at + length
    if 0x90 <= head < 0xA0:
        length = head & 0x0F
    elif head in (0xDC, 0xDD):
        size = 2 if head == 0xDC else 4
        length, at = int.from_bytes(_piece(data, at, size)), at + size
    else:
        raise ValueError("not a plain value")
    if not depth:
        raise ValueError("too many lists in each other")
    parts = []
    for _ in range(length):
        part, at = _read(data, at, depth - 1)
        parts.append(part)
    return parts, at


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _piece(data: bytes, at: int, length: int) -> bytes:
    found = data[at : at + length]
    if len(found) != length:
        raise ValueError("the end is missing")
    return found
