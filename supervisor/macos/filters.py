"""From the patterns of rules to Seatbelt's filters. Grants are exact, refusals never less."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from nono.broker import File, Glob, PathPattern, Subtree
from nono.broker.rules.folding import Folding, folded_name
from nono.broker.rules.paths import RESERVED_TREES, child, components, is_within, lineage
from nono.broker.rules.patterns import Subtrees
from nono.shims.macos import names
from nono.shims.macos.sbpl import (
    Every,
    Filter,
    Literal,
    Regex,
    Some,
    Subpath,
    some,
    tree,
    without,
)
from nono.supervisor.macos.together import Opened, Refused, spoken_of, together

_BELOW = "(/|$)"
_GUARDED = -1
"""The kind of what is refused to those who would move it."""
_ONE_WIDE = f"{names.ANY}{names.ANY}?{names.ANY}?{names.ANY}?"
"""At least one character: the kernel compares bytes, of which it may have four."""
_PLAIN_CLASS = re.compile(r"(?:[a-z](?:-[a-z])?|[A-Z](?:-[A-Z])?|[0-9](?:-[0-9])?|[._,+=@~#%])+")
_CLASS = re.compile(r"\[!?\]?[^]]*\]")
_RESERVED = some(tree(path) for path in sorted(RESERVED_TREES))


def granted(pattern: PathPattern) -> Filter:
    """What a grant on the pattern reaches. Raises ValueError where that cannot be said exactly."""
    match pattern:
        case File(path):
            return Literal(path)
        case Subtree("/"):
            return without(Some((Literal("/"), Subpath("/"))), [_RESERVED])
        case Subtree(path):
            return tree(path)
        case Glob(text):
            found = _glob(text, exact=True, below=False)
            inside = any(is_within(pattern.prefix, each) for each in RESERVED_TREES)
            return found if inside else without(found, [_RESERVED])
        case Subtrees():
            raise TypeError("many trees are only refused together")


class Reach:
    """Which wildcards have to do with what is granted: a refusal elsewhere refuses nothing."""

    def __init__(self, grants: Iterable[PathPattern]) -> None:
        self.opened = Opened(grants)
        self._trees = set(map(_fold, self.opened.trees))
        opened = (*self.opened.trees, *self.opened.files)
        self._above = {_fold(each) for path in opened for each in lineage(path)}

    def touches(self, pattern: Glob) -> bool:
        """True unless it is certain that the pattern matches nothing that is granted or above.

        Names are compared folded, wherever they are: too much is refused then, never too little.
        """
        if not self._trees.isdisjoint(lineage(_fold(pattern.prefix))):
            return True
        if not pattern.text.startswith("/"):
            return True
        names = pattern.text[len(pattern.prefix.rstrip("/")) + 1 :].split("/")
        if "**" in names or "[" in names[0]:
            return True
        start = _fold(child(pattern.prefix, re.split("[*?]", names[0])[0]))
        return any(path.startswith(start) for path in self._above)


def _fold(path: str) -> str:
    return "/".join(map(folded_name, path.split("/")))


EVERYWHERE = Reach([Subtree("/")])


class Refusals:
    """What several rules refuse, as far as it matters to a grant: `add` them, and take `filters`.

    Where names fold, it is refused in every spelling. What is added as one kind comes in the same
    filters whatever else is added, so that operations share them.
    """

    def __init__(self, folding: Folding, reach: Reach = EVERYWHERE) -> None:
        self._folding = folding
        self._reach = reach
        self._paths: dict[tuple[int, frozenset[str]], list[Refused]] = {}
        self._others: dict[Filter, None] = {}

    def add(self, pattern: PathPattern, left_out: Iterable[str] = (), kind: int = 0) -> None:
        """Also what a pattern covers, but for what is in trees that are left out of it."""
        out = frozenset(left_out)
        if isinstance(pattern, Glob):
            if self._reach.touches(pattern):
                whole = _glob(pattern.text, exact=not self._folding, below=True)
                self._others[without(whole, map(tree, sorted(out)))] = None
            return
        for refused, parted in spoken_of(pattern):
            self._paths.setdefault((kind, out | parted), []).append(refused)

    def guard(self, paths: Mapping[str, frozenset[str]]) -> None:
        """Also these, each but for what is in trees that are left out, where nothing that was
        added refuses them or what is above with all below."""
        whole = {
            each.path
            for (_, out), refused in self._paths.items()
            for each in refused
            if each.whole and not out
        }
        for path, out in paths.items():
            if whole.isdisjoint(lineage(path)):
                self._paths.setdefault((_GUARDED, out), []).append(Refused(path, False))

    def filters(self) -> list[Filter]:
        """One of them holds for what is refused."""
        found: dict[Filter, None] = {}
        for (_, out), refused in self._paths.items():
            left_out = [tree(path) for path in sorted(out)]
            for part in together(refused, self._folding, self._reach.opened):
                found[without(part, left_out)] = None
        return [*found, *self._others]


def directories_of(pattern: Glob, folding: Folding) -> Iterator[Regex]:
    """Directories below which something matches that would not if they were moved elsewhere.

    Those of its fixed part are not among them. A name that matches at any depth moves along.
    """
    rooted = pattern.text if pattern.text.startswith("/") else f"/**/{pattern.text}"
    parts = rooted.removesuffix("/")[1:].split("/")
    body, fixed = "", len(components(pattern.prefix))
    for number, part in enumerate(parts[:-1]):
        if part == "**":
            body += "(/[^/]+)*"
            if number:
                yield Regex(f"^{body}$")  # and whatever is deeper
                return
            continue
        body += "/" + _name(part, exact=not folding, wide=True)
        if number >= fixed:
            yield Regex(f"^{body}$")


def entry_of(directory: str) -> Filter:
    """Names directly in the directory: below it, and of one name more."""
    depth = len(components(directory)) + 1
    return Every((Subpath(directory), Regex(f"^{'/[^/]+' * depth}$")))


def _glob(text: str, *, exact: bool, below: bool) -> Regex:
    rooted = text if text.startswith("/") else f"/**/{text}"
    parts = rooted.removesuffix("/")[1:].split("/")
    wide = below  # a refusal may reach too much, a grant never
    body = "".join(
        "(/[^/]+)*" if part == "**" else "/" + _name(part, exact=exact, wide=wide) for part in parts
    )
    if set(parts) == {"**"}:
        body = f"(/|{body})"  # no name at all is the root
    return Regex(f"^{body}{_BELOW if below else '$'}")


def _name(part: str, *, exact: bool, wide: bool) -> str:
    spell = names.exactly if exact else names.folded
    if not wide and not names.is_writable(part):
        raise ValueError(f"no rule can name {part!r}")
    made, text, position = "", "", 0
    while position < len(part):
        character = part[position]
        bracket = _CLASS.match(part, position) if character == "[" else None
        if character not in "*?" and bracket is None:
            text += character
            position += 1
            continue
        made, text = made + (spell if exact else names.begun)(text), ""
        if character == "*":
            made += names.ANY + "*"
        elif bracket is None:
            made += _ONE_WIDE if wide else names.ANY
        else:
            made += _bracket(bracket[0], exact=exact, wide=wide)
        position = bracket.end() if bracket else position + 1
    return made + spell(text) + ("" if exact else names.ENDING)


def _bracket(text: str, *, exact: bool, wide: bool) -> str:
    """One character of a class. What cannot be written so is any, in a refusal."""
    inner = text[1:-1]
    negated = inner.startswith("!")
    inner = inner.removeprefix("!")
    if not _PLAIN_CLASS.fullmatch(inner) or (negated and wide):
        if wide:
            return _ONE_WIDE
        raise ValueError(f"the class {text} cannot be written for macOS")
    if not exact:
        inner += inner.swapcase()
    return f"[^{inner}/]" if negated else f"[{inner}]"
