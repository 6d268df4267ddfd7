"""The machine's own secrets, refused to root where a grant opens more than them: `--read /etc`.

Nobody but root could read them anyway. Who names one, `--read-file /etc/shadow`, means it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from nono.broker import Effect, File, Glob, Rule, Subtree, Subtrees, group
from nono.broker.dataclass import replace
from nono.broker.rules.paths import ancestors, components
from nono.supervisor.places import platform

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.planning.paths.refused_names import Expanded

SYSTEM_SECRETS = "deny_system_secrets"


def system_secrets(rules: Iterable[Rule], expand: Expanded) -> Iterator[Rule]:
    """The refusals of the group, of what these rules open, and of the links on the way there."""
    if os.geteuid() or not group(SYSTEM_SECRETS).is_for(platform()):
        return
    opened = _Opened(rules)
    for rule in expand.rules(SYSTEM_SECRETS):
        inside = {path: spelled for path, spelled in rule.named.items() if opened.around(path)}
        if inside:
            held = replace(rule, pattern=Subtrees(inside))
            yield held
            yield from expand.links([held])


class _Opened:
    """What grants open: directories with all below, patterns, and what a person named."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        grants = [rule for rule in rules if rule.effect is not Effect.DENY]
        self._trees = {each.pattern.path for each in grants if isinstance(each.pattern, Subtree)}
        self._patterns = [each.pattern for each in grants if isinstance(each.pattern, Glob)]
        self._named = {
            each.pattern.path
            for each in grants
            if isinstance(each.pattern, File | Subtree) and each.origin.is_of_person
        }

    def around(self, path: str) -> bool:
        """Whether it is opened together with other things, and not by its own name."""
        if path in self._named:
            return False
        return not self._trees.isdisjoint(ancestors(path)) or any(
            each.names.after(components(path)) for each in self._patterns
        )
