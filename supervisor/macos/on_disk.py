"""Paths as macOS's kernel has them: a rule that names an alias never holds.

`/tmp`, `/var` and `/etc` are links there, in every installation. On a Mac paths are canonical by
then; elsewhere this is what can be known of one.
"""

from __future__ import annotations

from dataclasses import replace

from nono.broker import File, Glob, PathPattern, Policy, Rule, Subtree
from nono.broker.rules.patterns import Subtrees

_ALIASES = ("/etc", "/tmp", "/var")
_PRIVATE = "/private"


def path_on_disk(path: str) -> str:
    """The canonical path that an absolute one leads to there, as far as every Mac is the same."""
    for alias in _ALIASES:
        if path == alias or path.startswith(f"{alias}/"):
            return _PRIVATE + path
    return path


def policy_on_disk(policy: Policy) -> Policy:
    """The same policy, with each rule at the path that the kernel compares."""
    return replace(
        policy,
        rules=tuple(map(_rule, policy.rules)),
        bypasses=tuple(map(path_on_disk, policy.bypasses)),
        folding=tuple(map(path_on_disk, policy.folding)),
    )


def _rule(rule: Rule) -> Rule:
    pattern = rule.pattern
    if not isinstance(pattern, File | Subtree | Glob | Subtrees):
        return rule
    return replace(rule, pattern=_moved(pattern))


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
