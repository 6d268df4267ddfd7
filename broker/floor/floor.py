"""The floor: what the kernel allows by itself, without asking anybody.

Computed once from the policy (see carve.py), handed to the kernel as rules, and
looked up for every open: whether the kernel covers a call decides whether it may
simply continue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import Access
from nono.broker.rules.paths import ancestors, child, is_within, lineage
from nono.broker.rules.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Literal, Protocol

    Kind = Literal["directory", "file", "symlink", "other"]
else:
    Kind, Protocol = str, object


_MAX_REMEMBERED = 4096


class Tree(Protocol):
    """A read-only view of the file system. No method raises."""

    def kind(self, path: str) -> Kind | None:
        """What is at `path` itself, symlinks not followed (lstat(2)); None when absent."""

    def entries(self, path: str) -> list[str]:
        """The names in a directory, none when it cannot be read."""

    def scan(self, path: str, most: int | None = None) -> list[tuple[str, bool]] | None:
        """The same names, each with whether it is a directory itself; `most` of them are enough.

        None where something may be in there that cannot be listed.
        """
        names = self.entries(path)[:most]
        return [(name, self.kind(child(path, name)) == "directory") for name in names]

    def may_run(self, path: str) -> bool:
        """False for what nobody may execute."""
        return True

    def led(self, path: str) -> str | None:
        """The canonical path of the directory that a symlink leads to; None for what is none."""
        return None

    def files(self, path: str, names: Collection[str] | None) -> list[str] | None:
        """Which of these names, or with None of all, are in a directory that holds no directory.

        None where it is not known to hold none, as of any.
        """
        return None


class FloorRule(NamedTuple):
    """One rule for the kernel: `access` (READ, WRITE, EXECUTE) at `path`.

    With `directory` it holds for everything below as well, now and later.
    """

    path: str
    access: Access
    directory: bool


class Floor:
    """The rules for the kernel, and what they add up to at a path.

    `carved` are the directories that a grant reaches and that got no rule
    because something below them is refused, `unwritten` those that got none to
    write by because only changes to something below are. `matched` are the paths at which a
    refusal (or question) by wildcards found something, as rules of their own:
    added to the policy, they keep the directories above those paths in place.
    """

    __slots__ = ("_below", "_own", "carved", "matched", "rules", "unwritten")

    def __init__(
        self,
        rules: Iterable[FloorRule] = (),
        carved: frozenset[str] = frozenset(),
        matched: tuple[Rule, ...] = (),
        unwritten: frozenset[str] = frozenset(),
    ) -> None:
        self.rules = tuple(rules)
        self.carved = carved
        self.matched = matched
        self.unwritten = unwritten
        self._own: dict[str, tuple[int, bool]] = {}
        for rule in self.rules:
            bits, directory = self._own.get(rule.path, (0, False))
            self._own[rule.path] = (bits | rule.access.value, directory or rule.directory)
        self._below: dict[str, int] = {}

    def __repr__(self) -> str:
        parts = ("rules", "carved", "matched", "unwritten")
        return f"Floor({', '.join(f'{part}={getattr(self, part)!r}' for part in parts)})"

    def covers(self, path: str, access: Access) -> bool:
        """True when the kernel allows all of `access` at `path`, a canonical one.

        Never true for `Access(0)`: a call that asks for nothing is for the
        broker. To create, delete or rename `path`, ask about its parent.
        """
        need = access._value_
        return bool(need) and not need & ~self._bits(path)

    def rules_itself(self, path: str, access: Access) -> bool:
        """Of what it covers: True where that takes a rule on what is at `path` and no directory."""
        bits, is_tree = self._own.get(path, _NO_RULE)
        around = self._around(path.rpartition("/")[0])
        return not is_tree and bool(bits & access._value_ & ~around)

    def without(self, path: str) -> Floor:
        """This floor less the rules at and below `path`.

        The kernel ties a rule to the object that was there when the rule was
        made. When the broker renames, replaces or deletes such an object, the
        name no longer means it, and calls on the name go through the broker.
        """
        kept = (rule for rule in self.rules if not is_within(rule.path, path))
        return Floor(kept, self.carved, self.matched, self.unwritten)

    def _bits(self, path: str) -> int:
        slash = path.rfind("/")
        if slash < 0 or path[slash + 1 :] in _NOT_NAMES:
            return self._own.get("/", _NO_RULE)[0] if path == "/" else 0
        own = self._own.get(path)
        around = self._around(path[:slash])
        return around if own is None else around | own[0]

    def _around(self, directory: str) -> int:
        """The rights of what is in a directory and has no rule of its own."""
        below = self._below.get(directory)
        return self._remember(directory) if below is None else below

    def _remember(self, directory: str) -> int:
        if len(self._below) > _MAX_REMEMBERED:
            self._below.clear()
        bits = _inherited(self._own, directory)
        self._below[directory] = bits
        return bits


_NOT_NAMES = frozenset({"", ".", ".."})
_NO_RULE = (0, False)


def _inherited(own: Mapping[str, tuple[int, bool]], directory: str) -> int:
    """The rights that directory rules give below `directory`, written '' for the root."""
    if directory and (directory[0] != "/" or _NOT_NAMES & set(directory[1:].split("/"))):
        return 0
    bits = 0
    for path in lineage(directory or "/"):
        here, holds_below = own.get(path, _NO_RULE)
        if holds_below:
            bits |= here
    return bits


def prune(rules: Iterable[FloorRule]) -> tuple[FloorRule, ...]:
    """Leave out the rules that add nothing to the directory rules above them."""
    kept: dict[str, tuple[int, bool]] = {}
    result = []
    for rule in sorted(rules, key=lambda rule: rule.path):
        above = 0
        for path in ancestors(rule.path):
            bits, directory = kept.get(path, _NO_RULE)
            above |= bits if directory else 0
        if rule.access.value & ~above:
            kept[rule.path] = (rule.access.value, rule.directory)
            result.append(rule)
    return tuple(result)
