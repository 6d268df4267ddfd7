"""Requests as plain data, for a record of what was decided, and back."""

from __future__ import annotations

from operator import attrgetter

from nono.broker.errors import InvalidRecord
from nono.broker.plain_values import (
    Fields,
    as_access,
    as_flag,
    as_number,
    as_text,
    by_name,
    optional,
    read_fields,
)
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


def _operation(value: object) -> Operation:
    try:
        return Operation(as_text(value))
    except ValueError:
        raise InvalidRecord("an unknown change of a path") from None


_FIELDS: Fields = {
    Open: {"path": as_text, "access": as_access, "own": as_flag},
    PathChange: {
        "operation": _operation,
        "path": as_text,
        "own": as_flag,
        "target": optional(as_text),
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
        "host": optional(as_text),
        "own": as_flag,
    },
    ServerName: {
        "host": as_text,
        "port": as_number,
        "name": optional(as_text),
        "encrypted": as_flag,
    },
    Bind: {"address": as_text, "port": as_number},
    Socket: {"domain": as_text},
    Forbidden: {"call": as_text},
}
_KINDS = by_name(_FIELDS)
# Rights are written as numbers: `access.value` instead of `access`.
_VALUES = {
    kind: attrgetter("process", *("access.value" if name == "access" else name for name in fields))
    for kind, fields in _FIELDS.items()
}


def plain_request(request: Request) -> list[object]:
    """The request without its process: the name of its kind, then every field in order."""
    kind = type(request)
    return [kind.__name__, *_VALUES[kind](request)[1:]]


def field_names(kind: object) -> tuple[str, ...]:
    """The names of the values that `plain_request` gives for a kind of request, in order.

    Raises InvalidRecord where there is no such kind.
    """
    found = next((each for each in _FIELDS if each.__name__ == kind), None)
    if found is None:
        raise InvalidRecord("an unknown kind of request")
    return tuple(_FIELDS[found])


def read_request(plain: object, process: Process) -> Request:
    """The request that `plain_request` has made plain. Raises InvalidRecord."""
    kind, values = read_fields(plain, _KINDS, "request")
    request: Request = kind(process, *values)
    return request
