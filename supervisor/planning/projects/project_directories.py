"""Where tools look for a project's configuration, as far as it can be looked at.

That is in every directory that is opened, at the top of every repository, and in between: who uses
a tool in a project has it look in the directories above, too. What a run leaves may make them very
many, very deep or very full. So all of them have one bound, and what is beyond is refused as a
whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from nono.broker.datafile import data
from nono.broker.rules.automaton import Between
from nono.broker.rules.paths import ancestors, child, is_within, lineage
from nono.supervisor import looks
from nono.supervisor.descriptors import among
from nono.supervisor.places import canonical
from nono.supervisor.planning.git.git_files import common
from nono.supervisor.planning.git.repositories import Found, Repository, with_others
from nono.supervisor.walk import Followed

_MAX_LETTERS = 1 << 17
"""In the paths of all directories that lead to repositories: each is spelled once for every name
that is looked for."""
_MAX_NAMES = 200_000
"""In each that was opened, and in all others together."""
_MAX_MATCHES = 1000
"""Of them that are known by a part of the name."""
_TOO_LONG = (
    "{}: leads to more repositories, or longer paths, than are looked at: in {} nothing may be"
    " changed but what was opened by its own name"
)
_MANY_NAMES = (
    "{}: not all names here were looked at: what starts by itself and is known by a part of its"
    " name, such as *.code-workspace, may be unprotected"
)
_FULL = (
    "{}: too many names here to look at, or of what starts by itself, such as *.code-workspace: in"
    " {} nothing may be changed but what was opened by its own name"
)


def within_bounds(found: Found, written: Collection[str], followed: Followed) -> Found:
    """Without the repositories to which too many directories lead, or too long ones: the outermost
    that leads to no other is closed. Short ways are the first. `followed` as for `walk.way`."""
    known, kept, closed = set(written), set[Repository](), dict[str, None]()
    left = _MAX_LETTERS
    for one in sorted(found.repositories, key=lambda one: len(one.top) + len(one.directory)):
        link = one.link or one.top
        directories = (link, one.directory, *common(one.directory, followed))
        ways = [_new(path, known) for path in directories]
        fresh = {each for way in ways for each in way}
        letters = sum(map(len, fresh))
        if letters <= left:
            left -= letters
            known |= fresh
            kept.add(one)
            continue
        outermost = [way[-1] for way in ways if way]
        if one.top not in written:
            outermost = [one.top if each == link else each for each in outermost] or [one.top]
        closed |= dict.fromkeys(outermost)
    if not closed:
        return found
    note = _TOO_LONG.format(next(iter(closed)), with_others(len(closed)))
    return found._replace(
        repositories=tuple(one for one in found.repositories if one in kept),
        notes=(*found.notes, note),
        closed=(*found.closed, *closed),
    )


def _new(path: str, known: Collection[str]) -> list[str]:
    """A path and what is above it, up to what is known; the path alone outside of what is."""
    new: list[str] = []
    for each in lineage(path):
        if each in known:
            return new
        new.append(each)
    return [path]


class ProjectDirectories:
    """`full` are those that were opened, and have too much in them that starts by itself; `notes`
    say what is not looked at."""

    def __init__(self) -> None:
        self.full: list[str] = []
        self.notes: list[str] = []
        tables = data("start_files")
        self._names: Collection[str] = tables["project"]
        self._patterns = [*map(Between.of, tables["project_patterns"])]
        self._seen: set[tuple[int, int]] = set()
        self._left, self._matches_left = _MAX_NAMES, _MAX_MATCHES

    def start_files(self, written: Sequence[str], found: Iterable[Repository]) -> Iterator[str]:
        """The paths of what starts by itself, and directories that are refused as a whole."""
        tops = [each.top for each in found if each.link]
        above = dict.fromkeys(each for top in tops for each in ancestors(top))
        between = (each for each in above if any(is_within(each, one) for one in written))
        whole: list[str] = []
        for top in dict.fromkeys((*written, *tops, *between)):
            if self._is_known(top):
                # One name is enough for the links on the way.
                yield child(top, next(iter(self._names)))
                continue
            yield from (child(top, name) for name in self._names)
            matches = self._matches(top, top in written)
            if matches is None:
                whole.append(top)
            else:
                yield from (child(top, name) for name in matches)
        self.full = [top for top in whole if top in written]
        yield from whole
        if whole:
            self.notes.append(_FULL.format(whole[0], with_others(len(whole))))

    def _is_known(self, top: str) -> bool:
        """True for one that was looked at, and that a link leads to."""
        try:
            status = looks.file_status(top, follow_symlinks=True)
        except (OSError, ValueError):
            return False
        identity = (status.st_dev, status.st_ino)
        if identity in self._seen:
            return canonical(top) != top
        self._seen.add(identity)
        return False

    def _matches(self, top: str, is_opened: bool) -> list[str] | None:
        """The names that some pattern is for; None for too many, or where too many are to be looked
        at. Of what was opened itself that is only told: it may be a directory of data."""
        most = _MAX_NAMES if is_opened else self._left
        try:
            found, looked_at, is_cut = among(top, most, self._patterns)
        except OSError:
            return []
        if is_cut:
            if not is_opened:
                return None
            self.notes.append(_MANY_NAMES.format(top))
        self._left -= 0 if is_opened else looked_at
        self._matches_left -= len(found)
        return found if self._matches_left >= 0 else None
