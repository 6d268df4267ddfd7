"""Requests as plain data, for a record of what was decided, and back.

A plain value is what msgpack can hold. Text keeps the bytes that were not UTF-8
as os.fsdecode has them, so it has to be packed with ``surrogateescape``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter

from nono.broker.errors import InvalidRecord
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    Execute,
    Forbidden,
    Metadata,
    Open,
    Operation,
    PathChange,
    Process,
    Request,
    ServerName,
    Socket,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import ALL_ACCESS, Access

LONGEST_TEXT = 1 << 16
"""Characters; a path has at most 4096 bytes, and a server name in TLS less than 65536."""

_Read = Callable[[object], object]


def as_text(value: object) -> str:
    """Raise InvalidRecord unless the value is text of a bearable length."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise InvalidRecord("a text is missing or too long")
    return value


def as_number(value: object) -> int:
    """Raise InvalidRecord unless the value is a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidRecord("a number is missing")
    return value


def as_flag(value: object) -> bool:
    """Raise InvalidRecord unless the value is true or false."""
    if not isinstance(value, bool):
        raise InvalidRecord("a yes or no is missing")
    return value


def as_list(value: object, length: int | None = None) -> list[object]:
    """Raise InvalidRecord unless the value is a list, of this length if one is given."""
    if not isinstance(value, list | tuple) or (length is not None and len(value) != length):
        raise InvalidRecord("a list is missing or has another length")
    return list(value)


def as_access(value: object) -> Access:
    """Raise InvalidRecord unless the value is a set of rights as a number."""
    bits = as_number(value)
    if bits & ~ALL_ACCESS.value or bits < 0:
        raise InvalidRecord("an unknown right")
    return Access(bits)


def _operation(value: object) -> Operation:
    try:
        return Operation(as_text(value))
    except ValueError:
        raise InvalidRecord("an unknown change of a path") from None


def _optional_text(value: object) -> str | None:
    return None if value is None else as_text(value)


_FIELDS: Mapping[type, Mapping[str, _Read]] = {
    Open: {"path": as_text, "access": as_access, "own": as_flag},
    PathChange: {
        "operation": _operation,
        "path": as_text,
        "own": as_flag,
        "target": _optional_text,
        "directory": as_flag,
    },
    Metadata: {"operation": as_text, "path": as_text, "own": as_flag},
    Watch: {"path": as_text, "own": as_flag},
    Execute: {"path": as_text},
    UnixConnect: {"path": as_text, "own": as_flag},
    ConnectHost: {"host": as_text, "port": as_number},
    Connect: {
        "address": as_text,
        "port": as_number,
        "host": _optional_text,
        "own": as_flag,
    },
    ServerName: {
        "host": as_text,
        "port": as_number,
        "name": _optional_text,
        "encrypted": as_flag,
    },
    Bind: {"address": as_text, "port": as_number},
    Socket: {"domain": as_text},
    Forbidden: {"call": as_text},
}
_CLASSES = {kind.__name__: kind for kind in _FIELDS}
# Rights are written as numbers: `access.value` instead of `access`.
_VALUES = {
    kind: attrgetter("process", *("access.value" if name == "access" else name for name in fields))
    for kind, fields in _FIELDS.items()
}


def plain_request(request: Request) -> list[object]:
    """The request without its process: the name of its kind, then every field in order."""
    kind = type(request)
    return [kind.__name__, *_VALUES[kind](request)[1:]]


def read_request(plain: object, process: Process) -> Request:
    """The request that `plain_request` has made plain. Raises InvalidRecord."""
    name, *values = as_list(plain) or [""]
    kind = _CLASSES.get(as_text(name))
    if kind is None:
        raise InvalidRecord("an unknown kind of request")
    fields = _FIELDS[kind]
    if len(values) != len(fields):
        raise InvalidRecord(f"a request of the kind {kind.__name__} with other fields")
    read = (convert(value) for convert, value in zip(fields.values(), values, strict=True))
    request: Request = kind(process, *read)
    return request
