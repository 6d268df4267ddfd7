"""Rules: a pattern, an access, an effect, and where the rule came from."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from nono.broker.rules.access import ALL_ACCESS, Access
from nono.broker.rules.host_patterns import AddressBlock
from nono.broker.rules.patterns import Anything, File, Glob, PathPattern, Pattern, Subtree

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
    "builtin",
]


class OriginKind(enum.StrEnum):
    """Who wrote a rule."""

    FLAG = "flag"
    GROUP = "group"
    PROFILE = "profile"
    BUILTIN = "builtin"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule came from.

    ``name`` is the flag, the group, the profile's key or the built-in rule's
    name; ``file`` is the profile's file when there is one. ``str()`` is for people.
    """

    kind: OriginKind
    name: str
    file: str | None = None

    def __str__(self) -> str:
        if self.kind is OriginKind.DEFAULT:
            return "the default"
        kind = "built-in rule" if self.kind is OriginKind.BUILTIN else self.kind.value
        place = f" in {self.file}" if self.file else ""
        return f"{kind} {self.name}{place}"


class Effect(enum.StrEnum):
    """What a rule does with a request it speaks of."""

    ALLOW = "allow"
    DENY = "deny"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the policy.

    ``protected`` marks a refusal that guards something valuable by default and
    that ``bypass_protection`` may lift; it means nothing on other rules.
    """

    pattern: Pattern
    access: Access
    effect: Effect
    origin: Origin
    protected: bool = False

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


def builtin(name: str, effect: Effect = Effect.ALLOW) -> Rule:
    """A rule of ours about anything, for what no rule of a person's can say."""
    return Rule(Anything(), ALL_ACCESS, effect, Origin(OriginKind.BUILTIN, name))


OWN_OBJECT = builtin("own object")
"""What the sandbox made during the run, it may use."""
