"""JSON with comments, read into a tree that knows where everything stands.

The grammar is RFC 8259, and `//` and `/* */` comments wherever white space may
stand. Stricter than most readers: a key twice in one object, a surrogate by
itself and an absurd number are mistakes. Whatever the bytes, reading ends in a
tree or in problems; time is linear in their number.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any

from nono.broker.dataclass import dataclass
from nono.broker.errors import Problem, ProfileError
from nono.broker.profile.spelling import MAX_BYTES

MAX_DEPTH = 32
"""Objects and lists inside each other."""

_MAX_PROBLEMS = 100
# Without possessive quantifiers, which Python before 3.11.5 gets wrong: what a part of these gives
# back when the rest does not match is never what the rest begins with.
_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*(?s:.*?)\*/)*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z.+-])")
_WORD = re.compile(r"[A-Za-z_]+(?![0-9A-Za-z_])")
_WORDS = {"true": True, "false": False, "null": None}
_MAX_NUMBER = 40
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(slots=True)
class Node:
    """A value and the offsets of its first character and of its key's (its own, without a key).

    `value` is a scalar, a list of nodes, or a dict of them.
    """

    value: Any
    start: int
    key: int

    def plain(self) -> Any:
        """The value without positions; lists as tuples."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, list):
            return tuple(node.plain() for node in self.value)
        return self.value


class Text:
    """A file's text: turns offsets into lines and columns, and collects problems."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.problems: list[Problem] = []
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def complain(self, offset: int, message: str, hint: str = "") -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            line, column = self.position(offset)
            self.problems.append(Problem(self.file, line, column, message, hint))


class _Unreadable(Exception):
    """Nothing after this place can be understood; the problem is noted."""


def read(file: str, data: bytes) -> tuple[Text, Node]:
    """The tree of a file; `file` is its name for people.

    Mistakes that leave the rest readable are in the text's problems. Raises
    ProfileError when there is no tree.
    """
    if len(data) > MAX_BYTES:
        hint = "a profile is a page of text: is this the right file?"
        message = f"larger than {MAX_BYTES // 1024} KiB, which no profile is"
        raise ProfileError([Problem(file, 0, 0, message, hint)])
    try:
        text = Text(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        hint = "save it as UTF-8"
        raise ProfileError([Problem(file, line, column, "not UTF-8 text", hint)]) from None
    reader = _Reader(text)
    try:
        return text, reader.document()
    except _Unreadable:
        raise ProfileError(text.problems) from None


class _Reader:
    def __init__(self, text: Text) -> None:
        self._source = text
        self._text = text.text
        self._at = 0
        self._depth = 0

    def document(self) -> Node:
        self._skip()
        node = self._value()
        self._skip()
        if self._at < len(self._text):
            raise self._fail("something follows the end of the profile", "one object is all")
        return node

    def _fail(self, message: str, hint: str = "", offset: int | None = None) -> _Unreadable:
        self._source.complain(self._at if offset is None else offset, message, hint)
        return _Unreadable()

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._at)
        assert match is not None  # it matches the empty text, too
        self._at = match.end()
        if self._text.startswith("/*", self._at):
            raise self._fail("this comment has no end", "close it with */")

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _value(self, key: int | None = None) -> Node:
        start = self._at
        match self._next():
            case "{":
                value: Any = self._nested(self._object)
            case "[":
                value = self._nested(self._list)
            case '"':
                value = self._string()
            case _:
                value = self._scalar()
        return Node(value, start, start if key is None else key)

    def _nested(self, read: Any) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fail(f"more than {MAX_DEPTH} lists and objects inside each other")
        self._at += 1
        value = read()
        self._depth -= 1
        return value

    def _object(self) -> dict[str, Node]:
        members: dict[str, Node] = {}
        while self._more("}", bool(members)):
            key = self._at
            if self._next() != '"':
                raise self._fail("here a key is expected", 'write it as "key": value')
            name = self._string()
            self._skip()
            if self._next() != ":":
                raise self._fail(f"after the key {name[:40]!r} a ':' is expected")
            self._at += 1
            self._skip()
            node = self._value(key)
            if name in members:
                hint = "join the two: only one of them could count"
                self._source.complain(key, f"the key {name[:80]!r} is there twice", hint)
            members.setdefault(name, node)
        return members

    def _list(self) -> list[Node]:
        items: list[Node] = []
        while self._more("]", bool(items)):
            items.append(self._value())
        return items

    def _more(self, end: str, after_one: bool) -> bool:
        """True when another element starts here; steps over the comma, or over the end."""
        self._skip()
        comma = None
        if after_one and self._next() not in ("", end):
            if self._next() != ",":
                raise self._fail(f"here ',' or '{end}' is expected")
            comma = self._at
            self._at += 1
            self._skip()
        if not self._next():
            raise self._fail(f"the file ends where '{end}' is missing")
        if self._next() != end:
            return True
        if comma is not None:
            self._source.complain(comma, f"a ',' before '{end}'", "leave it out")
        self._at += 1
        return False

    def _string(self) -> str:
        match = _STRING.match(self._text, self._at)
        if match is None:
            raise self._fail("this text has no end on its line", 'close it with "')
        start, self._at = self._at, match.end()
        try:
            value: str = json.loads(match[0])
        except ValueError:
            hint = r"write a backslash as \\"
            raise self._fail("this text has an unknown escape", hint, start) from None
        if _SURROGATE.search(value):
            raise self._fail("this text has half a character (a lone surrogate)", offset=start)
        return value

    def _scalar(self) -> Any:
        number = _NUMBER.match(self._text, self._at)
        if number is not None:
            if len(number[0]) > _MAX_NUMBER:
                raise self._fail("this number is too long")
            self._at = number.end()
            return json.loads(number[0])
        word = _WORD.match(self._text, self._at)
        if word is not None and word[0] in _WORDS:
            self._at = word.end()
            return _WORDS[word[0]]
        if not self._next():
            raise self._fail("the file ends where a value is missing")
        hint = "texts stand in double quotes" if word or self._next() == "'" else ""
        raise self._fail("here a value is expected", hint)
