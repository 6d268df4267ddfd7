"""Refusals that come with what is opened during a run, and what is open already.

What the kernel's rules open was fixed at the start: a refusal there would be none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nono.broker import (
    FLOOR_ACCESS,
    Access,
    File,
    Floor,
    Glob,
    PolicyError,
    Rule,
    Subtree,
    Subtrees,
    is_within,
)
from nono.broker.dataclass import replace

Refused = frozenset[tuple[str, Access]]


def refused_by(rules: Iterable[Rule]) -> Refused:
    """The paths that rules name, each with what is refused there."""
    return frozenset((path, rule.access) for rule in rules for path in rule.named)


def enforced(rules: Iterable[Rule], roots: set[str], floor: Floor) -> Iterator[Rule]:
    """What of the refusals is about what is opened now, and not open already.

    Raises PolicyError where something inside of what is to be refused is open already.
    """
    for rule in rules:
        match rule.pattern:
            case Subtrees(spellings, left_out):
                kept = {
                    path: spelled
                    for path, spelled in spellings.items()
                    if _is_enforced(rule, path, roots, floor)
                }
                if kept:
                    yield replace(rule, pattern=Subtrees(kept, left_out))
            case File(path) | Subtree(path):
                if _is_enforced(rule, path, roots, floor):
                    yield rule
            case Glob():
                yield rule


def _is_enforced(rule: Rule, path: str, roots: set[str], floor: Floor) -> bool:
    if not _is_near(path, roots) or _is_open(rule, path, floor):
        return False
    inside = _open_inside(rule, path, floor)
    if inside is not None:
        raise PolicyError(f"{inside} is open already, inside of what is protected", "open less")
    return True


def enforced_names(
    rules: Iterable[Rule], floor: Floor, without: Callable[[], Refused]
) -> Iterator[Rule]:
    """What was found to be refused by its name or under further ones, also in what was opened
    before.

    `without` tells what is refused if nothing is opened now: that such a file is open, as one that
    has got a refused name since the start, is no reason to open nothing more.
    Raises PolicyError where any other one is open already, or something inside of it.
    """
    known: Refused | None = None
    for rule in rules:
        is_closed = True
        for path in rule.named:
            inside = _open_inside(rule, path, floor)
            if inside is None and not _is_open(rule, path, floor):
                continue
            is_closed = False
            known = without() if known is None else known
            if (path, rule.access) not in known:
                where = path if inside is None else inside
                spelled = rule.pattern.spelled
                raise PolicyError(
                    f"{where} is open already, and {spelled} by another name", "open less"
                )
        if is_closed:
            yield rule


def _is_near(path: str, roots: set[str]) -> bool:
    """Whether it is in one of them, or one of them in it."""
    return any(is_within(path, root) or is_within(root, path) for root in roots)


def _is_open(rule: Rule, path: str, floor: Floor) -> bool:
    """Whether the kernel's rules open already what the rule would refuse at this path."""
    return any(floor.covers(path, one) for one in rule.access & FLOOR_ACCESS)


def _open_inside(rule: Rule, path: str, floor: Floor) -> str | None:
    """What the kernel's rules open below a tree that the rule refuses, and leaves nothing out."""
    if not isinstance(rule.pattern, Subtree | Subtrees):
        return None
    left_out = rule.pattern.left_out if isinstance(rule.pattern, Subtrees) else frozenset()
    bits = rule.access & FLOOR_ACCESS
    for each in floor.rules:
        is_left_out = any(is_within(each.path, one) for one in left_out)
        if each.access & bits and is_within(each.path, path) and not is_left_out:
            return each.path
    return None
