"""The files that refusals speak of, as they lie in the file system.

Of a directory that a group refuses those directly in it: a browser's may have 100,000 files. What
a person refuses is looked through. Where that has an end, it is told; what cannot be looked up, as
in a directory that was closed to its owner, is no reason to take it for absent.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Container, Iterable, Iterator

from nono.broker import Effect, OriginKind, Rule
from nono.broker.rules.paths import RESERVED_TREES, parent, unknown_above
from nono.supervisor import looks
from nono.supervisor.descriptors import names, scandir
from nono.supervisor.out_of_reach import is_out_of_reach, is_unseen, links_status

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.kinds_of_looks import Entry, StatusOfFile

_MAX_ENTRIES = 5_000
"""In one refused directory."""
_MAX_IN_ALL = 50_000
"""In all of them."""
_MAX_LISTED = 1 << 19
"""Bytes of a directory that is listed for the names in it. Of a larger one each is asked for."""


class RefusedFiles:
    """`unseen` are the rules, each about one path, of which not every file was looked at; `closed`
    those of them, by a directory each, of which what is in there could not be."""

    def __init__(self, most: int | None = None) -> None:
        """Of `most` entries of refused directories the rest is not looked at."""
        self.unseen: list[Rule] = []
        self.closed: dict[Rule, str] = {}
        self._left = _MAX_IN_ALL if most is None else most

    def of(self, rules: Iterable[Rule]) -> Iterator[tuple[Rule, str, StatusOfFile]]:
        """Every file that is there, with the rule that speaks of it."""
        there: dict[str, Container[str]] = {}
        # What is both refused and asked about is refused.
        for rule in sorted(rules, key=lambda rule: rule.effect is not Effect.DENY):
            if rule.effect is Effect.ALLOW:
                continue
            looked_into = rule.origin.kind is not OriginKind.BUILTIN
            for path in rule.named:
                above, _, name = path.rpartition("/")
                if name not in (there.get(above) or _names_in(above, there)):
                    continue
                try:
                    status = links_status(path)
                except OSError as error:
                    self._note_unseen(rule.at(path), path, error)
                    continue
                if stat.S_ISREG(status.st_mode):
                    yield rule.at(path), path, status
                elif stat.S_ISDIR(status.st_mode) and looked_into:
                    one = rule.at(path)
                    for inner, found in self._files_in(path, one):
                        yield one, inner, found

    def _files_in(self, directory: str, rule: Rule) -> Iterator[tuple[str, StatusOfFile]]:
        deep, hidden = rule.origin.is_of_person, list[str]()
        is_cut = False
        for number, entry in enumerate(entries_below([directory], deep, hidden.append)):
            is_cut = number >= _MAX_ENTRIES or self._left <= 0
            if is_cut:
                break
            self._left -= 1
            try:
                if entry.is_file(follow_symlinks=False):
                    yield entry.path, links_status(entry.path)
            except OSError as error:
                self._note_unseen(rule, entry.path, error)
        if is_cut:
            self.unseen.append(rule)
        if hidden and deep:
            self.closed.setdefault(rule, hidden[0])

    # What groups refuse is for the most part others', and not a person's to look through.
    def _note_unseen(self, rule: Rule, path: str, error: OSError) -> None:
        if rule.origin.is_of_person and is_unseen(error, path):
            self.closed.setdefault(rule, parent(path))


def entries_below(
    roots: Iterable[str], deep: bool, hidden: Callable[[str], None], *, inodes: bool = False
) -> Iterator[Entry]:
    """Everything below, the directories near the roots first; or what is directly in them.

    `hidden` is told of each directory in which something may be that is not seen. Without `inodes`
    those are not for use.
    """
    given = frozenset(roots)
    waiting = sorted(given)
    for directory in waiting:
        try:
            with scandir(directory, inodes=inodes) as entries:
                for entry in entries:
                    yield entry
                    if not deep or entry.path in RESERVED_TREES:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            if directory not in given:  # it was there a moment ago
                hidden(directory)
        except PermissionError:
            if not is_out_of_reach(directory):
                hidden(directory)
        except OSError:
            hidden(directory)


class _AnyName(Container[str]):
    def __contains__(self, name: object) -> bool:
        return True


def _names_in(directory: str, there: dict[str, Container[str]]) -> Container[str]:
    """The names in a directory (the root is ''), each listed once: most that is refused is not."""
    for each in unknown_above(directory, there):
        above, _, name = each.rpartition("/")
        there[each] = _listed(each or "/") if not each or name in there[above] else ()
    return there[directory]


def _listed(directory: str) -> Container[str]:
    try:
        is_large = looks.is_larger(directory, _MAX_LISTED)
        return _AnyName() if is_large else names(directory)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        return _AnyName()  # it may be searched and not listed
