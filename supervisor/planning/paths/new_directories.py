"""Directories that are opened for writing and are not there: they are made at the start.

Who never ran a program has none of its directories yet. The program could not make them itself: of
the directory above, nothing is open to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker import Access, Allow, Effect, Open, OriginKind, Policy, Rule, Subtree, is_within
from nono.broker.requests import NOBODY
from nono.supervisor import looks


def new_directories(rules: Iterable[Rule], home: str, policy: Policy) -> tuple[str, ...]:
    """Canonical paths below the home, of directories that are to be made for their owner alone.

    What the profile opens for reading is one of them where it lies in what it opens for writing:
    the program counts on it, and may not fill it. What the policy refuses as a whole is none.
    """
    opened = [
        (rule.pattern.path, Access.WRITE in rule.access)
        for rule in rules
        if rule.origin.kind is OriginKind.PROFILE
        and rule.effect is Effect.ALLOW
        and isinstance(rule.pattern, Subtree)
    ]
    written = [path for path, is_written in opened if is_written]
    return tuple(
        path
        for path in dict.fromkeys(path for path, _ in opened)
        if any(is_within(path, each) for each in written)
        and path != home
        and is_within(path, home)
        and not looks.lexists(path)
        and _is_open(path, policy)
    )


def named_directories(named: Iterable[str], policy: Policy) -> tuple[str, ...]:
    """Those of the directories that flags name and that are not there which the policy opens: to
    make one that stays refused helps nobody."""
    return tuple(path for path in dict.fromkeys(named) if _is_open(path, policy))


def _is_open(path: str, policy: Policy) -> bool:
    return isinstance(policy.decide(Open(NOBODY, path, Access.READ)), Allow)
