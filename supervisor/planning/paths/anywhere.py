"""Refusals by a pattern that holds anywhere, such as `**/.env`, held to what the person opened.

The kernel's rules leave out what is refused, so whatever is opened has to be searched for it at the
start. Nobody means the system's own directories, where there is nothing of theirs and the search
takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nono.broker import Effect, File, Glob, Rule, Subtree
from nono.broker.dataclass import replace
from nono.broker.rules.paths import child, outermost, parent
from nono.broker.rules.patterns import plain


def holds_anywhere(rule: Rule) -> bool:
    """True for a refusal or a question whose pattern does not begin at the root."""
    return (
        rule.effect is not Effect.ALLOW
        and isinstance(rule.pattern, Glob)
        and not rule.pattern.text.startswith("/")
    )


def opened_directories(rules: Iterable[Rule]) -> set[str]:
    """The directories that options and profiles open something in."""
    return outermost(
        directory
        for rule in rules
        if rule.effect is not Effect.DENY and rule.origin.is_of_person
        for directory in _directories(rule)
    )


def _directories(rule: Rule) -> Iterator[str]:
    match rule.pattern:
        case Subtree(path):
            yield path
        case File(path):
            yield parent(path)
        case Glob() as pattern:
            yield pattern.prefix


def anchored(refusals: Sequence[Rule], directories: Iterable[str]) -> list[Rule]:
    """The refusals in each of these directories, and in all below."""
    return [
        replace(rule, pattern=Glob(child(plain(directory), _anywhere(rule))))
        for directory in sorted(directories)
        for rule in refusals
    ]


def _anywhere(rule: Rule) -> str:
    text = rule.pattern.spelled
    return text if text.startswith("**/") else f"**/{text}"
