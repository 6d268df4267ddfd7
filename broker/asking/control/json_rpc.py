"""JSON-RPC 2.0, one message a line: the bytes of a peer that may send anything, and ours to it.

Source: the JSON-RPC 2.0 specification. Of it there are no batches here; strings are UTF-8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

MAX_LINE = 65536
"""The bytes of one line, the newline not counted."""
_MAX_NUMBER = 20
_MAX_FRACTION = 32
_MAX_ID = 200

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

Id = str | int | None


class ProtocolError(Exception):
    """What a peer sent cannot be answered otherwise than by an error: `code`, and words for it.

    `id` is that of the request, None where it has none or nobody knows; `hint` what to do about it.
    """

    def __init__(self, code: int, message: str, id: Id = None, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.id = id
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Call:
    """A request, or with `wants_reply` false a notification."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    id: Id = None
    wants_reply: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request; `error` is None where it went well."""

    id: Id
    result: Any = None
    error: Mapping[str, Any] | None = None


def parse(line: bytes) -> Call | Reply:
    """The message in a line. Raises ProtocolError for everything else."""
    if len(line) > MAX_LINE:
        raise ProtocolError(PARSE_ERROR, f"a line of more than {MAX_LINE} bytes")
    message = read_object(line)
    if message is None:
        raise ProtocolError(PARSE_ERROR, "not a line with one JSON object")
    id = _id(message)
    if message.get("jsonrpc") != "2.0":
        raise ProtocolError(INVALID_REQUEST, 'no "jsonrpc": "2.0"', id)
    if "method" not in message:
        return _reply(message, id)
    method, params = message["method"], message.get("params", {})
    if not isinstance(method, str) or len(method) > _MAX_ID:
        raise ProtocolError(INVALID_REQUEST, "a method is a short string", id)
    if not isinstance(params, dict):
        raise ProtocolError(INVALID_PARAMS, "params are an object", id)
    return Call(method, params, id, "id" in message)


def _reply(message: Mapping[str, Any], id: Id) -> Reply:
    error = message.get("error")
    if ("result" in message) is (error is not None) or not isinstance(error, dict | None):
        raise ProtocolError(INVALID_REQUEST, "neither a request nor a reply", id)
    return Reply(id, message.get("result"), error)


def _id(message: Mapping[str, Any]) -> Id:
    id = message.get("id")
    if id is None or (isinstance(id, str) and len(id) <= _MAX_ID):
        return id
    if isinstance(id, int) and not isinstance(id, bool):
        return id
    raise ProtocolError(INVALID_REQUEST, "an id is a short string or a whole number")


def read_object(line: bytes) -> dict[str, Any] | None:
    """The object of a line of JSON, whose length the caller has bounded; None for anything else.

    No member comes twice, which two readers could take differently, and no number is one that
    JSON does not have.
    """
    try:
        found = json.loads(
            line.decode("utf-8"),
            object_pairs_hook=_distinct,
            parse_constant=_refuse,
            parse_int=_short(int, _MAX_NUMBER),
            parse_float=_short(float, _MAX_FRACTION),
        )
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member that comes twice")
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"no number of JSON's: {text}")


def _short(read: type[int] | type[float], most: int) -> Any:
    def number(text: str) -> int | float:
        if len(text) > most:
            raise ValueError("a number of too many digits")
        return read(text)

    return number


def request(id: Id, method: str, /, **params: Any) -> bytes:
    """The line of a request."""
    return _line({"id": id, "method": method, "params": params})


def notification(method: str, params: Mapping[str, Any]) -> bytes:
    """The line of a message that nobody answers."""
    return _line({"method": method, "params": params})


def result(id: Id, value: Any) -> bytes:
    """The line that answers a request."""
    return _line({"id": id, "result": value})


def failure(error: ProtocolError) -> bytes:
    """The line that tells why a request is not answered otherwise."""
    told: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.hint:
        told["data"] = {"hint": error.hint}
    return _line({"id": error.id, "error": told})


def plain_line(message: Mapping[str, Any]) -> bytes:
    """The line of a whole message.

    ASCII: what is no Unicode in a path, a lone surrogate, is written as an escape.
    """
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"


def _line(message: Mapping[str, Any]) -> bytes:
    return plain_line({"jsonrpc": "2.0", **message})
