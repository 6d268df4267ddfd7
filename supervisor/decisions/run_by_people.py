"""What people run without looking, such as a Makefile: what of it a run has changed.

A run may write it, since that is most of what there is to do in a project. So it is compared:
known names in the directories that a person opened for writing, at the top of repositories, and
one level below; commands that a person's shell would find in the place of others; and what a run
left in repositories that git itself would run.
"""

from __future__ import annotations

import itertools
import os
import stat
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from nono.broker import Access, Rule
from nono.broker.dataclass import dataclass, field
from nono.broker.datafile import data
from nono.broker.rules.automaton import Between
from nono.broker.rules.paths import child, is_within
from nono.supervisor.decisions.file_states import of
from nono.supervisor.descriptors import bytes_of
from nono.supervisor.places import canonical, home_directory, state_directory
from nono.supervisor.planning.paths.opened_by_patterns import Opened, opened_by_people

TYPE_CHECKING = False
if TYPE_CHECKING:  # a start in which nothing is opened, or changed, does without them
    from nono.supervisor.decisions.left_in_repositories import LeftInRepositories
    from nono.supervisor.decisions.repository_walk import Walked
    from nono.supervisor.planning.git.repositories import Repository
    from nono.supervisor.planning.plan import Plan

_MAX_DIRECTORIES = 64
_MAX_ENTRIES = 2000
_NOT_LOOKED_INTO = frozenset({"node_modules", "__pycache__", "target"})
_OF_A_PROJECT = ("python", "pip", "activate")
_PACKAGE = "package.json"
_NOTHING = ""
_CUT = "more than {:,} names below {}: look for repositories there yourself"
_NOT_REMEMBERED = (
    "{}: which repositories are there could not be written down in {} ({}): the next run protects"
    " those that it finds by itself"
)


class RunByPeople:
    """The files as they are before they are open. Bounded: of very many, some are left out."""

    def __init__(
        self,
        rules: Iterable[Rule],
        repositories: Iterable[Repository] | None = None,
        caches: Iterable[str] = (),
        env: Mapping[str, str] | None = None,
        in_work_trees: Mapping[str, bool] | None = None,
    ) -> None:
        """`repositories` are those whose hooks are kept; None where they are not known. `caches`
        are directories of the sandbox's own, which stay as well: a link may lead there. `env` says
        where git's configuration is, and where it is remembered for the next start which
        repositories there are; without it, neither counts. `in_work_trees` is what that
        configuration runs in each of them (`git_settings`), None where nobody looked."""
        self._env = env
        self._lock = threading.Lock()
        self._started = time.time_ns()
        self._in_work_trees = in_work_trees
        self._left: LeftInRepositories | None = None
        self.notes: list[str] = []
        """What a person should know about the look at the end, once there was one."""
        self._opened: list[str] = []
        self._tops: list[str] = []
        self._looks: list[_Look] = []
        self._open(rules, repositories, caches)

    @classmethod
    def of_plan(cls, plan: Plan, env: Mapping[str, str]) -> RunByPeople:
        """Before a run that is planned so."""
        return cls(plan.policy.rules, plan.repositories, plan.kept, env, plan.in_work_trees)

    def open(self, rules: Iterable[Rule], repositories: Iterable[Repository] | None = None) -> None:
        """More is about to be opened, during the run. From any thread."""
        with self._lock:
            self._open(rules, repositories, ())

    def _open(
        self,
        rules: Iterable[Rule],
        repositories: Iterable[Repository] | None,
        caches: Iterable[str],
    ) -> None:
        before = tuple(self._opened)

        def is_new(path: str) -> bool:
            # What is there by now in what was open before, the run may have made.
            return not any(is_within(path, each) for each in before)

        opened = opened_by_people(rules, Access.WRITE)
        searched = _searched(opened)
        every = _repositories_in(searched) if repositories is None else tuple(repositories)
        found = [each for each in every if is_new(each.directory) and is_new(each.link or each.top)]
        written = (*sorted(opened.directories), *(each.top for each in found if each.link))
        known = {each for look in self._looks for each in look.directories}
        directories = tuple(each for each in dict.fromkeys(written) if each not in known)
        self._opened = sorted({*before, *searched, *caches})
        if self._opened and self._in_work_trees is None:
            self._in_work_trees = _in_every_work_tree(self._env)
        if found or self._left is not None:
            self._left_in_repositories().open(self._opened, found)
        self._tops += (each.top for each in every)
        path = "" if self._env is None else self._env.get("PATH", "")
        look = _Look(directories, tuple(hiding(path.split(":"), (*searched, *caches))))
        look.before.update(look.states())
        self._looks.append(look)

    def _left_in_repositories(self) -> LeftInRepositories:
        """Made for the first repository, or at the end: there is nothing to compare before."""
        if self._left is None:
            from nono.supervisor.decisions.left_in_repositories import LeftInRepositories

            self._left = LeftInRepositories(self._in_work_trees or {}, self._started)
            self._left.open(self._opened, ())
        return self._left

    def changed(self, *, may_have_written: bool = True) -> list[str]:
        """The paths of those that are new or not as they were: first what is in repositories,
        which nobody sees, and each part sorted.

        Where nothing can have been written, nobody looks for what is new.
        """
        changed = {path for look in self._looks for path in look.changed()}
        first = self._changed_in_repositories(may_have_written)
        return [*sorted(first), *sorted(changed - first)]

    def _changed_in_repositories(self, may_have_written: bool) -> set[str]:
        if not may_have_written and self._left is None:
            return set()
        from nono.supervisor.decisions.repository_walk import MAX_NAMES, Walked, walk

        walked = walk(self._opened) if may_have_written else Walked()
        self.notes += (_CUT.format(MAX_NAMES, each) for each in walked.cut)
        if may_have_written and self._env is not None:
            self._remember(walked, self._env)
        left = self._left_in_repositories()
        changed = set(left.changed(walked))
        if left.unlooked_before:
            self.notes.append(_unlooked(left.unlooked_before))
        return changed - left.unlooked_before

    def _remember(self, walked: Walked, env: Mapping[str, str]) -> None:
        from nono.supervisor.planning.git.remembered_repositories import remember

        # The run may have closed a directory to the walk: what the start knew counts, too.
        tops, place = [*self._tops, *walked.tops()], state_directory(env)
        for directory in self._opened:
            try:
                remember(directory, tops, env)
            except OSError as error:
                self.notes.append(_NOT_REMEMBERED.format(directory, place, error.strerror))


def _unlooked(paths: Collection[str]) -> str:
    others = f", nor were {len(paths) - 1} others" if len(paths) > 1 else ""
    return (
        f"{min(paths)}: git goes by it, and it was not looked at before this run{others}; it has"
        " the time of before the run"
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """At what was opened together: directories, and commands by the names that they would hide.

    Each has its own `before`: a later one sees what the run has done since an earlier one.
    """

    directories: tuple[str, ...]
    commands: tuple[tuple[str, frozenset[str]], ...]
    before: dict[str, object] = field(default_factory=dict)
    below: dict[str, bool] = field(default_factory=dict)
    """The directories in these, and whether they were looked into."""

    def changed(self) -> Iterator[str]:
        """The paths of those that are new or not as they were."""
        for path, what in self.states():
            if what != self.before.get(path, _NOTHING):
                yield path

    def states(self) -> Iterator[tuple[str, object]]:
        """Each file that counts, and what tells that it is another."""
        is_named = _matcher()
        left = _MAX_DIRECTORIES
        for top in self.directories:
            entries = _entries(top)
            below = _directories_among(entries)
            new = [each for each in below if each not in self.below]
            yield from _run_knowingly(top, entries, is_named, are_cut=len(new) > left)
            # What a run makes comes after what was looked into, wherever its name stands.
            self.below.update((each, number < left) for number, each in enumerate(new))
            left = max(left - len(new), 0)
            for directory in below:
                if self.below[directory]:
                    yield from _run_knowingly(directory, _entries(directory), is_named)
            for directory in data("start_files")["run_knowingly_in"]:
                yield from _named(_entries(child(top, directory)), lambda name: True)
        for directory, hidden in self.commands:
            yield from _named(_entries(directory), hidden.__contains__)


def _searched(opened: Opened) -> set[str]:
    """The directories where repositories may be."""
    if not opened.directly:
        return {*opened.wholly}
    # What only a pattern for parts of a directory needs is loaded only for one.
    from nono.supervisor.planning.git.repositories import searched_directories

    return searched_directories(opened)


def _repositories_in(searched: Iterable[str]) -> tuple[Repository, ...]:
    from nono.supervisor.planning.git.repositories import search

    return search(searched).repositories


def _in_every_work_tree(env: Mapping[str, str] | None) -> dict[str, bool]:
    from nono.supervisor.planning.git.git_settings import in_every_work_tree, of_every_repository

    settings = [] if env is None else of_every_repository(home_directory(env), env)
    return in_every_work_tree(settings)


def hiding(path: Iterable[str], opened: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The directories of PATH that are opened, such as a project's `.venv/bin`, and the commands
    elsewhere in PATH that one of the same name there would hide.

    A project's own interpreter, and what it is installed with, are there to be used.
    """
    opened = tuple(opened)
    inside, elsewhere = dict[str, None](), set[str]()
    found = dict.fromkeys(map(canonical, filter(os.path.isabs, path)))
    for directory in found:
        if any(is_within(directory, each) for each in opened):
            inside[directory] = None
    if inside:
        for directory in found.keys() - inside.keys():
            elsewhere.update(entry.name for entry in _entries(directory))
        known = frozenset(name for name in elsewhere if not name.startswith(_OF_A_PROJECT))
        yield from ((directory, known) for directory in inside)


def _matcher() -> Callable[[str], bool]:
    tables = data("start_files")
    names = frozenset(tables["run_knowingly"])
    patterns = (*tables["project_patterns"], *tables["run_knowingly_patterns"])
    ends = tuple(each[1:] for each in patterns if each[0] == "*" and "*" not in each[1:])
    others = tuple(Between.of(each) for each in patterns if each[0] != "*")

    def is_named(name: str) -> bool:
        return name in names or name.endswith(ends) or any(each.fullmatch(name) for each in others)

    return is_named


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            found = list(itertools.islice(entries, _MAX_ENTRIES))
    except OSError:
        return []
    return sorted(found, key=lambda entry: entry.name)


def _directories_among(entries: Iterable[os.DirEntry[str]]) -> list[str]:
    """Those that are looked into."""
    return [
        entry.path
        for entry in entries
        if not entry.name.startswith(".")
        and entry.name not in _NOT_LOOKED_INTO
        and entry.is_dir(follow_symlinks=False)
    ]


def _run_knowingly(
    directory: str,
    entries: list[os.DirEntry[str]],
    is_named: Callable[[str], bool],
    *,
    are_cut: bool = False,
) -> Iterator[tuple[str, object]]:
    """As `_named`, of a directory in which names were listed as far as the bound.

    A run may have put others before a Makefile: the names that are known are asked for then. That
    the directory is so full is told as well, if it was not so before, and so it is where not all
    that is in it is looked into: `are_cut`.
    """
    yield from _named(entries, is_named)
    is_full = len(entries) == _MAX_ENTRIES
    if is_full or are_cut:
        yield directory, (is_full, are_cut)
    if is_full:
        listed = {each.name for each in entries}
        for name in data("start_files")["run_knowingly"]:
            if name not in listed:
                yield from _state(child(directory, name), name)


def _named(
    entries: Iterable[os.DirEntry[str]], is_named: Callable[[str], bool]
) -> Iterator[tuple[str, object]]:
    """Of the files with such a name: what tells that they are others or have another content."""
    for entry in entries:
        if is_named(entry.name):
            yield from _state(entry.path, entry.name)


def _state(path: str, name: str) -> Iterator[tuple[str, object]]:
    try:
        status = os.lstat(path)
    except OSError:
        return
    if name == _PACKAGE and stat.S_ISREG(status.st_mode):
        from nono.broker.package_json import MAX_BYTES, running_part

        part = running_part(bytes_of(path, MAX_BYTES + 1))
        yield path, of(status) if part is None else part
    elif not stat.S_ISDIR(status.st_mode):
        yield path, of(status)
