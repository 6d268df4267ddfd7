"""The answers to a question about paths: the object, the directory, the tree around it.

A directory is offered as a whole only where `learn` would open it: never the home, the project,
what everybody shares, or what holds a protected path. What is refused inside stays refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nono.broker.asking.offers.entries import kept_of, listed
from nono.broker.asking.offers.lead import FILE, LIST, ONCE
from nono.broker.asking.offers.making import Maker, Opened
from nono.broker.asking.question import Lasts, Offer
from nono.broker.asking.subject import names_object
from nono.broker.asking.surroundings import Place
from nono.broker.dataclass import dataclass, field
from nono.broker.explaining.access_words import deeds
from nono.broker.explaining.remedies import NAMES, is_random
from nono.broker.requests import Open, Operation, PathChange, PathRequest
from nono.broker.rules.access import ALL_ACCESS, Access
from nono.broker.rules.paths import parent
from nono.broker.rules.patterns import File, Subtree

_FEW = 2
"""After so many questions about one directory, single objects are offered last, and for once."""


@dataclass(frozen=True, slots=True)
class PathOffers:
    """Of one question. `access` is all that is asked for together, by path.

    `directory` is what the objects lie in, or what is listed; `seen` says how often it was asked
    about before, and `neighbours` how many others were that lie beside it. `is_beside`: those, or
    what they all lie in.
    """

    make: Maker
    requests: Sequence[PathRequest]
    access: dict[str, Access]
    directory: str
    place: Place
    seen: int
    neighbours: int
    is_beside: bool = False
    _bits: Access = field(init=False)
    """All that is asked for, of whichever path."""
    _opens: bool = field(init=False)
    """True where all use objects that are there."""

    def __post_init__(self) -> None:
        found = [*self.access.values()]
        bits = found[0] if found else Access(0)
        for access in found[1:]:
            bits |= access
        object.__setattr__(self, "_bits", bits)
        opens = all([type(request) is Open for request in self.requests])
        object.__setattr__(self, "_opens", opens)

    def all(self) -> Iterator[Offer]:
        """In their order: what to lead with comes first, and never the broadest."""
        if not self.seen:
            yield from self._objects()
            yield from self._directories()
        else:
            wide = [*self._directories()]
            yield from wide
            if self.seen < _FEW or not wide:
                yield from self._objects()
        yield from self._kept()
        if self.seen >= _FEW and wide:
            # The last of them, and never missing: a person may want no more than this.
            yield from (each for each in self._objects() if each.lasts is Lasts.ONCE)
        yield from self._refusals()

    @property
    def _is_listed(self) -> bool:
        """True when the directory itself is what is used."""
        return len(self.access) == 1 and self.directory in self.access

    @property
    def _changes_names(self) -> bool:
        return not self._opens and any(
            isinstance(request, PathChange) and request.operation in NAMES
            for request in self.requests
        )

    @property
    def _makes_directory(self) -> bool:
        """True for a directory that is to be made, and for nothing else beside it."""
        return (
            not self._opens
            and len(self.access) == 1
            and all(
                isinstance(request, PathChange) and request.operation is Operation.MKDIR
                for request in self.requests
            )
        )

    @property
    def _rights(self) -> str:
        """What a directory would be opened for, where what is wanted does not say it."""
        return "" if self._opens else f" for {deeds(self._bits)}"

    @property
    def _what(self) -> str:
        if len(self.access) > 1:
            return f"these {len(self.access)}"
        if self._makes_directory:
            return "this directory"
        return LIST if self._is_listed else FILE

    @property
    def _is_risky(self) -> bool:
        """To write outside of the project."""
        is_written = self._bits._value_ & Access.WRITE._value_
        return bool(is_written) and not all(map(self.place.around.in_workdir, self.access))

    def _objects(self) -> Iterator[Offer]:
        once: Opened = [
            # A directory that is moved takes along all that is below.
            (File(each.path) if names_object(each) else Subtree(each.path), self.access[each.path])
            for each in self.requests
        ]
        changes_names = self._changes_names
        what = self._what
        if changes_names:
            what = "this change" if len(self.access) == 1 else "these changes"
        yield self.make.allow(ONCE, Lasts.ONCE, once, f"{what}, once", is_risky=self._is_risky)
        # The right to change a name is one on the directory: see `Decisions`.
        if not changes_names:
            opened = [(File(path), access) for path, access in self.access.items()]
            words = f"{self._what}{self._rights}, this run"
            yield self.make.allow("r", Lasts.RUN, opened, words, is_risky=self._is_risky)

    def _directories(self) -> Iterator[Offer]:
        directory = self.place.whole(self.directory)
        if directory is not None:
            yield self._whole("d", directory)
        tree = parent(directory or self.directory)
        if self.neighbours and self.place.around.is_safe(tree):
            yield self._whole("t", tree, broad=True)

    def _whole(self, id: str, directory: str, broad: bool = False) -> Offer:
        reach = self.place.look.reach(directory)
        words = f"all of {self._named(directory)}{self._rights}, this run"
        opened = [(Subtree(directory), self._bits)]
        return self.make.allow(
            id, Lasts.RUN, opened, words, is_risky=self._is_risky, broad=broad, reach=reach
        )

    def _named(self, directory: str) -> str:
        return self.make.shown(directory).removesuffix("/") + "/"

    def _kept(self) -> Iterator[Offer]:
        if not self.place.kept_in:
            return
        around = self.place.around
        if self._makes_directory:
            # A rule for the name alone would let nobody work in it next time, when it is there.
            if around.is_safe(self._path):
                words = f"{self._named(self._path)} and what will be in it{self._rights}, always"
                yield from self._always("a", Subtree(self._path), words)
        elif self._is_kept_alone:
            yield from self._always("a", File(self._path), "this file, always")
        directory = self.place.whole(self.directory)
        if directory is None and self._is_listed:
            yield from self._names()
        if directory is not None and not around.is_above(directory):
            words = f"{self._named(directory)}{self._rights}, always"
            yield from self._always("A", Subtree(directory), words)

    @property
    def _is_kept_alone(self) -> bool:
        """True for one file that has the same name next time."""
        is_one = len(self.access) == 1 and not self._is_listed
        return is_one and not self._changes_names and not is_random(self._path)

    @property
    def _path(self) -> str:
        return next(iter(self.access))

    def _always(self, id: str, pattern: File | Subtree, words: str) -> Iterator[Offer]:
        opened = [(pattern, self._bits)]
        kept = kept_of(opened, self.place.around)
        if kept:
            is_tree = isinstance(pattern, Subtree)
            reach = self.place.look.reach(pattern.path) if is_tree else "one file"
            yield self.make.keep(id, opened, words, reach, kept, self.place.kept_in)

    def _names(self) -> Iterator[Offer]:
        """What is in a directory that is not opened as a whole, as the home is not."""
        kept = listed(self._path, self.place.around)
        if kept and self._bits == Access.READ:
            opened = [(File(self._path), self._bits)]
            words, file = f"{self._what}, always", self.place.kept_in
            yield self.make.keep("a", opened, words, "names alone", kept, file)

    def _refusals(self) -> Iterator[Offer]:
        yield self.make.deny("n", Lasts.ONCE, (), "no")
        objects = [(File(path), ALL_ACCESS) for path in self.access]
        yield self.make.deny("m", Lasts.RUN, objects, f"not {self._what} in this run")
        below = [(Subtree(self.directory), ALL_ACCESS)]
        words = f"nothing of {self._named(self.directory)} in this run"
        yield self.make.deny("N", Lasts.RUN, below, words)
        if self.is_beside and self.directory != "/":
            above = parent(self.directory)
            words = f"nothing of {self._named(above)} in this run"
            yield self.make.deny("T", Lasts.RUN, [(Subtree(above), ALL_ACCESS)], words)
        yield self.make.quit()
