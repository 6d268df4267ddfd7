"""Refused paths under their other names: the same file system, mounted a second time.

A bind mount of a home, or of a directory above or below what is refused, gives the same objects
another path, for which no rule speaks. What is asked about is asked about by each, too.
/proc/self/mountinfo tells which part of which file system is where: proc_pid_mountinfo(5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile

from nono.broker import Access, Effect, File, Rule, Subtree, is_canonical, is_within
from nono.broker.dataclass import dataclass, replace
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import lineage, parent
from nono.broker.rules.rule import is_lifted
from nono.supervisor.decisions.kernel_mounts import KERNEL_TYPES, unescape
from nono.supervisor.descriptors import opened
from nono.supervisor.places import platform
from nono.supervisor.planning.paths.opened_by_patterns import grants_of_people, opened_by_people

_TABLE = "/proc/self/mountinfo"
MAX_NAMES = 64
"""Of one path. A container's host may have the same directory in thousands of places."""


class Mount(NamedTuple):
    """The directory `root` of the file system `device` is at `point`."""

    device: str
    root: str
    point: str


class OtherNames:
    """For each refusal of a path, and each question about one, one more for every other name."""

    def __init__(self, bypasses: Sequence[str]) -> None:
        self._bypasses = bypasses
        self._table: Twice | None = None
        self._left_out: list[tuple[Rule, str, str]] = []

    def of(self, rules: Iterable[Rule]) -> list[Rule]:
        """The further refusals. The table is read once, and only for some rule.

        Raises OSError.
        """
        refusals = [rule for rule in rules if rule.effect is not Effect.ALLOW]
        if not refusals or platform() != "linux":
            return []
        self._table = self._table or Twice(_mounts())
        if self._table.is_empty:
            return []
        return [each for rule in refusals for each in self._other(rule, self._table)]

    def unfound_for(self, rules: Sequence[Rule], access: Access) -> list[str]:
        """Paths to which something of this access is refused, of which not every name is refused
        that lies in what a person opened by these rules."""
        if not self._left_out:
            return []
        opened = set(opened_by_people(rules, Access(0)).directories)
        for grant in grants_of_people(rules, Access(0)):
            opened.update(grant.named)
        return sorted(
            {
                path
                for rule, path, name in self._left_out
                if rule.access & access
                and any(is_within(name, each) or is_within(each, name) for each in opened)
            }
        )

    def _other(self, rule: Rule, table: Twice) -> Iterator[Rule]:
        is_file = isinstance(rule.pattern, File)
        named = rule.named
        for path, spelled in () if table.are_alone(named) else named.items():
            if is_lifted(rule, path, self._bypasses):
                continue
            names = table.names(path)
            self._left_out += [(rule, path, name) for name, _ in names[MAX_NAMES:]]
            for name, is_whole in names[:MAX_NAMES]:
                kind = File if is_whole and is_file else Subtree
                yield replace(rule, pattern=kind(name, spelled))


def mount_points() -> frozenset[str]:
    """Where something is mounted. Raises OSError."""
    return frozenset(mount.point for mount in _mounts()) if platform() == "linux" else frozenset()


def _mounts() -> Iterator[Mount]:
    with open(_TABLE, encoding="utf-8", errors="surrogateescape", opener=opened) as file:
        lines = file.readlines()
    rows = [_Row.of(line) for line in lines]
    shown = _shown([row for row in rows if row is not None])
    for row in shown:
        mount = row.mount
        if not row.is_kernels and is_canonical(mount.root) and is_canonical(mount.point):
            yield mount


class _Row(NamedTuple):
    """A line of the table: a mount, and the one that it was mounted on."""

    number: str
    above: str
    mount: Mount
    is_kernels: bool

    @classmethod
    def of(cls, line: str) -> _Row | None:
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) < 5:
            return None
        mount = Mount(words[2], unescape(words[3]), unescape(words[4]))
        return cls(words[0], words[1], mount, rest.split(" ", 1)[0] in KERNEL_TYPES)


def _shown(rows: Sequence[_Row]) -> list[_Row]:
    """Those that a path leads to: not what another mount lies over, or on a way to.

    Where what it is mounted on is not in the table, as after chroot(2), nothing tells.
    """
    places: dict[str, set[str]] = {}
    for row in rows:
        places.setdefault(row.above, set()).add(row.mount.point)
    known = {row.number: row for row in rows}
    ways: dict[str, bool] = {}

    def has_way(row: _Row) -> bool:
        """No mount is on the way to its point, from the one that it is mounted on up."""
        on: list[_Row] = []
        while row.number not in ways and row.above in known and row.above != row.number:
            ways[row.number] = False  # should the table lead in a circle
            on.append(row)
            row = known[row.above]
        leads = ways.setdefault(row.number, True)
        for each in reversed(on):
            beside = places[each.above]
            leads = leads and not any(
                above in beside for above in lineage(each.mount.point) if above != each.mount.point
            )
            ways[each.number] = leads
        return leads

    return [r for r in rows if r.mount.point not in places.get(r.number, ()) and has_way(r)]


@dataclass(slots=True)
class _FileSystem:
    """Where each directory of it is mounted, and these directories in their order."""

    points: dict[str, list[str]]
    roots: list[str]


class Twice:
    """The file systems of which some directory is in more than one place."""

    def __init__(self, mounts: Iterable[Mount]) -> None:
        # After chroot(2) the root may be in the middle of a mount, which the table then lacks.
        self._at: dict[str, Mount] = {"/": Mount("", "/", "/")}
        self._at |= {mount.point: mount for mount in mounts}
        points: dict[str, dict[str, list[str]]] = {}
        for mount in self._at.values():
            points.setdefault(mount.device, {}).setdefault(mount.root, []).append(mount.point)
        self._systems = {
            device: _FileSystem(found, sorted(found))
            for device, found in points.items()
            if _overlap(found)
        }
        self._places = sorted(self._at)
        self._alone: dict[str, bool] = {}

    @property
    def is_empty(self) -> bool:
        """True on most machines: then there is nothing to look for."""
        return not self._systems

    def are_alone(self, paths: Iterable[str]) -> bool:
        """True when none of many canonical paths has another name, with one look at each of their
        directories."""
        above = {path[: path.rfind("/")] or path for path in paths}
        return "/" not in above and all(self._alone.get(e) or self._is_alone(e) for e in above)

    def names(self, path: str) -> list[tuple[str, bool]]:
        """The other names of a canonical path, and whether each is of the whole of it.

        Those that are not are of a directory below it.
        """
        above = path[: path.rfind("/")] or "/"
        if path != "/" and (self._alone.get(above) or self._is_alone(above)):
            return []
        inside, system = self._inside(path)
        if system is None:
            return []
        found = [
            (_moved(inside, root, point), True)
            for root in lineage(inside)
            for point in system.points.get(root, ())
        ]
        for root in _below(system.roots, inside):
            found += [(point, False) for point in system.points[root]]
        return [each for each in dict.fromkeys(found) if not is_within(each[0], path)]

    def _inside(self, path: str) -> tuple[str, _FileSystem | None]:
        """The path in its file system, and that one if it has a directory in several places."""
        mount = next(self._at[above] for above in lineage(path) if above in self._at)
        return _moved(path, mount.point, mount.root), self._systems.get(mount.device)

    def _is_alone(self, directory: str) -> bool:
        """True when neither the directory nor anything below has another name.

        Many refusals lie in few directories, so this is remembered.
        """
        unknown = [*takewhile(lambda each: each not in self._alone, lineage(directory))]
        for each in reversed(unknown):
            above = each != "/" and self._alone[parent(each)]
            self._alone[each] = above or self._finds_alone(each)
        return self._alone[directory]

    def _finds_alone(self, directory: str) -> bool:
        if any(_below(self._places, directory)):
            return False
        inside, system = self._inside(directory)
        if system is None:
            return True
        names = [
            _moved(inside, root, point)
            for root in lineage(inside)
            for point in system.points.get(root, ())
        ]
        return names == [directory] and not any(_below(system.roots, inside))


def _first(paths: Sequence[str], wanted: str) -> int:
    """Where it is among sorted paths, or would be: as `bisect`, which a start does without."""
    low, high = 0, len(paths)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if paths[middle] < wanted else (low, middle)
    return low


def _below(paths: Sequence[str], directory: str) -> Iterator[str]:
    """Those of sorted paths that lie below a directory."""
    start = directory.rstrip("/") + "/"
    for index in range(_first(paths, start), len(paths)):
        if not paths[index].startswith(start):
            return
        if paths[index] != start:
            yield paths[index]


def _overlap(points: Mapping[str, Sequence[str]]) -> bool:
    """Whether a directory is mounted twice, or one and another that it holds."""
    if any(len(places) > 1 for places in points.values()):
        return True
    return any(above in points for root in points for above in lineage(root) if above != root)


def _moved(path: str, old: str, new: str) -> str:
    """The path with `old`, which it lies in, replaced by `new`."""
    rest = path if old == "/" else path[len(old) :]
    return (new.rstrip("/") + rest).rstrip("/") or "/"
