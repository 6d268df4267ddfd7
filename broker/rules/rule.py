"""Rules: a pattern, an access, an effect, and where the rule came from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from nono.broker.dataclass import dataclass, replace
from nono.broker.enumeration import StrEnum
from nono.broker.rules.access import ALL_ACCESS, CHANGING, Access
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.host_patterns import AddressBlock
from nono.broker.rules.paths import is_within
from nono.broker.rules.patterns import (
    Anything,
    File,
    Glob,
    PathPattern,
    Pattern,
    Subtree,
    Subtrees,
)

__all__ = [
    "OWN_OBJECT",
    "AddressBlock",
    "Anything",
    "Effect",
    "File",
    "Glob",
    "Origin",
    "OriginKind",
    "PathPattern",
    "Pattern",
    "Rule",
    "Subtree",
    "Subtrees",
    "builtin",
]


class OriginKind(StrEnum):
    """Who wrote a rule."""

    FLAG = "flag"
    GROUP = "group"
    PROFILE = "profile"
    BUILTIN = "builtin"
    DEFAULT = "default"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule came from.

    `name` is the flag, the group, the profile's key or the built-in rule's
    name, or the number and time of an answer; `file` is the profile's file when there is one.
    `str()` is for people.
    """

    kind: OriginKind
    name: str
    file: str | None = None

    @property
    def is_of_person(self) -> bool:
        """True for what somebody wrote, on the command line or in a profile."""
        return self.kind in (OriginKind.FLAG, OriginKind.PROFILE)

    def __str__(self) -> str:
        if self.kind is OriginKind.DEFAULT:
            return "the default"
        kind = "built-in rule" if self.kind is OriginKind.BUILTIN else self.kind.value
        place = f" in {self.file}" if self.file else ""
        return f"{kind} {self.name}{place}"


class Effect(StrEnum):
    """What a rule does with a request it speaks of."""

    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"


_LOOKING = (ALL_ACCESS & ~CHANGING).value


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the policy.

    `protected` marks a refusal that guards something valuable by default and
    that `bypass_protection` may lift; it means nothing on other rules.
    """

    pattern: Pattern
    access: Access
    effect: Effect
    origin: Origin
    protected: bool = False

    @property
    def only_of_changes(self) -> bool:
        """True when the rule speaks of writing and creating, and of nothing else."""
        return not self.access._value_ & _LOOKING  # numbers: this is asked of every rule

    @property
    def top(self) -> str:
        """What all that it speaks of is at or below."""
        return getattr(self.pattern, "path", getattr(self.pattern, "prefix", "/"))

    def reaches(self, path: str) -> bool:
        """True when the rule speaks of this canonical path.

        A grant reaches what its pattern matches; a refusal or a question reaches
        what its pattern covers, which is never less.
        """
        if not isinstance(self.pattern, PathPattern):
            return isinstance(self.pattern, Anything)
        if self.effect is Effect.ALLOW:
            return self.pattern.matches(path)
        return self.pattern.covers(path)

    @property
    def named(self) -> Mapping[str, str]:
        """The paths that it names, each as it is written; none for wildcards."""
        match self.pattern:
            case File(path, spelled) | Subtree(path, spelled):
                return {path: spelled}
            case Subtrees(spellings):
                return spellings
        return {}

    def at(self, path: str) -> Rule:
        """The rule as it speaks of `path`: of many trees, the one that holds it."""
        if not isinstance(self.pattern, Subtrees):
            return self
        tree = self.pattern.tree(path)
        return self if tree is None else replace(self, pattern=tree)


def singly(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The rules, a rule on many trees as one for each of them."""
    for rule in rules:
        if isinstance(rule.pattern, Subtrees):
            for tree in rule.pattern.trees():
                yield replace(rule, pattern=tree)
        else:
            yield rule


def builtin(name: str, effect: Effect = Effect.ALLOW) -> Rule:
    """A rule of ours about anything, for what no rule of a person's can say."""
    return Rule(Anything(), ALL_ACCESS, effect, Origin(OriginKind.BUILTIN, name))


OWN_CODE = Origin(OriginKind.BUILTIN, "nono's own code")
"""Of the refusals to change what nono loads."""
OWN_OBJECT = builtin("own object")
"""What the sandbox made during the run, it may use."""


NETWORK_PROXY = Origin(OriginKind.BUILTIN, "nono's proxy")
"""Of the rule that opens the port of nono's proxy to the program."""
PAST_PROXY = builtin("hosts are reached by nono's proxy alone", Effect.DENY)
"""Of a connection that a program tried to make by itself."""
NO_DATAGRAMS = builtin("no network of the sandbox's own", Effect.DENY)
"""Of a datagram socket where the machine lets this account make no network for it."""
OWN_CACHES = Origin(OriginKind.BUILTIN, "caches of the sandbox's own")
"""Of the rule that opens them: they lie in what is refused otherwise, and a bypass lifts that."""


def is_lifted(rule: Rule, path: str, bypasses: Collection[str]) -> bool:
    """True when a bypass takes the protection of `rule` away from `path`."""
    if not bypasses or not rule.protected or rule.effect is not Effect.DENY:
        return False
    return any(is_within(path, bypass) for bypass in bypasses)


def guarded_paths(
    rule: Rule, bypasses: Collection[str], folding: Folding = EXACT
) -> Collection[str]:
    """The paths that a refusal or question hangs on: none where there is nothing to guard.

    Whoever renames such a path or a directory above it would move what the rule
    speaks of out of the rule's sight. A bypass lifts one spelling: in a tree that
    folds, the rule still guards the others.
    """
    if rule.effect is Effect.ALLOW:
        return ()
    paths: Collection[str]
    match rule.pattern:
        case Subtrees(spellings):
            paths = spellings.keys()
        case Subtree(path) | File(path):
            paths = (path,)
        case Glob() as pattern:
            paths = (pattern.prefix,)
        case _:
            return ()
    if not bypasses:
        return paths
    return [
        path
        for path in paths
        if not is_lifted(rule, path, bypasses) or folding.tree(path) is not None
    ]
