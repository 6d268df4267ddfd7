"""Patterns: which objects a rule speaks of.

Each path pattern answers two questions. `matches` is what a grant reaches;
`covers` is what a refusal reaches, and is never less.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from nono.broker.compiled import pattern_of
from nono.broker.dataclass import dataclass, field
from nono.broker.errors import PolicyError
from nono.broker.rules.automaton import ANY_DEPTH, Automaton, Between, Expression
from nono.broker.rules.host_patterns import NetworkPattern, spell
from nono.broker.rules.paths import (
    ancestors,
    are_canonical,
    child,
    components,
    is_canonical,
    is_within,
    lineage,
    reserved_tree,
)

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.rules.automaton import Part


_WILDCARDS = pattern_of(r"[*?\[]")
_FOREIGN = frozenset("{[\\")
"""The characters that such wildcards begin with."""
_MAX_COMPONENTS = 64


def has_wildcards(text: str) -> bool:
    """Whether a pattern, or a name in one, may stand for more than what it says."""
    return _WILDCARDS.search(text) is not None


def plain(path: str) -> str:
    """The pattern that only this path matches."""
    return _WILDCARDS.sub(r"[\g<0>]", path)


def check_wildcards(text: str) -> None:
    """Raises PolicyError for a pattern with what is no wildcard here, and is one elsewhere."""
    if not _FOREIGN.isdisjoint(text):
        # What only such text needs is loaded only for it.
        from nono.broker.rules.foreign_wildcards import check_spelled

        check_spelled(text)


def _check_path(path: str) -> None:
    if not is_canonical(path):
        raise PolicyError(
            f"{path!r} is not an absolute path in its plain form",
            "write it from the root, without '.', '..', '//' or a trailing '/'",
        )


@dataclass(frozen=True, slots=True)
class File:
    """Exactly this path; for a directory its own listing, not what is below.

    `spelled` is what the person wrote, for display. Raises PolicyError when
    `path` is not canonical.
    """

    path: str
    spelled: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_path(self.path)
        spell(self, self.path)

    def matches(self, path: str) -> bool:
        return path == self.path

    def covers(self, path: str) -> bool:
        return path == self.path


@dataclass(frozen=True, slots=True)
class Subtree:
    """This path and everything below it.

    A grant on `/` leaves out the reserved trees (`paths.RESERVED_TREES`); a
    refusal does not. Raises PolicyError when `path` is not canonical.
    """

    path: str
    spelled: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_path(self.path)
        spell(self, self.path)

    def matches(self, path: str) -> bool:
        if self.path == "/":
            return reserved_tree(path) is None
        return path == self.path or path.startswith(self.path + "/")

    def covers(self, path: str) -> bool:
        return is_within(path, self.path)


@dataclass(frozen=True, slots=True)
class Subtrees:
    """Many trees at once, for a refusal: what a group protects is one rule, not hundreds.

    `spellings` has what each path was written as, by the path. `left_out` are
    paths in some of them that the refusal does not reach, with what is below as
    far as it is no tree of its own. Raises PolicyError when a path is not canonical.
    """

    spellings: Mapping[str, str] = field(hash=False)
    left_out: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for paths in (self.spellings, self.left_out):
            if not are_canonical(paths):
                for path in paths:
                    _check_path(path)

    @property
    def spelled(self) -> str:
        return f"{len(self.spellings)} paths"

    def tree(self, path: str) -> Subtree | None:
        """The smallest of the trees that `path` is in, unless it is left out of that one."""
        for each in lineage(path):
            spelled = self.spellings.get(each)
            if spelled is not None:
                return Subtree(each, spelled)
            if each in self.left_out:
                return None
        return None

    def parted(self) -> dict[str, frozenset[str]]:
        """The trees that something is left out of, each with all that is."""
        found: dict[str, set[str]] = {}
        for path in self.left_out - self.spellings.keys():
            for above in ancestors(path):
                if above in self.spellings:
                    found.setdefault(above, set()).add(path)
        return {tree: frozenset(paths) for tree, paths in found.items()}

    def trees(self) -> list[Subtree]:
        """All of them."""
        return [Subtree(path, spelled) for path, spelled in self.spellings.items()]

    def matches(self, path: str) -> bool:
        return self.covers(path)

    def covers(self, path: str) -> bool:
        return self.tree(path) is not None


@dataclass(frozen=True, slots=True)
class Glob:
    """Paths by wildcards, matched name by name.

    `**` as a whole name stands for any number of names, none included; `*`,
    `?` and `[...]` stay within one name (fnmatch(3) without special
    treatment of a leading dot). Text that does not start with `/` matches
    anywhere. A refusal also covers everything below a match.

    Raises PolicyError for text that can match no canonical path.
    """

    text: str
    prefix: str = field(init=False, compare=False, repr=False)
    """The longest directory path, free of wildcards, that every match lies in."""
    names: Automaton = field(init=False, compare=False, repr=False)
    """What consumes a path name by name."""

    def __post_init__(self) -> None:
        prefix, names = _taken_apart(self.text)
        object.__setattr__(self, "prefix", prefix)
        object.__setattr__(self, "names", names)

    @property
    def spelled(self) -> str:
        return self.text

    def rest(self, directory: str, state: int) -> str:
        """What is left of the pattern after its first `state` names, beginning in a directory."""
        names = _rooted(self.text).split("/")[state:]
        return child(plain(directory), "/".join(names))

    @property
    def is_of_any_depth(self) -> bool:
        """True when what it matches may lie any number of directories below another match."""
        return ANY_DEPTH in self.names.parts

    def may_match_in(self, tree: str) -> bool:
        """False when no match can lie at or below `tree`, judged by the fixed prefix."""
        return is_within(self.prefix, tree) or is_within(tree, self.prefix)

    def matches(self, path: str) -> bool:
        if not is_within(path, self.prefix):
            return False
        tree = reserved_tree(path)
        if tree is not None and not is_within(self.prefix, tree):
            return False
        names = self.names
        states = names.start()
        for name in components(path):
            states = names.step(states, name)
            if not states:
                return False
        return names.accepts(states)

    def covers(self, path: str) -> bool:
        if not is_within(path, self.prefix):
            return False
        names = self.names
        states = names.start()
        if names.accepts(states):
            return True
        for name in components(path):
            states = names.step(states, name)
            if names.accepts(states):
                return True
            if not states:
                return False
        return False


@lru_cache(4096)
def _taken_apart(text: str) -> tuple[str, Automaton]:
    """The prefix and the names of a glob. The same ones are made in each run of a sandbox."""
    names = _rooted(text).split("/")
    if not text or {"", ".", ".."} & set(names) or "\0" in text:
        raise PolicyError(
            f"{text!r} is not a usable pattern of paths",
            "write names separated by single slashes, such as '**/.env' or '/srv/*/key.pem'",
        )
    if len(names) > _MAX_COMPONENTS:
        raise PolicyError(
            f"the pattern {text[:60]!r}... has more than {_MAX_COMPONENTS} names",
            "use '**' for directories of any depth",
        )
    fixed: list[str] = []
    for name in names[:-1]:
        if has_wildcards(name):
            break
        fixed.append(name)
    return "/" + "/".join(fixed), Automaton(tuple(_compile(name) for name in names))


def _rooted(text: str) -> str:
    """The names of a pattern, from the root."""
    return (text if text.startswith("/") else f"/**/{text}").removesuffix("/")[1:]


def _compile(name: str) -> Part:
    if name == "**":
        return ANY_DEPTH
    if not has_wildcards(name):
        return name
    if not set("?[") & set(name):
        return Between.of(name)
    import fnmatch  # seldom needed

    return Expression(fnmatch.translate(name))


@dataclass(frozen=True, slots=True)
class Anything:
    """Every object: the pattern of the default, and of rules that no path can name."""

    spelled: str = "everything"


PathPattern = File | Subtree | Subtrees | Glob
Pattern = PathPattern | NetworkPattern | Anything
