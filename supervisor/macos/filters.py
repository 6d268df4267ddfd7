"""From the patterns of rules to Seatbelt's filters. Grants are exact, refusals never less."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

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
    Spelled,
    Subpath,
    some,
    tree,
    without,
)

_BELOW = "(/.*)?"
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
    """Which paths have to do with what is granted: a refusal elsewhere refuses nothing."""

    def __init__(self, grants: Iterable[PathPattern]) -> None:
        self._trees: set[str] = set()
        self._above: set[str] = set()
        self._everywhere = False
        for pattern in grants:
            if isinstance(pattern, File | Subtree):
                self._above.update(map(_fold, lineage(pattern.path)))
            if isinstance(pattern, Subtree):
                self._trees.add(_fold(pattern.path))
            elif not isinstance(pattern, File):
                self._everywhere = True

    def touches(self, path: str) -> bool:
        """True when something that is granted is at the path, below it or above it.

        Names are compared folded, wherever they are: too much is refused then, never too little.
        """
        path = _fold(path)
        if self._everywhere or path in self._above:
            return True
        return not self._trees.isdisjoint(lineage(path))

    def touches_any(self, pattern: Glob) -> bool:
        """True unless it is certain that the pattern matches nothing that is granted or above."""
        if self._everywhere or not self._trees.isdisjoint(lineage(_fold(pattern.prefix))):
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


def covered(pattern: PathPattern, folding: Folding, reach: Reach = EVERYWHERE) -> Iterator[Filter]:
    """What a refusal by the pattern reaches, as far as it matters to a grant.

    Where names fold, in every spelling.
    """
    if isinstance(pattern, File | Subtree) and not reach.touches(pattern.path):
        return
    match pattern:
        case File(path):
            yield Literal(path)
            if folding.tree(path) is not None:
                yield _spelled(path, folding, whole=False)
        case Subtree(path):
            yield tree(path)
            if folding.tree(path) is not None:
                yield _spelled(path, folding, whole=True)
        case Subtrees():
            parted = pattern.parted()
            for each in pattern.trees():
                left_out = map(tree, sorted(parted.get(each.path, ())))
                parts = list(covered(each, folding, reach))
                if parts:
                    yield without(some(parts), left_out)
        case Glob(text):
            if reach.touches_any(pattern):
                yield _glob(text, exact=not folding, below=True)


def entry_of(directory: str) -> Filter:
    """Names directly in the directory: below it, and of one name more."""
    depth = len(components(directory)) + 1
    return Every((Subpath(directory), Regex(f"^{'/[^/]+' * depth}$")))


def _spelled(path: str, folding: Folding, *, whole: bool) -> Regex:
    """A path whose names below a tree that folds are written in every form."""
    top = folding.tree(path) or "/"
    rest = components(path[len(top) :] if top != "/" else path)
    head = "" if top == "/" else names.exactly(top)
    body = "".join("/" + _folded(name) for name in rest)
    spelled = Spelled(top, tuple(map(names.fold, rest)), whole)
    exact = '"' not in path and ")+" not in body  # else the expression says more
    return Regex(f"^{head}{body}{_BELOW if whole else ''}$", spelled if exact else None)


_folded = cache(names.folded)


def _glob(text: str, *, exact: bool, below: bool) -> Regex:
    rooted = text if text.startswith("/") else f"/**/{text}"
    parts = rooted.removesuffix("/")[1:].split("/")
    wide = below  # a refusal may reach too much, a grant never
    body = "".join(
        "(/[^/]+)*" if part == "**" else "/" + _name(part, exact=exact, wide=wide) for part in parts
    )
    if set(parts) == {"**"}:
        body = f"(/|{body})"  # no name at all is the root
    return Regex(f"^{body}{_BELOW if below else ''}$")


def _name(part: str, *, exact: bool, wide: bool) -> str:
    spell = names.exactly if exact else names.folded
    made, text, position = "", "", 0
    while position < len(part):
        character = part[position]
        bracket = _CLASS.match(part, position) if character == "[" else None
        if character not in "*?" and bracket is None:
            text += character
            position += 1
            continue
        made, text = made + spell(text), ""
        if character == "*":
            made += names.ANY + "*"
        elif bracket is None:
            made += _ONE_WIDE if wide else names.ANY
        else:
            made += _bracket(bracket[0], exact=exact, wide=wide)
        position = bracket.end() if bracket else position + 1
    return made + spell(text)


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
