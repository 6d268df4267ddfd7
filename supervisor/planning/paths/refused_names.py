"""A refused path has several names: as it is written, where it leads, and what is in between.

Each of them is refused. Otherwise a program could take a link away, put a directory of its own
under that name, and whoever trusts the name would find that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nono.broker import Access, Effect, File, Glob, Origin, OriginKind, PathPattern, Rule, Subtree
from nono.broker.dataclass import replace
from nono.broker.rules.access import CHANGING
from nono.broker.rules.patterns import has_wildcards
from nono.supervisor.places import canonical, profile_directory
from nono.supervisor.planning.paths.group_paths import Expander
from nono.supervisor.walk import between, plain

_OF_PROFILES = Origin(OriginKind.BUILTIN, "profiles are the person's to write")
_VARIABLES = Origin(OriginKind.BUILTIN, "the way to what an environment variable names")


def refused(path: str, spelled: str) -> list[File | Subtree]:
    """The patterns that refuse an absolute path and all below it, under each of its names."""
    led = between(path)
    names = dict.fromkeys((plain(path).path, led.end))
    links = [File(link, spelled) for link in led.links]
    return [*(Subtree(name, spelled) for name in names), *links]


def refused_pattern(pattern: str, spelled: str) -> list[PathPattern]:
    """What an absolute pattern refuses: as it is written, and where links lead from there.

    The links are refused, too.
    """
    start, names = _parted(pattern)
    led = between(start)
    starts = dict.fromkeys((plain(start).path, led.end))
    links = [File(link, spelled) for link in led.links]
    return [*(Glob("/".join([each.rstrip("/"), *names])) for each in starts), *links]


def left(path: str, spelled: str) -> Iterator[File]:
    """What the way of a refused path goes up from: no link may come to be there."""
    yield from (File(each, spelled) for each in between(path).left)


def fixed_beginning(pattern: str) -> str:
    """The absolute path up to its first name with a wildcard."""
    return _parted(pattern)[0]


def resolved(pattern: str) -> str:
    """The pattern with the links in its fixed beginning followed."""
    start, names = _parted(pattern)
    return "/".join([canonical(start).rstrip("/"), *names])


def _parted(pattern: str) -> tuple[str, list[str]]:
    """The fixed beginning, and the names after it."""
    names = pattern.split("/")
    first = next(index for index, name in enumerate(names) if has_wildcards(name))
    return "/".join(names[:first]) or "/", names[first:]


class Expanded:
    """What a group's paths come to, and which of them lead through links.

    Most do not, and there are a thousand: only of the others the way is looked at once more.
    """

    def __init__(self, expand: Expander) -> None:
        self._expand = expand
        self.ways = expand.ways
        self._leading: set[str] = set()

    def __call__(self, path: str) -> Sequence[str]:
        found = self._expand(path)
        if len(found) > 1:
            self._leading.update(found[1:])
        return found

    def rules(self, name: str) -> Sequence[Rule]:
        """The rules of a group."""
        rules, leading = self._expand.rules(name)
        self._leading.update(leading)
        return rules

    def refused_by(self, name: str) -> tuple[Mapping[str, str], Iterable[str]]:
        """The paths that a group refuses, each as it is written, and those that lead elsewhere."""
        rules, leading = self._expand.rules(name)
        self._leading.update(leading)
        refusals = (rule.named for rule in rules if rule.effect is Effect.DENY)
        refused = {path: each[path] for each in refusals for path in each}
        return refused, [path for path in leading if path in refused]

    @property
    def passed(self) -> Iterable[str]:
        """What the ways of variables hang on, for which the rules of groups were asked for."""
        return self._expand.passed

    def links(self, rules: Iterable[Rule]) -> Iterator[Rule]:
        """The refusals of what lies between the two names of what groups refuse."""
        for rule in rules:
            if rule.effect is not Effect.DENY:
                continue
            named = rule.named
            for path in named if not self._leading.isdisjoint(named) else ():
                if path in self._leading:
                    led = between(path)
                    for link in led.links:
                        yield replace(rule, pattern=File(link, named[path]))
                    for each in led.left:
                        yield replace(rule, pattern=File(each, named[path]), access=CHANGING)
        for passed in self.passed:
            yield Rule(File(passed), CHANGING, Effect.DENY, _VARIABLES)


def own_profiles(env: Mapping[str, str], home: str) -> Iterator[Rule]:
    """Refusals to write where profiles are: what is written there is what the next run may do."""
    elsewhere = {**env, "XDG_CONFIG_HOME": ""}
    return unwritten_profiles([profile_directory(each, home) for each in (env, elsewhere)])


def unwritten_profiles(places: Iterable[str]) -> Iterator[Rule]:
    """The same for these directories and files."""
    names = (each for place in places for each in (*refused(place, place), *left(place, place)))
    for pattern in dict.fromkeys(names):
        yield Rule(pattern, Access.WRITE, Effect.DENY, _OF_PROFILES)
