"""Paths as macOS's kernel has them: a rule that names an alias never holds.

`/tmp`, `/var` and `/etc` are links there, in every installation, and what lies on the data volume
has a shorter name as well, by which alone it is known. On a Mac the kernel is asked besides how it
spells what is granted; elsewhere this is what can be known of a path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nono.broker import Effect, File, Glob, PathPattern, Policy, Rule, Subtree
from nono.broker.rules.paths import is_within
from nono.broker.rules.patterns import Subtrees

_ALIASES = ("/etc", "/tmp", "/var")
_BELOW_ALIASES = tuple(f"{alias}/" for alias in _ALIASES)
_PRIVATE = "/private"
_DATA = "/System/Volumes/Data"
_FIRMLINKS = (
    *("/Applications", "/Library", "/Users", "/Volumes", "/cores", "/opt", "/private"),
    "/usr/local",
)
"""What of the data volume is seen elsewhere: /usr/share/firmlinks."""


def path_on_disk(path: str) -> str:
    """The canonical path that an absolute one leads to there, as far as every Mac is the same."""
    if path.startswith(_DATA) and any(is_within(path, _DATA + link) for link in _FIRMLINKS):
        path = path[len(_DATA) :]
    return _PRIVATE + path if path in _ALIASES or path.startswith(_BELOW_ALIASES) else path


def policy_on_disk(policy: Policy, spell: Callable[[str], str] | None = None) -> Policy:
    """The same policy, with each rule at the path that the kernel compares.

    `spell` says how the kernel spells a path that may be there. Only what opens needs it: what is
    refused is refused in every spelling that leads there.
    """
    return replace(
        policy,
        rules=tuple(_rule(rule, spell) for rule in policy.rules),
        bypasses=tuple(map(spell or _as_it_is, map(path_on_disk, policy.bypasses))),
        folding=tuple(map(path_on_disk, policy.folding)),
    )


def _as_it_is(path: str) -> str:
    return path


def _rule(rule: Rule, spell: Callable[[str], str] | None) -> Rule:
    pattern = rule.pattern
    if not isinstance(pattern, File | Subtree | Glob | Subtrees):
        return rule
    moved = _moved(pattern)
    if spell is not None and rule.effect is Effect.ALLOW and isinstance(moved, File | Subtree):
        moved = replace(moved, path=spell(moved.path))
    return replace(rule, pattern=moved)


def _moved(pattern: PathPattern) -> PathPattern:
    match pattern:
        case File(path, spelled):
            return File(path_on_disk(path), spelled)
        case Subtree(path, spelled):
            return Subtree(path_on_disk(path), spelled)
        case Glob(text):
            return Glob(path_on_disk(text))
        case Subtrees(spellings, left_out):
            moved = {path_on_disk(path): spelled for path, spelled in spellings.items()}
            return Subtrees(moved, frozenset(map(path_on_disk, left_out)))
