"""Refused files under their other names: hard links that were there before.

So are those that a person wants to be asked about. A kernel rule belongs to an object, and so does
a hard link: in an opened directory, or opened by itself, a refused file may lie under a name that
no rule speaks of. Only a file that says it has several names is looked
for, by its inode, where a person opened something; and then in what groups open, as far as somebody
but root could make names there. What nobody opened is out of reach anyway.
Nothing of a sandbox's can make such a name: link(2) of a refused file is refused.

A directory may be closed to its owner, by the person or an earlier run, or its path too long. What
is refused in there may be any file of several names; what is opened in there, any refused one: so
it is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain
from operator import or_

from nono.broker import Access, Effect, File, Glob, PolicyError, Rule, Subtree
from nono.broker.dataclass import replace
from nono.broker.rules.paths import child, is_within, outermost, parent
from nono.broker.rules.rule import is_lifted
from nono.supervisor import looks
from nono.supervisor.decisions.other_mounts import mount_points
from nono.supervisor.decisions.refused_files import RefusedFiles, entries_below
from nono.supervisor.out_of_reach import is_unseen, lstat
from nono.supervisor.places import home_directory
from nono.supervisor.planning.paths.opened_by_patterns import grants_of_people, opened_by_people
from nono.supervisor.walk import Followed, way

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.kinds_of_looks import StatusOfFile

_MAX_ENTRIES = 200_000
"""Of opened directories. More is looked at in none of the searches of a start."""
_MAX_ENTRIES_OF_GROUPS = 50_000
_MAX_OUTSIDE = 2_000
"""In directories that nobody opened."""
_MAX_UNSEEN = 1_000
"""Names, and directories, that are refused for what could not be looked at."""
_Inode = tuple[int, int]


_Kind = tuple[Effect, Access, bool]
"""What a refusal does, to what, and whether a bypass lifts it."""
_Name = tuple[int, int, str]
"""The device and the inode of a directory, and a name in it: one however many paths lead there."""


class _File:
    """A refused file with several names: the refusals of it, and which of them each path has."""

    def __init__(self, links: int) -> None:
        self.links = links
        self.names: set[_Name] = set()
        self.refusals: dict[_Kind, Rule] = {}
        self.paths: dict[str, set[_Kind]] = {}

    def is_refused(self, path: str, rule: Rule) -> None:
        self.paths.setdefault(path, set()).add(self.may_be_refused(rule))

    def may_be_refused(self, rule: Rule) -> _Kind:
        kind = (rule.effect, rule.access, rule.protected)
        self.refusals.setdefault(kind, rule)
        return kind

    def lacking(self, path: str) -> Iterator[Rule]:
        """Every refusal that speaks of another path of the file and not of this one."""
        has = self.paths.setdefault(path, set())
        for kind, rule in self.refusals.items():
            if not any(_implies(each, kind) for each in has):
                has.add(kind)
                yield replace(rule, pattern=File(path, rule.pattern.spelled))

    @property
    def access(self) -> Access:
        """What some refusal of it speaks of."""
        return reduce(or_, (access for _, access, _ in self.refusals))

    @property
    def is_whole(self) -> bool:
        """True when all names are known that the file has."""
        return len(self.names) >= self.links


def _implies(one: _Kind, other: _Kind) -> bool:
    """Whether a refusal leaves nothing for the other one to refuse at the same path."""
    is_stronger = one[0] is Effect.DENY or other[0] is one[0]
    return is_stronger and other[1] in one[1] and (other[2] or not one[2])


class OtherLinks:
    """The refused files with several names, and the names that were found."""

    def __init__(
        self, rules: Sequence[Rule], bypasses: Sequence[str], outside: Sequence[Rule] = ()
    ) -> None:
        """Looks at what is refused, and only if something has several names for the others.

        A refusal by wildcards counts by rules on what it matched; `outside` are those on what is
        refused by its other names alone, since nobody opened it. Raises OSError, and PolicyError
        where too much could not be looked at.
        """
        self._known: dict[_Inode, _File] = {}
        self._suspected: dict[_Inode, _File] = {}
        self._hidden: dict[str, None] = {}
        self.rules: list[Rule] = []
        self.is_complete = True
        self._refused = RefusedFiles()
        self._outside = RefusedFiles(_MAX_OUTSIDE)
        self._mounts: frozenset[str] = frozenset()
        opened = opened_by_people(rules, Access(0))
        roots = outermost(opened.wholly)
        files = _files_opened(rules)
        # Without a person's word all is as groups have it, and nothing of a person's is open.
        if not roots and not opened.directly and not files and not any(map(_is_refusal, rules)):
            return
        for rule, path, status in chain(self._refused.of(rules), self._outside.of(outside)):
            if status.st_nlink > 1 and not is_lifted(rule, path, bypasses):
                inode = (status.st_dev, status.st_ino)
                self._known.setdefault(inode, _File(status.st_nlink)).is_refused(path, rule)
        self._add_patterns(rules)
        self._count_names()
        wholly = entries_below(roots, True, self._is_hidden, inodes=True)
        directly = entries_below(opened.directly, False, self._is_hidden, inodes=True)
        entries = ((each.path, each.inode()) for each in chain(wholly, directly))
        # A directory tells the inode below a mount of a single file, and not what is mounted there.
        apart = chain(_with_inodes(files), _with_inodes(self._mounts_in(roots, opened.directly)))
        every = bool(self._refused.closed)
        self._search(chain(apart, entries), _MAX_ENTRIES, every=every)
        left = [file.access for file in self._known.values() if not file.is_whole]
        if left:
            of_groups = _opened_by_groups(rules, reduce(or_, left))
            below = entries_below(of_groups, True, self._is_hidden, inodes=True)
            entries = ((each.path, each.inode()) for each in below)
            self._search(chain(_with_inodes(of_groups), entries), _MAX_ENTRIES_OF_GROUPS)
        self.rules += self._unseen_rules()

    @property
    def unfound(self) -> list[str]:
        """The refused names of files whose other names may be in an opened directory."""
        return self.unfound_for(~Access(0))

    def unfound_for(self, access: Access) -> list[str]:
        """Those to whom something of this access is refused."""
        if self.is_complete:
            return []
        return sorted(
            next(iter(file.paths))  # those that were found came later
            for file in self._known.values()
            if not file.is_whole and file.access & access
        )

    def unseen_for(self, access: Access) -> list[str]:
        """What refuses something of this access, and was not looked through for such files."""
        rules = [rule for rule in self._refused.unseen if rule.access & access]
        return sorted({rule.pattern.spelled for rule in rules})

    @property
    def unseen_outside(self) -> list[Rule]:
        """What leads to directories that nobody opened, and that were not looked through."""
        return self._outside.unseen

    def closed_for(self, access: Access) -> dict[str, str]:
        """What refuses something of this access, and was not looked through, with a directory that
        cannot be looked into."""
        closed = self._refused.closed.items()
        return {rule.pattern.spelled: where for rule, where in closed if rule.access & access}

    def _add_patterns(self, rules: Iterable[Rule]) -> None:
        """Those that may match in what cannot be looked into: what they match there is unknown."""
        closed = self._refused.closed
        for rule in rules if closed else ():
            pattern = rule.pattern
            if isinstance(pattern, Glob) and rule.effect is not Effect.ALLOW:
                where = filter(pattern.may_match_in, [*closed.values()])
                if rule.origin.is_of_person and (first := next(where, None)) is not None:
                    closed.setdefault(rule, first)

    def _is_hidden(self, directory: str) -> None:
        self.is_complete = False
        self._hidden[directory] = None

    def _mounts_in(self, roots: Iterable[str], directly: Iterable[str]) -> list[str]:
        opened = [*roots, *directly]
        return [path for path in self._mounts if any(is_within(path, each) for each in opened)]

    def _count_names(self) -> None:
        """Give each path that is refused what is refused to the others.

        A mount of the file itself is a path, and none of the names that the file says it has.
        """
        self._mounts = mount_points() if self._known else frozenset()
        directories: dict[str, StatusOfFile | None] = {}
        followed = Followed()
        for file in self._known.values():
            for path in list(file.paths):
                self.rules += file.lacking(path)
                name = path[path.rfind("/") + 1 :]
                above = way(parent(path), followed=followed).end
                if child(above, name) in self._mounts:
                    continue
                if above not in directories:
                    directories[above] = _status(above)
                status = directories[above]
                if status is not None:
                    file.names.add((status.st_dev, status.st_ino, name))

    def _search(
        self, entries: Iterable[tuple[str, int]], most: int, *, every: bool = False
    ) -> None:
        """`entries` are paths, with the number of what is there; with `every` all are looked at."""
        wanted = {inode[1] for inode, file in self._known.items() if not file.is_whole}
        if not wanted and not every:
            return
        for number, (path, inode) in enumerate(entries):
            if number >= most:
                self.is_complete = False
                return
            if every or inode in wanted:
                self._note(path, inode)

    def _note(self, path: str, number: int) -> None:
        try:
            status = lstat(path)
        except OSError as error:
            if is_unseen(error, path):
                self._note_unseen(path, number)
            return
        inode = (status.st_dev, status.st_ino)
        file = self._known.get(inode)
        if file is not None:
            self.rules += file.lacking(path)
        elif self._refused.closed and status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            file = self._suspected.setdefault(inode, _File(status.st_nlink))
            file.paths.setdefault(path, set())
        if file is None or path in self._mounts:
            return
        above, _, name = path.rpartition("/")
        directory = _status(above or "/")
        if directory is not None:
            file.names.add((directory.st_dev, directory.st_ino, name))

    def _note_unseen(self, path: str, number: int) -> None:
        """Of which file system it is cannot be told."""
        for (_, inode), file in self._known.items():
            if inode == number:
                self.rules += file.lacking(path)
        self._is_hidden(parent(path))

    def _unseen_rules(self) -> Iterator[Rule]:
        """Refusals of every name that may be one of a file that was not seen. Of a file whose
        names are all known, none is."""
        closed = self._refused.closed
        for file in chain(self._known.values(), self._suspected.values()) if closed else ():
            if file.is_whole:
                continue
            for rule in closed:
                file.may_be_refused(rule)
            for path in [*file.paths]:
                yield from file.lacking(path)
        lacking = [file for file in self._known.values() if not file.is_whole]
        refusals = {kind: rule for file in lacking for kind, rule in file.refusals.items()}
        names = sum(len(f.paths) for f in self._suspected.values() if not f.is_whole)
        if max(names, len(self._hidden) if refusals else 0) > _MAX_UNSEEN:
            where = next(chain(closed.values(), self._hidden))
            raise PolicyError(
                f"{where} cannot be looked into: too many names may be of files that are refused",
                f"chmod u+rx {where}",
            )
        for directory in self._hidden:
            for rule in refusals.values():
                yield replace(rule, pattern=Subtree(directory, rule.pattern.spelled))


def _status(path: str) -> StatusOfFile | None:
    try:
        return lstat(path)
    except OSError:
        return None


def _files_opened(rules: Iterable[Rule]) -> list[str]:
    """The single files that a person opened."""
    found = (
        path
        for rule in grants_of_people(rules, Access(0))
        if isinstance(rule.pattern, File | Subtree)
        for path in rule.named
    )
    return [path for path in dict.fromkeys(found) if not looks.isdir(path)]


def _is_refusal(rule: Rule) -> bool:
    return rule.effect is not Effect.ALLOW and rule.origin.is_of_person


def _opened_by_groups(rules: Iterable[Rule], access: Access) -> set[str]:
    """What groups open for something of this access, without the system's own."""
    home = home_directory(os.environ)
    found = set()
    for rule in rules:
        if rule.effect is not Effect.ALLOW or rule.origin.is_of_person:
            continue
        if not rule.access & access:
            continue
        for path in rule.named:
            status = _status(path)
            is_of_home = home != "/" and is_within(path, home)
            if status is not None and (status.st_uid or is_of_home):
                found.add(path)
    return outermost(found)


def _with_inodes(paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    for path in paths:
        try:
            yield path, lstat(path).st_ino
        except OSError:
            continue
