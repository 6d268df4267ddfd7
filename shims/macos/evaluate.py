"""What a profile of ours answers, said without macOS.

Our profiles only allow, so an operation is allowed when some rule that names it holds: no reading
of the language's precedence says otherwise. Paths and expressions are compared as bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nono.shims.macos import names
from nono.shims.macos.sbpl import (
    Address,
    Every,
    Filter,
    Literal,
    Named,
    Not,
    Profile,
    Regex,
    Some,
    Spelled,
    Subpath,
    Target,
    UnixSocket,
    VnodeType,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation on a path, or on a name or an end of a connection.

    `kind` is the object's, as `VnodeType` has them. `host` and `port` are the address that the
    connection's `side` has, where it is none of a unix socket's.
    """

    operation: str
    path: str = ""
    kind: str = "REGULAR-FILE"
    is_unix_socket: bool = False
    side: str = "remote"
    host: str = ""
    port: int = 0
    name: str = ""


_Test = Callable[[Asked], bool]


class Evaluator:
    """Answers for one profile. Not for more threads than one at a time."""

    def __init__(self, profile: Profile) -> None:
        self._tests: dict[str, list[_Test]] = {}
        for rule in profile.rules:
            test = _always if rule.filter is None else _test(rule.filter)
            for operation in rule.operations:
                self._tests.setdefault(operation, []).append(test)

    def allows(self, asked: Asked) -> bool:
        """True when the profile allows it."""
        return any(test(asked) for test in self._tests.get(asked.operation, ()))


def _always(asked: Asked) -> bool:
    return True


def _test(part: Filter) -> _Test:
    match part:
        case Literal(path):
            return lambda asked: asked.path == path
        case Subpath(path):
            return lambda asked: path in _lineage(asked.path)
        case Regex(text):
            search = re.compile(os.fsencode(text), re.DOTALL).search
            return lambda asked: search(os.fsencode(asked.path)) is not None
        case VnodeType(name):
            return lambda asked: asked.kind == name
        case Named(_, value) | Target(value):
            return lambda asked: asked.name == value
        case Address():
            return _address(part)
        case UnixSocket(paths, side):
            inner = _test(paths)
            return lambda asked: asked.is_unix_socket and asked.side == side and inner(asked)
        case Every(parts):
            every = [_test(each) for each in parts]
            return lambda asked: all(test(asked) for test in every)
        case Some(parts):
            return _some(parts)
        case Not(inner_part):
            negated = _test(inner_part)
            return lambda asked: not negated(asked)


def _some(parts: Sequence[Filter]) -> _Test:
    """One of these holds; of many paths none is looked at by itself."""
    literals = {each.path for each in parts if isinstance(each, Literal)}
    trees = {each.path for each in parts if isinstance(each, Subpath)}
    spelled = _every_spelling([e.spelled for e in parts if isinstance(e, Regex) and e.spelled])
    known = (Literal, Subpath) if spelled is None else (Literal, Subpath, Regex)
    rest = [
        _test(each)
        for each in parts
        if not isinstance(each, known) or (isinstance(each, Regex) and each.spelled is None)
    ]
    if spelled is not None:
        rest.insert(0, spelled)

    def test(asked: Asked) -> bool:
        if asked.path in literals or not trees.isdisjoint(_lineage(asked.path)):
            return True
        return any(each(asked) for each in rest)

    return test


def _every_spelling(given: Iterable[Spelled]) -> _Test | None:
    """One of many expressions for paths in every spelling: none is searched for by itself."""
    by_top: dict[str, tuple[set[tuple[str, ...]], set[tuple[str, ...]]]] = {}
    for top, files, trees in given:
        known = by_top.setdefault(top, (set(), set()))
        known[0].update(files)
        known[1].update(trees)
    if not by_top:
        return None

    def test(asked: Asked) -> bool:
        for top, (files, trees) in by_top.items():
            start = top.rstrip("/") + "/"
            if not asked.path.startswith(start) or asked.path == start:
                continue
            below = tuple(_fold(name) for name in asked.path[len(start) :].split("/"))
            if below in files or any(below[:end] in trees for end in range(1, len(below) + 1)):
                return True
        return False

    return test


_fold = lru_cache(4096)(names.fold)


@lru_cache(16)
def _lineage(path: str) -> frozenset[str]:
    """The path and every directory above it: asked for by filter after filter."""
    if not path.startswith("/"):
        return frozenset()
    ends = [at for at, character in enumerate(path) if character == "/" and at]
    return frozenset((path, "/", *(path[:end] for end in ends)))


def _address(part: Address) -> _Test:
    def test(asked: Asked) -> bool:
        if asked.is_unix_socket or asked.side != part.side:
            return False
        return part.host in ("*", asked.host) and part.port in ("*", asked.port)

    return test
