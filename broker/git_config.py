"""git's configuration: what a change of it may be without any consequence outside (git-config(1)).

git writes its configuration for a new branch or remote by renaming a whole new file, in which it
could have put a hook or a filter as well. Here both are read and compared. What is read is less
than git reads: where git's versions or its rules of quoting leave a doubt, the file is not
understood and nothing in it may change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache

from nono.broker.compiled import pattern_of
from nono.broker.datafile import data
from nono.broker.errors import NotUnderstoodError
from nono.broker.git_urls import is_plain_url, local_path
from nono.broker.named_tuple import NamedTuple

MAX_BYTES = 1 << 20

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTROL = rb"[\0-\x08\x0b-\x1f\x7f]"
_SECTION = rb'\[([A-Za-z0-9-]+)(?:[ \t]+"((?:[^"\\\n\0]|\\["\\])*)")?\]'
_KEY = rb"([A-Za-z][A-Za-z0-9-]*)[ ]*(?:=[ \t]*(.*))?"
_MARKED = rb'[\\"#;\t]'
"""What makes more of a value than its characters."""
_ANY_SETTING = (
    rb'(?im)^[ \t\r]*(?:\[[a-z0-9.-]*(?:[ \t\r]+"(?:[^"\\\n]|\\.)*")?\][ \t\r]*)*'
    rb"([a-z][a-z0-9-]*)[ \t]*="
)
"""From the beginning of its line: what stands in a comment is none, and goes on in no next line."""
_ODD = rb'[\\"#;\t\r\0]'
"""In a value: what makes more of it than its characters in some version of git."""
_ESCAPES = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\"}


class Entry(NamedTuple):
    """One setting. `name` is `section.key` in lower case or `section.subsection.key`, with the
    subsection as written; `pattern` has `*` in its place. None is a value that is not there."""

    name: bytes
    pattern: str
    value: bytes | None


def parse(text: bytes) -> list[Entry]:
    """The settings in order. Raises NotUnderstoodError."""
    if len(text) > MAX_BYTES:
        raise _not_understood(0, "is too large")
    entries: list[Entry] = []
    section: tuple[bytes, bytes | None] | None = None
    if text.startswith(_BYTE_ORDER_MARK):
        raise _not_understood(1, "has a byte order mark")
    for number, line in enumerate(text.split(b"\n"), 1):
        if pattern_of(_CONTROL).search(line):
            raise _not_understood(number, "has a control character")
        line = line.strip(b" \t")
        if line[:1] == b"[":
            found = pattern_of(_SECTION).match(line)
            if found is None:
                raise _not_understood(number, "is not a plain section")
            subsection = found[2]
            if subsection is not None:
                subsection = pattern_of(rb"\\(.)").sub(rb"\1", subsection)
            section = found[1].lower(), subsection
            line = line[found.end() :].lstrip(b" \t")
        if not line or line[:1] in (b"#", b";"):
            continue
        key = pattern_of(_KEY).fullmatch(line)
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
    if not pattern_of(_MARKED).search(text):
        return text.strip(b" ")
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


def keys_and_values(text: bytes) -> Iterator[tuple[bytes, bytes, list[bytes]]]:
    """The key of each setting that git could read, its value as written, and what git's versions
    read there: for who looks for what is named, and would rather find too much."""
    text, end = text.removeprefix(_BYTE_ORDER_MARK).replace(b"\r\n", b"\n"), 0
    pattern, odd = pattern_of(_ANY_SETTING), pattern_of(_ODD)
    while (found := pattern.search(text, end)) is not None:
        start = found.end()
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        written = text[start:end].strip(b" ")
        values = [written]
        if odd.search(written) is not None:
            from nono.broker.git_values import readings  # seldom needed

            values, end = readings(text, start)
            written = text[start:end].strip(b" \t")
        yield found[1].lower(), written, values


def _nowhere(path: bytes) -> bool:
    return False


def harmful_change(
    before: bytes, after: bytes, is_kept: Callable[[bytes], bool] = _nowhere
) -> str | None:
    """The name of a setting that a new configuration changes and must not; None if all may be.

    What is not harmless must be the same, in the same order: a later setting counts. A harmless
    one that is new is looked at. `is_kept` says of a path whether a run can make no repository
    there. Raises NotUnderstoodError.
    """
    old, new = parse(before), parse(after)
    firm, proposed = _firm(old), _firm(new)
    if firm != proposed:
        return _first_difference(firm, proposed)
    known = {entry[1:] if _is_url(entry) else entry for entry in old}
    names = {entry.name for entry in new}
    for entry in new:
        is_old = entry in known or (_is_url(entry) and entry[1:] in known)
        if not is_old and not _leads_nowhere_else(entry, names, is_kept):
            return _shown(entry)
    return None


def first_that_runs(text: bytes, is_kept: Callable[[bytes], bool] = _nowhere) -> str | None:
    """The first setting of a whole configuration, of a repository that a run made, that is not
    what git writes there by itself. Raises NotUnderstoodError."""
    entries = parse(text)
    names = {entry.name for entry in entries}
    for entry in entries:
        if entry.pattern in _table().of_new:
            continue
        harmless = entry.pattern in _table().harmless
        if not harmless or not _leads_nowhere_else(entry, names, is_kept):
            return _shown(entry)
    return None


def work_trees(text: bytes) -> list[bytes]:
    """Where git writes the files of a repository, from its own directory.

    Raises NotUnderstoodError.
    """
    return [entry.value or b"" for entry in parse(text) if entry.pattern == "core.worktree"]


def remotes_by_name(text: bytes) -> list[bytes]:
    """Names of remotes that are followed and have no URL: git takes each for a path then.

    Raises NotUnderstoodError.
    """
    entries = parse(text)
    names = {entry.name for entry in entries}
    return [
        entry.value
        for entry in entries
        if entry.value and entry.pattern in _table().names and not _is_remote(entry.value, names)
    ]


class _Table(NamedTuple):
    """The patterns of settings by what may be in them."""

    harmless: frozenset[str]
    urls: frozenset[str]
    names: frozenset[str]
    of_new: frozenset[str]


@cache
def _table() -> _Table:
    table = data("git_config")
    keys = ("harmless", "checked_as_urls", "checked_as_names", "harmless_in_new")
    return _Table(*(frozenset(table[key]) for key in keys))


def _firm(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.pattern not in _table().harmless]


def _is_url(entry: Entry) -> bool:
    return entry.pattern in _table().urls


def _leads_nowhere_else(
    entry: Entry, names: Collection[bytes], is_kept: Callable[[bytes], bool]
) -> bool:
    """True when what git would fetch from or push to starts no program of somebody's choice."""
    is_name = entry.pattern in _table().names
    if not is_name and not _is_url(entry):
        return True
    if entry.value is None:
        return False
    if is_name and _is_remote(entry.value, names):
        return True
    path = local_path(entry.value)
    return is_plain_url(entry.value) if path is None else is_kept(path)


def _is_remote(value: bytes, names: Collection[bytes]) -> bool:
    """True for a remote that has a URL, and for the repository itself."""
    return value == b"." or b"remote." + value + b".url" in names


def _first_difference(old: Sequence[Entry], new: Sequence[Entry]) -> str:
    together = zip(old, new, strict=False)
    index = next((i for i, (a, b) in enumerate(together) if a != b), min(len(old), len(new)))
    return _shown(new[index] if index < len(new) else old[index])


def _shown(entry: Entry) -> str:
    return entry.name.decode(errors="backslashreplace")
