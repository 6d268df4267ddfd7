"""What links lead to whose names a pattern matched, and what such a way hangs on.

Where it leads to what nobody opened, the files there may have other names in what is opened: for
`OtherLinks`, and no rule speaks of them there. Nobody means the system's own files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from nono.broker import Effect, File, FloorTooLarge, Glob, Rule, Subtree, is_within
from nono.broker.dataclass import replace
from nono.broker.floor.passed_links import Behind
from nono.broker.floor.wildcards import BoundedTree, WildcardSearch
from nono.broker.rules.access import CHANGING
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.out_of_reach import led_to
from nono.supervisor.walk import Followed, NotFollowedError

_MAX_PASSED = 10_000
"""That the ways of all links hang on which patterns match; with more nothing around may change."""
_MAX_ELSEWHERE = 100
"""Of what is left of patterns where nobody opened anything."""
_MAX_ENTRIES = 5_000
"""That are looked at for those."""


def behind_links(
    rules: Sequence[Rule], matched: Iterable[Rule], followed: Followed, outside: list[Rule]
) -> Iterator[Rule]:
    """Refusals of what links lead to whose names a pattern matched, and questions about it; and of
    changes to all that the way there hangs on, by which the next start finds it again.

    Where options and the profile opened nothing, `outside` gets them.
    """
    opened = _opened(rules)
    passed: set[str] = set()
    for rule in matched:
        path = getattr(rule.pattern, "path", None)
        if rule.effect is Effect.ALLOW or path is None:
            continue
        try:
            led = led_to(path, followed)
        except OSError:
            continue  # no link, or in what cannot be looked into: `OtherLinks` tells of that
        except NotFollowedError:
            return
        if isinstance(rule.pattern, Subtree):
            end = replace(rule, pattern=Subtree(led.end, rule.pattern.spelled))
            if any(each.reaches(led.end) for each in opened):
                yield end
            else:
                outside.append(end)
        passed.update(led.passed)
        kept: Iterable[File | Subtree] = (File(each, rule.pattern.spelled) for each in led.passed)
        if len(passed) > _MAX_PASSED:
            kept = _whole(opened, led.passed, path)
        for pattern in kept:
            yield replace(rule, pattern=pattern, access=CHANGING)


def matched_elsewhere(behind: Behind, followed: Followed) -> list[Rule]:
    """A rule for each path that is left of patterns where links led to what nobody opened."""
    left = dict(islice(behind.elsewhere.items(), _MAX_ELSEWHERE))
    behind.unseen.update(dict.fromkeys(behind.elsewhere.keys() - left.keys()))
    tree = BoundedTree(RealTree(followed=followed), _MAX_ENTRIES)
    search = WildcardSearch(left, (), tree)
    try:
        search.run(left.values(), lambda _: False)
    except FloorTooLarge:
        behind.unseen.update(dict.fromkeys(left))
    whole = [rule for rule in left if isinstance(rule.pattern, Subtree)]
    return [*whole, *search.found]


def all_around(rules: Sequence[Rule], link: str) -> Iterator[Rule]:
    """What patterns refuse, in all that is opened: it is not known where such a link leads."""
    around = [Subtree(top, link) for top in {each.top for each in _opened(rules)}]
    for rule in rules:
        if isinstance(rule.pattern, Glob) and rule.effect is not Effect.ALLOW:
            yield from (replace(rule, pattern=each) for each in around)


def _opened(rules: Iterable[Rule]) -> list[Rule]:
    """What options and the profile opened."""
    return [rule for rule in rules if rule.effect is Effect.ALLOW and rule.origin.is_of_person]


def _whole(opened: Iterable[Rule], passed: Iterable[str], link: str) -> set[Subtree]:
    """All that is opened around what is too much to be kept one by one."""
    tops = {each.top for each in opened}
    return {Subtree(top, link) for top in tops for each in passed if is_within(each, top)}
