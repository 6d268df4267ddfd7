"""What a run leaves in repositories that git would run, or go on with, when a person uses it there.

What was there before cannot be changed. So this looks for what is new: repositories that a run
made, wherever they are below the opened directories; what leads to one; and what git was in the
middle of.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nono.broker.datafile import data
from nono.broker.errors import NotUnderstoodError
from nono.broker.git_config import harmful_change, remotes_by_name
from nono.broker.git_pushes import goes_elsewhere, gone
from nono.broker.rules.paths import child, is_within, parent
from nono.supervisor.decisions.file_states import State, state
from nono.supervisor.decisions.new_repository import Hooks, is_gits, running
from nono.supervisor.decisions.repository_walk import Walked
from nono.supervisor.places import canonical
from nono.supervisor.planning.git.git_directories import GitDirectories
from nono.supervisor.planning.git.git_files import common, exact_link, kind_of, linked, names_in
from nono.supervisor.planning.git.git_settings import Configurations, of_every_work_tree
from nono.supervisor.planning.git.indexes import Indexes
from nono.supervisor.planning.git.repositories import Repository, is_bare
from nono.supervisor.walk import plain, way

_MAX_NAMES = 200
_MAX_CONFIGURED = 1 << 21
"""Bytes of all configurations that are kept, and of all that are read at the end, character for
character."""
_MAX_NEW = 5000
"""Repositories, and names that lead to some. Each that is beyond is named."""
_BEHIND = 20_000_000
"""Nanoseconds: the clock that a kernel has for files may be a tick behind."""

_NOTHING = State(0, 0, 0, 0, 0)
_Begun = tuple[tuple[str, State], ...]


class LeftInRepositories:
    """What is there before it is open."""

    def __init__(self, in_work_trees: Mapping[str, bool], started: int) -> None:
        """`in_work_trees` is what git runs in each because a person's configuration says so, and
        whether it is a directory of hooks. `started` is when the run did, as time.time_ns()."""
        self._in_work_trees = dict(in_work_trees)
        self._started = started - _BEHIND
        self._opened: tuple[str, ...] = ()
        self._found: tuple[Repository, ...] = ()
        self._directories: dict[str, tuple[int, int] | None] = {}
        self._kept = Configurations(_MAX_CONFIGURED)
        self._configurations: dict[str, bytes] = {}
        self._noted_hooks = Hooks()
        self._hooks: dict[str, State | None] = {}
        self._unlooked: set[str] = set()
        self._links: dict[str, State | None] = {}
        self._files: dict[str, State | None] = {}
        self._begun: dict[str, _Begun] = {}
        self._incomplete: dict[str, tuple[tuple[int, int] | None, dict[str, State | None]]] = {}
        """What git takes for no repository yet, and the files in it that it would run in one."""
        self._ends: dict[str, str] = {}
        self._configured = Configurations(_MAX_CONFIGURED)
        self._shared: dict[str, dict[str, bool]] = {}
        """What known repositories configure for each of their work trees."""
        self.unlooked_before: set[str] = set()
        """Of what `changed` has told of: what nobody looked at before the run, and what has the
        times of before it."""

    def open(self, opened: Iterable[str], found: Sequence[Repository]) -> None:
        """`opened` is all that is open from now on; `found` are the repositories in what is new of
        it, whose hooks and configuration are kept."""
        self._opened = tuple(opened)
        self._found += tuple(found)
        every = GitDirectories()
        directories = [each for one in found for each in every.of(one.directory)[0]]
        new = {each: _identity(each) for each in directories if not _is_begun(each)}
        self._directories |= new
        for directory in new:
            with contextlib.suppress(NotUnderstoodError):
                self._configurations[directory] = self._kept.text(child(directory, "config"))
        for directory in directories:
            self._note_hooks(child(directory, "hooks"))
        self._links |= {one.link: state(one.link) for one in found if one.link}
        self._ends |= {one.named: canonical(one.named) for one in found if one.named}
        paths = (child(each, name) for each in new for name in ("index", "config"))
        self._files |= {path: state(path) for path in paths}
        self._begun |= dict(self._all_begun(new))
        configurations, hooks = Configurations(_MAX_CONFIGURED), Hooks()
        for directory in filter(_is_begun, directories):
            every_file = self._new(directory, configurations, hooks)
            files = {each: state(each) for each in every_file if kind_of(each) == stat.S_IFREG}
            self._incomplete[directory] = _identity(directory), files

    def _note_hooks(self, place: str) -> None:
        """They are kept, unless a person has lifted that."""
        self._hooks |= {hook: state(hook) for hook in self._noted_hooks.of(place)}
        if self._noted_hooks.are_too_many and os.path.lexists(place):
            self._unlooked.add(place)

    def _changed_hooks(self, place: str, hooks: Hooks) -> Iterator[str]:
        if place in self._unlooked:
            yield place
            return
        yield from (each for each in hooks.of(place) if self._hooks.get(each) != state(each))

    def changed(self, walked: Walked) -> Iterator[str]:
        """The paths of what is new and would run, or go on, after a walk of all that is opened."""
        configurations, hooks, left = Configurations(_MAX_CONFIGURED), Hooks(), _MAX_NEW
        known: dict[str, bool] = {}
        yield from self._in_known(configurations, hooks)
        plain = [link for link in walked.links if kind_of(link) == stat.S_IFDIR]
        places = dict.fromkeys((*walked.directories, *plain))
        for link in walked.links:
            if link in places or self._links.get(link) == state(link) or _is_empty(link):
                continue
            left -= 1
            if left < 0:
                yield link
                continue
            yield from self._run_by_configuration(parent(link), hooks, self._shared_by(link))
            to = exact_link(link)
            is_new = to is None or (to not in places and not self._was_there(to))
            if is_new or is_gits(parent(link)):
                yield link
        for directory in places:
            if self._was_there(directory):
                continue
            left -= 1
            if left < 0:
                yield directory
            else:
                files = self._known_files(directory)
                for each in self._new(directory, configurations, hooks):
                    if files.get(each, _NOTHING) == state(each):
                        continue
                    if not self._is_since_start(each, known):
                        self.unlooked_before.add(each)
                    yield each
        yield from (link for link in walked.inside if self._is_since_start(link, known))
        yield from filter(self._may_be_filled, walked.unread)

    def _known_files(self, directory: str) -> Mapping[str, State | None]:
        """Those of a directory that was no repository and is none: whoever completes it has git
        run what was there."""
        identity, files = self._incomplete.get(directory, (None, {}))
        return files if _is_begun(directory) and identity == _identity(directory) else {}

    def _is_since_start(self, link: str, known: dict[str, bool]) -> bool:
        """For a link in what is git's own, where git writes without looking: whether it is new.

        A move changes the time of what is moved, so a directory on the way tells of one. `known`
        are the directories that were asked about: they may be deep, with many links in them.
        """
        path, passed = link, list[str]()
        while path not in known:
            passed.append(path)
            found = state(path)
            if path in self._directories:
                known[path] = not self._was_there(path)
            elif found is None or found.changed >= self._started:
                known[path] = True
            elif path == "/" or path.endswith("/.git"):
                known[path] = False
            else:
                path = parent(path)
        known |= dict.fromkeys(passed[1:], known[path])
        return known[path]

    def _may_be_filled(self, directory: str) -> bool:
        """Whether the run may have made something in a directory that cannot be looked into.

        Without search for its owner nobody does, and who gives that changes its time.
        """
        try:
            status = os.lstat(directory)
        except OSError:
            return True
        return bool(status.st_mode & stat.S_IXUSR) or status.st_ctime_ns >= self._started

    def _in_known(self, configurations: Configurations, hooks: Hooks) -> Iterator[str]:
        """In those that were there: what git was in the middle of, and where it would push to."""
        indexes, every = Indexes(), GitDirectories()
        for one in self._found:
            if one.named and canonical(one.named) != self._ends[one.named]:
                yield one.top  # git writes its files elsewhere now
            directories, too_many = every.of(one.directory)
            yield from (each for each in too_many if os.path.lexists(each))
            for directory in directories:
                yield from self._new_begun(directory)
                yield from self._changed_hooks(child(directory, "hooks"), hooks)
                if self._was_there(directory) and self._differs(child(directory, "config")):
                    yield from self._reconfigured(one, directory, configurations)
            if one.link is None or not self._has_new_index(one.directory):
                continue
            try:
                indexes.gitlinks(one.directory, whole=True)
            except NotUnderstoodError:
                yield child(one.directory, "index")

    def _has_new_index(self, directory: str) -> bool:
        """Whether it is to be read as git reads it. One that is in parts may be new in any."""
        if self._differs(child(directory, "index")):
            return True
        return any(name.startswith("sharedindex.") for name in names_in(directory))

    def _new_begun(self, directory: str) -> Iterator[str]:
        for path, begun in self._all_begun((directory,)):
            if not begun or begun != self._begun.get(path):
                yield path

    def _new(self, directory: str, configurations: Configurations, hooks: Hooks) -> Iterator[str]:
        """What git runs or believes in a repository that the run made."""
        top = parent(directory) if directory.endswith("/.git") else directory

        def is_kept(path: bytes) -> bool:
            # Only beside `.git` is it certain from where git takes a relative one.
            is_certain = top != directory or path.startswith(b"/")
            return is_certain and self._is_kept(top, os.fsdecode(path))

        if directory == top and is_bare(top) and kind_of(child(top, ".git")) is not None:
            # git takes one of the two, and which one is for a file in them to say.
            yield child(top, "HEAD")
        yield from running(directory, is_kept, self._was_there, configurations, hooks)
        yield from self._run_by_configuration(top, hooks)
        begun = (child(directory, name) for name in data("start_files")["begun"])
        yield from filter(os.path.lexists, begun)

    def _shared_by(self, link: str) -> Iterator[str]:
        """The directories of repositories that were there, of which a new link makes a work tree.

        What those configure was looked for in the work trees that there were.
        """
        for directory in linked(link):
            yield from filter(self._is_known, (directory, *common(directory)))

    def _is_known(self, directory: str) -> bool:
        return directory in self._directories and self._was_there(directory)

    def _run_by_configuration(
        self, top: str, hooks: Hooks, shared: Iterable[str] = ()
    ) -> Iterator[str]:
        """What git runs in a work tree at `top` by a person's configuration, and by that of the
        repositories `shared`."""
        names = dict(self._in_work_trees)
        for directory in shared:
            if directory not in self._shared:
                self._shared[directory] = of_every_work_tree(directory, self._configured)
            names |= self._shared[directory]
        for name, is_hooks in names.items():
            path = plain(f"{top}/{name}").path
            if is_hooks:
                yield from hooks.of(path)
            elif os.path.lexists(path):
                yield path

    def _was_there(self, directory: str) -> bool:
        return self._directories.get(directory, (0, 0)) == _identity(directory)

    def _differs(self, path: str) -> bool:
        return state(path) != self._files.get(path)

    def _is_kept(self, top: str, path: str) -> bool:
        """True for a path that the run could make no repository at, or that was one before, and
        that no run leads elsewhere.

        What a run makes in shared places such as /tmp is gone after it.
        """
        plain, links, left = way(os.path.join(top, path))
        between = (*links, *(each for each in left if not is_within(top, each)))
        if any(is_within(each, opened) for each in between for opened in self._opened):
            return False
        if any(self._was_there(each) for each in (f"{plain}/.git", plain)):
            return True
        return not any(is_within(plain, each) for each in self._opened)

    def _reconfigured(
        self, one: Repository, directory: str, configurations: Configurations
    ) -> Iterator[str]:
        """The configuration, when what a person pushes goes elsewhere now, or to a remote that is a
        directory of that name; or when a protection was lifted, and git runs by it what it did not.
        """
        path = child(directory, "config")
        before = self._configurations.get(directory)

        def is_kept(remote: bytes) -> bool:
            return self._is_kept(one.top, os.fsdecode(remote))

        try:
            if before is None:  # there was more than is kept
                raise NotUnderstoodError("git's configurations are too large")
            after = configurations.text(path)
            paths = (*remotes_by_name(after), *gone(before, after))
            is_told = (
                goes_elsewhere(before, after)
                or any(os.path.lexists(os.path.join(one.top, os.fsdecode(p))) for p in paths)
                or harmful_change(before, after, is_kept) is not None
            )
        except NotUnderstoodError:
            is_told = True
        if is_told:
            yield path

    def _all_begun(self, directories: Iterable[str]) -> Iterator[tuple[str, _Begun]]:
        """What git was in the middle of; nothing of a link, which git does not make: what that
        leads to would be looked at for each that does."""
        names: Sequence[str] = tuple(data("start_files")["begun"])
        for path in (child(each, name) for each in directories for name in names):
            own = state(path)
            if own is None:
                continue
            if kind_of(path) == stat.S_IFLNK:
                yield path, ()
                continue
            inside = (child(path, name) for name in names_in(path, _MAX_NAMES))
            states = ((each, state(each)) for each in inside)
            yield path, ((path, own), *((each, found) for each, found in states if found))


def _is_begun(directory: str) -> bool:
    """True where git takes a directory for no repository yet."""
    return kind_of(child(directory, "HEAD")) is None


def _is_empty(link: str) -> bool:
    """True for a file that leads nowhere: git goes no further. uv has one in its cache."""
    try:
        found = os.lstat(link)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
