"""git's configuration: what a change of it may be without any consequence outside (git-config(1)).

git writes its configuration for a new branch or remote by renaming a whole new file, in which it
could have put a hook or a filter as well. Here both are read and compared. What is read is less
than git reads: where git's versions or its rules of quoting leave a doubt, the file is not
understood and nothing in it may change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from nono.broker.datafile import data

MAX_BYTES = 1 << 20

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTROL = re.compile(rb"[\0-\x08\x0b-\x1f\x7f]")
_SECTION = re.compile(rb'\[([A-Za-z0-9-]+)(?:[ \t]+"((?:[^"\\\n\0]|\\["\\])*)")?\]')
_KEY = re.compile(rb"([A-Za-z][A-Za-z0-9-]*)[ ]*(?:=[ \t]*(.*))?")
_ESCAPES = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\"}
_URL = re.compile(rb"([A-Za-z0-9+.-]*):(:?)")


class Entry(NamedTuple):
    """One setting. `name` is `section.key` in lower case or `section.subsection.key`, with the
    subsection as written; `pattern` has `*` in its place. None is a value that is not there."""

    name: bytes
    pattern: str
    value: bytes | None


class NotUnderstoodError(Exception):
    """A configuration that git may read differently from us. `str()` says what it has."""


def parse(text: bytes) -> list[Entry]:
    """The settings in order. Raises NotUnderstoodError."""
    if len(text) > MAX_BYTES:
        raise _not_understood(0, "is too large")
    entries: list[Entry] = []
    section: tuple[bytes, bytes | None] | None = None
    if text.startswith(_BYTE_ORDER_MARK):
        raise _not_understood(1, "has a byte order mark")
    for number, line in enumerate(text.split(b"\n"), 1):
        if _CONTROL.search(line):
            raise _not_understood(number, "has a control character")
        line = line.strip(b" \t")
        if line[:1] == b"[":
            found = _SECTION.match(line)
            if found is None:
                raise _not_understood(number, "is not a plain section")
            subsection = found[2]
            if subsection is not None:
                subsection = re.sub(rb"\\(.)", rb"\1", subsection)
            section = found[1].lower(), subsection
            line = line[found.end() :].lstrip(b" \t")
        if not line or line[:1] in (b"#", b";"):
            continue
        key = _KEY.fullmatch(line)
        if key is None or section is None:
            raise _not_understood(number, "is not a plain setting")
        value = None if key[2] is None else _value(key[2], number)
        entries.append(_entry(*section, key[1].lower(), value))
    return entries


def _entry(section: bytes, subsection: bytes | None, key: bytes, value: bytes | None) -> Entry:
    first, last = section.decode(), key.decode()
    if subsection is None:
        return Entry(section + b"." + key, f"{first}.{last}", value)
    return Entry(b".".join((section, subsection, key)), f"{first}.*.{last}", value)


def _value(text: bytes, number: int) -> bytes:
    """What stands behind the equals sign, with its quotes and escapes undone."""
    value, quoted, index, kept = b"", False, 0, 0
    while index < len(text):
        byte = text[index : index + 1]
        index += 1
        if byte == b"\\":
            escaped = _ESCAPES.get(text[index : index + 1])
            if escaped is None:
                raise _not_understood(number, "has an escape that is not plain")
            value += escaped
            index += 1
        elif byte == b'"':
            quoted = not quoted
        elif not quoted and byte in (b"#", b";"):
            break
        elif byte == b"\t":
            # Versions of git differ in what becomes of it.
            if text[index:].strip(b" \t")[:1] not in (b"", b"#", b";") or quoted:
                raise _not_understood(number, "has a tab in a value")
            continue
        elif byte == b" " and not quoted:
            # Before the first character git leaves them out, behind the last as well.
            value += byte if value else b""
            continue
        else:
            value += byte
        kept = len(value)
    if quoted:
        raise _not_understood(number, "has an open quote")
    return value[:kept]


def _not_understood(number: int, why: str) -> NotUnderstoodError:
    where = f"line {number} " if number else ""
    return NotUnderstoodError(f"git's configuration: {where}{why}")


def harmful_change(before: bytes, after: bytes) -> str | None:
    """The name of a setting that a new configuration changes and must not; None if all may be.

    What is not harmless must be the same, in the same order: a later setting counts. A harmless
    one that is new is looked at. Raises NotUnderstoodError.
    """
    old, new = parse(before), parse(after)
    firm, proposed = _firm(old), _firm(new)
    if firm != proposed:
        return _first_difference(firm, proposed)
    known = set(old)
    for entry in new:
        if entry.pattern in _table()[1] and entry not in known and not _is_plain_url(entry.value):
            return entry.name.decode(errors="backslashreplace")
    return None


@cache
def _table() -> tuple[frozenset[str], frozenset[str], frozenset[bytes]]:
    table = data("git_config")
    transports = frozenset(name.encode() for name in table["transports"])
    return frozenset(table["harmless"]), frozenset(table["checked_as_urls"]), transports


def _firm(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.pattern not in _table()[0]]


def _first_difference(old: Sequence[Entry], new: Sequence[Entry]) -> str:
    together = zip(old, new, strict=False)
    index = next((i for i, (a, b) in enumerate(together) if a != b), min(len(old), len(new)))
    entry = new[index] if index < len(new) else old[index]
    return entry.name.decode(errors="backslashreplace")


def _is_plain_url(value: bytes | None) -> bool:
    """False for what git would run (`ext::`, a helper) or take as an option."""
    if value is None or value[:1] == b"-" or b"\n" in value:
        return False
    scheme = _URL.match(value)
    if scheme is None:
        # A path, a name, or `host:path`: a host that begins with a dash would be an option of ssh.
        return b"@-" not in value and b"[-" not in value
    if scheme[2]:
        return False
    if value[scheme.end() : scheme.end() + 2] != b"//":
        return scheme[1][:1] not in (b"-", b"")  # host:path
    after = value[scheme.end() + 2 :]
    authority = after.partition(b"/")[0]
    host = authority.rpartition(b"@")[2]
    if {authority[:1], host[:1], host[1:2]} & {b"-"} or b"%" in host:
        return False
    return scheme[1].lower() in _table()[2]
