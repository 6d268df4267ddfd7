"""Which requests to a service are allowed: a method, and a pattern of paths.

Paths are compared as they are sent, so everything that a server might read as another path is
refused before (`is_plain`), and a wildcard stands for nothing that is not in the narrow form
(`nono.broker.credentials.unambiguous`): what is compared is then what the server sees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote

from nono.broker.credentials.overrides import header_asks, parameter_asks
from nono.broker.credentials.unambiguous import (
    ESCAPE,
    ends_fault,
    needless_fault,
    path_fault,
    piece_fault,
    query_fault,
)
from nono.broker.dataclass import dataclass, field
from nono.broker.errors import PolicyError
from nono.broker.rules.automaton import ANY_DEPTH, Automaton, Expression

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.rules.automaton import Part


_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,39}|\*")
_PATH = re.compile(r"/[!-~]*")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986 section 2.3
_MAX_LENGTH = 1000
_MAX_PARTS = 64
_MAX_QUERY = 8192
# Also with spaces around, which some servers leave out, and what others cut off behind.
_DOTS = re.compile(r"\+*[.\s][.\s+]*([;?#].*)?", re.DOTALL)
# Of letters and digits for the most part, as most paths are: nothing in them is taken for another.
_SIMPLE = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*+)++/?")
_ROUNDS = 4
_KEY = "{}"
# What is left of them in code pages that have no such characters.
_DOTS_LIKE = "\N{IDEOGRAPHIC FULL STOP}\N{MIDDLE DOT}\N{BULLET}\N{DOT OPERATOR}\N{ARABIC FULL STOP}"
_SLASHES_LIKE = (
    "\N{FRACTION SLASH}\N{DIVISION SLASH}\N{BIG SOLIDUS}\N{SET MINUS}\N{BIG REVERSE SOLIDUS}"
    "\N{REVERSE SOLIDUS OPERATOR}\N{YEN SIGN}\N{WON SIGN}"
)
_ALIKE = str.maketrans(dict.fromkeys(_DOTS_LIKE, "."))
_SEPARATORS = re.compile(f"[/{_SLASHES_LIKE}]")


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
                "write a method such as GET or * for any",
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
        object.__setattr__(self, "_parts", Automaton(tuple(map(_compiled, parts)), _admits))

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


def unclear(method: str, path: str, query: str, headers: Iterable[bytes]) -> str:
    """Why nobody can tell which method and path a server will see, in words; empty when one can.

    `headers` are the names.
    """
    if method != method.upper():
        return "a method that is not written in capitals"
    if len(query) > _MAX_QUERY:
        return f"a query of more than {_MAX_QUERY} characters"
    asking = header_asks(headers) or parameter_asks(query)
    if asking:
        return f"{asking[:60]!r}, which asks for another method or path than the request's own"
    return needless_fault(path) or query_fault(query)


def unclear_path(path: str) -> str:
    """The same of a path that no endpoint stands for."""
    return path_fault(path.replace(_KEY, ""))


def normal(path: str) -> str:
    """The path with one spelling for each meaning of percent-encoding: RFC 3986 section 6.2.2."""
    return ESCAPE.sub(_decoded_if_unreserved, path)


def _decoded_if_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if _UNRESERVED.fullmatch(character) else match[0].upper()


def is_plain(path: str) -> bool:
    """False for a path that a server may take for another one.

    Parts that are `.` or `..`, also with spaces and with what some servers cut off, and empty
    parts, in whatever encoding; a backslash, a control character or a NUL; a percent sign that
    encodes nothing; what is not UTF-8.
    """
    return _SIMPLE.fullmatch(path) is not None or _is_plain(path)


def _is_plain(path: str) -> bool:
    if "%" in ESCAPE.sub("", path):
        return False
    text = path
    for _ in range(_ROUNDS):
        text = _folded(text)
        if not _is_plain_once(text):
            return False
        try:
            decoded = unquote(text, errors="strict")
        except UnicodeDecodeError:
            return False
        if decoded == text:
            return True
        text = decoded
    return False


def _folded(text: str) -> str:
    """The text as the most careless of servers reads it: RFC 3454, and code pages of old."""
    compatible = unicodedata.normalize("NFKC", text).translate(_ALIKE)
    return "".join(char for char in compatible if unicodedata.category(char) != "Cf")


def _is_plain_once(text: str) -> bool:
    if "\\" in text or any(unicodedata.category(char) == "Cc" for char in text):
        return False
    first, *parts = text.split("/")
    if first or not parts:
        return False
    return all(parts[:-1]) and not any(map(_is_dots, _SEPARATORS.split(text)))


def _is_dots(part: str) -> bool:
    # What has no room for other characters than ASCII's leaves dots of some, and nothing of others.
    is_cut = len(part) == 2 and all(ord(char) & 0xFF == ord(".") for char in part)
    is_left = "".join(filter(str.isascii, part)) == ".."
    return bool(is_cut or is_left or _DOTS.fullmatch(part))


def _admits(name: str, pieces: tuple[str, ...]) -> bool:
    """Whether wildcards may stand for these pieces of a part of a path."""
    return not pieces or not (any(map(_fault, pieces)) or ends_fault(name))


def _fault(text: str) -> str:
    return piece_fault(text.replace(_KEY, ""))


def _compiled(part: str) -> Part:
    """What one part of a path must look like.

    The groups never give back what they took, so that no path takes long.
    """
    if part == "**":
        return ANY_DEPTH
    if "*" not in part:
        return part
    first, *pieces = (re.escape(piece) for piece in re.split(r"\*+", part))
    # An encoded slash may become a real one at the server, and one part then two. A whole part is
    # never empty: many servers take /a/ for /a.
    anything = "(?:(?!%2F).)"
    if not any((first, *pieces)):
        return Expression(f"({anything}+)")
    inner = "".join(f"(?>({anything}*?){piece})" for piece in pieces[:-1])
    return Expression(f"{first}{inner}({anything}*){pieces[-1]}")
