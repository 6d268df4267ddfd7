"""Writing a text as services do, any of its characters in any spelling, and reading it again."""

from __future__ import annotations

import html
import quopri
import random
import re
from collections.abc import Callable, Iterator
from html.entities import html5
from urllib.parse import unquote_to_bytes

Way = Callable[[int], list[str]]

_NAMES: dict[int, list[str]] = {}
for _name, _text in html5.items():
    if len(_text) == 1 and " " < _text <= "~":
        _NAMES.setdefault(ord(_text), []).append(_name)


def _zeros(template: str, char: int, digits: str) -> list[str]:
    return [template.format(zeros + format(char, digits)) for zeros in ("", "0", "0000")]


def of_json(char: int) -> list[str]:
    """RFC 8259, and of JavaScript, C, Perl and Python what else a backslash may begin."""
    found = [f"\\u{char:04x}", f"\\u{char:04X}", f"\\x{char:02x}", f"\\x{char:02X}"]
    found += [f"\\U{char:08x}", f"\\{char:03o}", f"\\x{{{char:x}}}"]
    found += _zeros("\\u{{{}}}", char, "x") + _zeros("\\u{{{}}}", char, "X")
    return found if chr(char).isalnum() else [*found, "\\" + chr(char)] * 2


def of_urls(char: int) -> list[str]:
    return [f"%{char:02x}", f"%{char:02X}", f"%u{char:04x}"]


def of_html(char: int) -> list[str]:
    found = _zeros("&#{};", char, "d") + _zeros("&#x{};", char, "x") + _zeros("&#X{};", char, "X")
    found += [each[:-1] for each in found]
    return found + ["&" + name for name in _NAMES.get(char, [])]


def of_mail(char: int) -> list[str]:
    """Quoted-printable."""
    return [f"={char:02X}", f"={char:02x}"]


WAYS: dict[str, tuple[str, Way]] = {
    "json": ("\\", of_json),
    "urls": ("%", of_urls),
    "html": ("&", of_html),
    "mail": ("=", of_mail),
}


def spelt(chance: random.Random, text: str, depth: int) -> str:
    """The text with some of its characters spelt in other ways, `depth` times over."""
    for level in range(depth):
        introducer, way = WAYS[chance.choice(sorted(WAYS))]
        # The third time only what has to be, as libraries do.
        share = chance.choice((0.0, 0.1, 0.5, 1.0)) if level < 2 else 0.0
        # A writer spells at least what would be read as a spelling.
        text = "".join(
            chance.choice(way(ord(char))) if char == introducer or chance.random() < share else char
            for char in text
        )
    return text


def mixed(chance: random.Random, text: str) -> str:
    """Each character in a way of its own."""
    every = [way for _, way in WAYS.values()]
    return "".join(
        chance.choice([char, *(each for way in every for each in way(ord(char)))]) for char in text
    )


def soft_broken(text: str, every: int, end: str) -> str:
    """With the soft line breaks of quoted-printable."""
    return f"={end}".join(text[at : at + every] for at in range(0, len(text), every))


def mailed(text: str, every: int, end: str) -> str:
    """In quoted-printable, with a soft break wherever a line has so many columns."""
    pieces = [f"={ord(c):02X}" if c == "=" or not " " <= c <= "~" else c for c in text]
    line, lines = "", []
    for piece in pieces:
        if len(line) + len(piece) > every:
            lines.append(line)
            line = ""
        line += piece
    return f"={end}".join((*lines, line))


def wrapped(text: str, every: int, end: str) -> str:
    """In lines, as base64 in mail is."""
    return end.join(text[at : at + every] for at in range(0, len(text), every))


_JSON = re.compile(rb"\\u00([0-7][0-9a-fA-F])|\\([/\"\\])")


def _of_json(data: bytes) -> bytes:
    return _JSON.sub(lambda found: bytes.fromhex((found[1] or b"").decode()) or found[2], data)


def readings(data: bytes, times: int = 2) -> Iterator[bytes]:
    """What a program makes of an answer with the tools that every language has."""
    yield data
    if times:
        for read in (
            unquote_to_bytes(data),
            _of_json(data),
            quopri.decodestring(data),
            html.unescape(data.decode("latin-1")).encode("latin-1", "ignore"),
            data.replace(b"\0", b""),
        ):
            if read != data:
                yield from readings(read, times - 1)
