"""What patterns come to by links that they pass through: the links, and what is opened beyond."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from nono.broker.dataclass import replace
from nono.broker.floor.barriers import Barriers
from nono.broker.floor.wildcards import WildcardSearch
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import CHANGING, Access
from nono.broker.rules.paths import components, is_within, reserved_tree
from nono.broker.rules.rule import Effect, File, Glob, Rule, Subtree


class Behind(NamedTuple):
    """What is told of where links lead that patterns pass through.

    `whole` are the directories in which patterns refuse everything, since too many links lead there
    and to others; `elsewhere` is what is left of patterns where nobody opened anything, each with
    the directory; `unseen` are those of them that were not all looked for.
    """

    whole: dict[str, None]
    elsewhere: dict[Rule, str]
    unseen: dict[Rule, None]


class PassedLinks:
    """The links by which patterns were led to what they match, or to where nobody opened anything.

    They stay as they are. With another one in its place the next start would not find what the
    pattern matched by it, and the name that it has there no rule may speak of. What is there is not
    looked at before somebody opens it.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._passed: dict[Rule, list[tuple[str, Rule]]] = {}
        self._ending: set[Rule] = set()
        self._written = [
            rule for rule in rules if rule.effect is Effect.ALLOW and Access.WRITE in rule.access
        ]

    def add(
        self, search: WildcardSearch, followed: Collection[Rule], more: Collection[Rule]
    ) -> None:
        """What one search came to: what is left of patterns is `followed`, or `more` than that."""
        self._ending.update(more)
        for led, passed in search.passed.items():
            if led not in followed:
                passed = [each for each in passed if self._may_be_changed(each[0])]
                if not passed:
                    continue
                self._ending.add(led)
            self._passed.setdefault(led, []).extend(passed)
        self._ending |= search.matching

    def _may_be_changed(self, link: str) -> bool:
        """Without this, every link of the system's that patterns pass would be kept."""
        return any(rule.reaches(link) for rule in self._written)

    def kept(self) -> Iterator[Rule]:
        """A refusal of changes for each link on the way to something that is matched."""
        # One that is refused as a whole is looked through no further.
        closed = {led for led in self._passed if isinstance(led.pattern, Subtree)}
        waiting = [*(self._ending | closed) & self._passed.keys()]
        done = {*waiting}
        links: dict[str, Rule] = {}
        while waiting:
            for link, rule in self._passed[waiting.pop()]:
                links.setdefault(link, rule)
                if rule in self._passed and rule not in done:
                    done.add(rule)
                    waiting.append(rule)
        for link in sorted(links):
            kept = File(link, links[link].pattern.spelled)
            yield replace(links[link], pattern=kept, access=CHANGING)


class Beyond:
    """What people opened and only nono opens: by patterns, and in `/dev`.

    What is refused there keeps its place, and has other names, as elsewhere.
    """

    def __init__(self, rules: Iterable[Rule], barriers: Barriers) -> None:
        opened = [r.pattern for r in rules if r.effect is Effect.ALLOW and r.origin.is_of_person]
        self._barriers = barriers
        self._globs = [pattern for pattern in opened if isinstance(pattern, Glob)]
        self._paths = [pattern.path for pattern in opened if isinstance(pattern, File | Subtree)]
        self._named = [path for path in self._paths if reserved_tree(path) == "/dev"]
        self.roots = {*self._named, *(glob.prefix for glob in self._globs)}

    def is_opened(self, directory: str) -> bool:
        """True when a person opened something at, above or below a directory."""
        names = components(directory)
        return any(
            is_within(path, directory) or is_within(directory, path) for path in self._paths
        ) or any(glob.names.after(names) for glob in self._globs)

    def around(self, directory: str) -> str:
        """What a person opened that a directory lies in; itself where it is the other way round."""
        opened = (*self._paths, *(glob.prefix for glob in self._globs))
        return min((each for each in opened if is_within(directory, each)), default=directory)

    def is_dead_end(self, path: str) -> bool:
        """True when nothing at or below `path` is opened so."""
        names = components(path)
        return self._barriers.is_dead_end(path) or not (
            any(is_within(path, each) for each in self._named)
            or any(glob.names.after(names) for glob in self._globs)
        )
