"""Floor and rules as one flat table, for a lane that is not in Python: shims/linux/lane.c.

A trie over the names of paths, which says of a path what the floor covers, what the rules allow
outright, and where neither is to be told from the table. It never says more than `Floor.covers` and
`Policy.decide`: what it has no form for (a bypass, something left out of a refusal, an answer of a
person's, a folded name) makes it say less, and then Python is asked.

    header    magic, nodes, patterns, origins, bytes of text
    nodes     the root first; the entries of each lie together, sorted by name
    patterns  refusals by wildcards
    origins   where rules that allow something come from, for who writes down what was allowed
    text      names, parts of patterns and origins, one after the other

All numbers are of the machine's own byte order. Names are as the kernel has them: UTF-8, and what
is none as `os.fsdecode` brings it (PEP 383).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection, Iterable, Iterator

from nono.broker.floor.floor import Floor
from nono.broker.policy.policy import Policy
from nono.broker.rules.access import Access
from nono.broker.rules.automaton import ANY_DEPTH
from nono.broker.rules.paths import ancestors, parent
from nono.broker.rules.rule import Effect, File, Glob, Origin, Rule, Subtree, Subtrees

_MAGIC = 0x6C616E32
_HEADER = struct.Struct("=5I")
_NODE = struct.Struct("=4I8B6H")
_PATTERN = struct.Struct("=4I")
_ORIGIN = struct.Struct("=2I")

_OPENED = (Access.READ | Access.WRITE).value
_FLOOR = 0
_ALLOWED = 2
_STOPPED = 4
_PATTERNS = 6
"""Where in the marks of a path stands what; of the first three once for the path, once below."""

_RULES = 8
_ASKED = (1, 2, 3)
"""For each of these rights there is the rule that allows it: at _RULES for the path, then below."""
_MAX_RULES = 0xFFFF
_STOPPING = _OPENED | Access.CREATE.value

_WILDCARD = re.compile(r"[*?]")


Spelled = Callable[[Origin], bytes]
"""The bytes of an origin, as who writes it down has them."""


def flat_table(
    floor: Floor,
    policy: Policy,
    apart: Iterable[str] = (),
    with_rules: bool = True,
    spelled: Spelled | None = None,
) -> bytes:
    """The table of a floor and of the policy that it is of.

    `apart` are paths that no rule decides on. Without rules it allows nothing beyond the floor.
    `spelled` gives the bytes of origins; without it, and where a person has answered, nothing tells
    which rule allows what.
    """
    trie = _Trie()
    for rule in floor.rules:
        trie.mark(rule.path, _FLOOR, rule.access.value)
    for rule in floor.rules:
        # Python merges the rules of a path: if one of them holds below, all do.
        if rule.directory:
            trie.mark_below(rule.path, _FLOOR, trie.marks[rule.path][_FLOOR])
    patterns = list(_refusing(policy))
    for glob, bits in patterns:
        trie.mark(glob.prefix if not policy.folding else "/", _PATTERNS, bits)
    if with_rules and not policy.folding:
        for path in apart:
            trie.mark(path, _STOPPED, _OPENED)
        for each in policy.rules:
            _mark_rule(trie, each)
        if spelled is not None and not policy.answers:
            _mark_origins(trie, policy.rules, spelled)
    known = [_pattern(glob, bits, bool(policy.folding)) for glob, bits in patterns]
    return trie.packed(known)


def _refusing(policy: Policy) -> Iterator[tuple[Glob, int]]:
    """The globs of refusals, and the rights of the floor's that they refuse."""
    for rule in policy.rules:
        if rule.effect is Effect.DENY and isinstance(rule.pattern, Glob):
            bits = rule.access.value & 0xFF
            yield rule.pattern, bits


def _mark_rule(trie: _Trie, rule: Rule) -> None:
    kind = _ALLOWED if rule.effect is Effect.ALLOW else _STOPPED
    bits = rule.access.value & (_OPENED if kind == _ALLOWED else _STOPPING)
    if not bits:
        return
    match rule.pattern:
        case File(path):
            trie.mark(path, kind, bits)
        case Subtree("/") if kind == _ALLOWED:
            trie.mark("/", kind, bits)  # not in the reserved trees, which the table does not know
        case Subtree(path):
            trie.mark(path, kind, bits)
            trie.mark_below(path, kind, bits)
        case Subtrees(spellings):
            for path in spellings:
                trie.mark(path, kind, bits)
                trie.mark_below(path, kind, bits)
        case Glob(prefix=path) if rule.effect is Effect.ASK:
            trie.mark(path, kind, bits)
            trie.mark_below(path, kind, bits)


def _mark_origins(trie: _Trie, rules: Iterable[Rule], spelled: Spelled) -> None:
    """Which of the rules on a path is the first to allow what is asked: `Index.standing`."""
    numbers: dict[Origin, int] = {}
    for rule in rules:
        if rule.effect is not Effect.ALLOW or not isinstance(rule.pattern, File | Subtree):
            continue
        if rule.origin not in numbers:
            if len(trie.origins) >= _MAX_RULES:
                continue
            trie.origins.append(spelled(rule.origin))
            numbers[rule.origin] = len(trie.origins)
        path = rule.pattern.path
        is_tree = isinstance(rule.pattern, Subtree) and path != "/"
        trie.mark_rule(path, rule.access.value, numbers[rule.origin], below=is_tree)


def _pattern(glob: Glob, bits: int, folds: bool) -> tuple[bytes, int, int]:
    """What every path that the glob matches has in it, how many names (0: any), and the rights."""
    if folds:
        return b"", 0, bits
    parts = [part for part in glob.text.removesuffix("/").split("/") if part not in ("", "**")]
    plain = _WILDCARD.split(parts[-1].partition("[")[0]) if parts else [""]
    text = _encoded(max(plain, key=len)) or b""
    names = 0 if ANY_DEPTH in glob.names.parts else len(glob.names.parts)
    return text, names, bits


class _Trie:
    """Marks by path. A path that the kernel cannot give is left out: nothing is asked about it."""

    def __init__(self) -> None:
        self.marks: dict[str, list[int]] = {"/": [0] * _MARKS}
        self.origins: list[bytes] = []

    def mark(self, path: str, kind: int, bits: int) -> None:
        """Of the path itself."""
        marks = self.marks.get(path)
        if marks is None:
            marks = self.marks[path] = [0] * _MARKS
        marks[kind] |= bits

    def mark_below(self, path: str, kind: int, bits: int) -> None:
        """Of all that is below the path, which has a mark of its own."""
        self.marks[path][kind + 1] |= bits

    def mark_rule(self, path: str, bits: int, number: int, below: bool) -> None:
        """The rule with this number allows it, where no earlier one does on the same path."""
        marks = self.marks.get(path)
        if marks is None:
            return
        for place, asked in enumerate(_ASKED, _RULES):
            if bits & asked:
                marks[place] = marks[place] or number
                if below:
                    marks[place + len(_ASKED)] = marks[place + len(_ASKED)] or number

    def packed(self, patterns: Collection[tuple[bytes, int, int]]) -> bytes:
        entries = self._entries()
        text = bytearray()
        offsets: dict[bytes, int] = {}

        def place(name: bytes) -> int:
            if name not in offsets:
                offsets[name] = len(text)
                text.extend(name)
            return offsets[name]

        waiting: list[tuple[bytes, str]] = [(b"", "/")]
        nodes = bytearray()
        for name, path in waiting:  # which grows: what lies in one directory lies together
            inside = sorted(entries.get(path, ()))
            first = len(waiting) if inside else 0
            waiting += inside
            marks = self.marks.get(path, _NONE)
            nodes += _NODE.pack(place(name), len(name), first, len(inside), *marks)
        packed = b"".join(_PATTERN.pack(place(w), len(w), n, bits) for w, n, bits in patterns)
        origins = b"".join(_ORIGIN.pack(place(each), len(each)) for each in self.origins)
        header = _HEADER.pack(_MAGIC, len(waiting), len(patterns), len(self.origins), len(text))
        return b"".join((header, nodes, packed, origins, text))

    def _entries(self) -> dict[str, list[tuple[bytes, str]]]:
        """By directory, the names in it and their paths."""
        entries: dict[str, list[tuple[bytes, str]]] = {}
        seen = {"/"}
        for marked in self.marks:
            if _encoded(marked) is None:
                continue
            for path in (marked, *ancestors(marked)):
                if path in seen:
                    break  # and so is all above it
                seen.add(path)
                name = _encoded(path[path.rfind("/") + 1 :])
                assert name is not None
                entries.setdefault(parent(path), []).append((name, path))
        return entries


_MARKS = _RULES + 2 * len(_ASKED)
_NONE = (0,) * _MARKS


def _encoded(text: str) -> bytes | None:
    """As the kernel has it; None for what no bytes of the kernel's are decoded to."""
    try:
        encoded = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None
    is_usual = text.isascii() or encoded.decode("utf-8", "surrogateescape") == text
    return encoded if is_usual else None
