"""What people opened for writing, as far as it is protected, and what they named in that.

What a person named is the person's to open. What was opened around it is not: `--allow-cwd --allow
.vscode/snippets` opens the snippets, and the tasks beside them stay as they are.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from nono.broker import Access, Glob, Rule, Subtree
from nono.broker.rules.paths import ancestors, child, components, is_within, lineage
from nono.supervisor.planning.paths.opened_by_patterns import grants_of_people, opened_by

_ALL_BELOW = "**"


class Reach:
    """Called with a path: true when it is opened by what is around it, and not by its own name."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        grants = [rule.pattern for rule in grants_of_people(rules, Access.WRITE)]
        patterns = [each for each in grants if isinstance(each, Glob)]
        whole = {each.prefix for each in patterns if each.text == child(each.prefix, _ALL_BELOW)}
        self._named = whole | {each.path for each in grants if isinstance(each, Subtree)}
        self._patterns = [each for each in patterns if each.prefix not in whole]
        self._opened: dict[str, bool] = {}

    def __call__(self, path: str) -> bool:
        return bool(self.among((path,)))

    def among(self, paths: Iterable[str]) -> list[str]:
        """Those of many paths for which it is true."""
        opened, found = self._opened, []
        for path in paths:
            above = path[: path.rfind("/")] or "/"
            if above not in opened:
                opened[above] = any(each in self._named for each in lineage(above))
            if (opened[above] or self._is_met(path)) and path not in self._named:
                found.append(path)
        return found

    def _is_met(self, path: str) -> bool:
        """Whether a pattern reaches the path itself, or something below."""
        return bool(self._patterns) and any(
            each.names.after(components(path))
            for each in self._patterns
            if not is_within(each.prefix, path)
        )

    def is_named(self, path: str) -> bool:
        """True when it is what a person opened with all below."""
        return path in self._named

    def named_in(self, protected: Container[str]) -> frozenset[str]:
        """What people named inside of these paths, as directories with all below.

        Of a pattern only directories count that are there, and only if its fixed beginning leads
        into one of the paths: it is then that somebody meant them.
        """
        named = {path for path in self._named if _is_in(protected, ancestors(path))}
        for pattern in self._patterns:
            if pattern.text.endswith(f"/{_ALL_BELOW}") and _is_in(
                protected, lineage(pattern.prefix)
            ):
                named.update(filter(pattern.matches, opened_by(pattern).wholly))
        return frozenset(named)


def _is_in(paths: Container[str], lineage: Iterable[str]) -> bool:
    return any(each in paths for each in lineage)
