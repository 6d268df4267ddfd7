"""Which requests to a service are allowed: a method, and a pattern of paths.

Paths are compared as they are sent, so everything that a server might read as another path is
refused before (`is_plain`): what is compared is then what the server sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from nono.broker.errors import PolicyError
from nono.broker.rules.automaton import ANY_DEPTH, Automaton, Part

_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,39}|\*")
_PATH = re.compile(r"/[!-~]*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986 section 2.3
_MAX_LENGTH = 1000
_MAX_PARTS = 64
_SEPARATORS = re.compile(rb"[/\\]")
_DOTS = re.compile(rb"\.\.?(;.*)?")
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A kind of request: `method`, or `*` for any, and a glob of paths below the service's URL.

    In a path `*` stands for one part or for a piece of it, `**` for any number of parts, none
    included. Raises PolicyError when either cannot be used.
    """

    method: str
    path: str
    _parts: Automaton = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not _METHOD.fullmatch(self.method):
            raise PolicyError(
                f"{self.method[:40]!r} is not a method of HTTP",
                "write GET, POST, ..., or * for any",
            )
        if (
            not _PATH.fullmatch(self.path)
            or len(self.path) > _MAX_LENGTH
            or set("?#") & {*self.path}
        ):
            raise PolicyError(
                f"{self.path[:80]!r} is not a pattern of paths",
                "begin it with a slash and leave out what follows a ?: /v1/models/*",
            )
        if self.path.count("/") > _MAX_PARTS:
            raise PolicyError(f"{self.path[:80]!r} has too many parts", "use ** for the rest")
        if not is_plain(self.path):
            raise PolicyError(
                f"{self.path[:80]!r} goes up with '..', or holds a part that is empty or a dot",
                "write the path that is meant",
            )
        parts = normal(self.path).split("/")[1:]
        object.__setattr__(self, "_parts", Automaton(tuple(map(_compiled, parts))))

    def matches(self, method: str, path: str) -> bool:
        """`path` is a `normal` one."""
        if self.method != "*" and self.method.upper() != method.upper():
            return False
        states = self._parts.start()
        for name in path.split("/")[1:]:
            states = self._parts.step(states, name)
        return self._parts.accepts(states)

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


def is_allowed(endpoints: Iterable[Endpoint], method: str, path: str) -> bool:
    """Whether one of the endpoints is meant, or there is none at all, so that all are.

    `path` must be plain.
    """
    endpoints = tuple(endpoints)
    return not endpoints or any(each.matches(method, normal(path)) for each in endpoints)


def normal(path: str) -> str:
    """The path with one spelling for each meaning of percent-encoding: RFC 3986 section 6.2.2."""
    return _ESCAPE.sub(_decoded_if_unreserved, path)


def _decoded_if_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if _UNRESERVED.fullmatch(character) else match[0].upper()


def is_plain(path: str) -> bool:
    """False for a path that a server may take for another one.

    Parts that are `.` or `..`, also with the parameters that some servers cut off, and empty parts,
    however often they are percent-encoded; a backslash, a control character or a NUL; a percent
    sign that encodes nothing.
    """
    if "%" in _ESCAPE.sub("", path):
        return False
    data = path.encode("latin-1", "replace")
    for _ in range(_ROUNDS):
        if not _is_plain_once(data):
            return False
        decoded = unquote_to_bytes(data)
        if decoded == data:
            return True
        data = decoded
    return False


def _is_plain_once(data: bytes) -> bool:
    if b"\\" in data or any(byte < 0x20 or byte == 0x7F for byte in data):
        return False
    first, *parts = _SEPARATORS.split(data)
    if first or not parts:
        return False
    *inner, last = parts
    return all(inner) and not any(_DOTS.fullmatch(part) for part in (*inner, last))


def _compiled(part: str) -> Part:
    """What one part of a path must look like.

    The groups never give back what they took, so that no path takes long.
    """
    if part == "**":
        return ANY_DEPTH
    if "*" not in part:
        return part
    first, *pieces = (re.escape(piece) for piece in re.split(r"\*+", part))
    # An encoded slash may become a real one at the server, and one part then two.
    anything = "(?:(?!%2F).)"
    inner = "".join(f"(?>{anything}*?{piece})" for piece in pieces[:-1])
    return re.compile(f"{first}{inner}{anything}*{pieces[-1]}")
