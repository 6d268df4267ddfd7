"""Looks that were made, and what they found; and whether they would find it now. See `looks.py`."""

from __future__ import annotations

from nono.broker.digest import sha256
from nono.supervisor.kinds_of_looks import KINDS, MAX_NAMES, ODD, error_text, found_text, of_names

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from nono.supervisor.kinds_of_looks import Times

    Asked = tuple[Any, ...]
    """The kind of a look and what it was asked, as `marshal` writes it."""

_MAX_LOOKS = 10_000
_MANY = 64
"""So many names are not listed again. Of few it is noted which they are: what was made and removed
again leaves another time, and the same names."""


class Looks:
    """Those that were made while it was `noted`, and what they found."""

    def __init__(self) -> None:
        self._found: dict[Asked, str] = {}
        self._names_asked: dict[tuple[str, str], dict[str, bool]] = {}
        self._names = 0
        self.settled: Callable[[str, str, str], Times | None] = lambda *listed: None
        """The times by which a directory holds what it held: `settled_directories.py`."""
        self.are_whole = True
        """False when they are too many, or one of them is not to be made again."""

    def leave_out(self, directory: str) -> None:
        """Forget those at and below a directory that only this run has."""
        below = f"{directory}/"
        for asked in [*self._found]:
            if asked[1] == directory or asked[1].startswith(below):
                del self._found[asked]

    def make(self, asked: Asked) -> Any:
        """Make one and note it. Raises what it raises."""
        kind, *words = asked
        look, text = KINDS[kind]
        if not self.are_whole:
            return look(*words)
        try:
            found = look(*words)
        except ODD as error:
            self.note(asked, error_text(error))
            raise
        self.note(asked, found_text(text(found)))
        return found

    def note_listing(self, kind: str, path: str, found: Sequence[Any]) -> None:
        """All of a directory was listed."""
        text = KINDS[kind][1](found)
        times = self.settled(path, kind, text) if len(found) > _MANY else None
        if times is not None:
            self.note(("settled", path), found_text(KINDS["settled"][1](times)))
        else:
            self.note((kind, path), found_text(text))
            self.count(len(found))

    def count(self, names: int) -> None:
        """So many more names were listed."""
        self._names += names
        self.are_whole = self.are_whole and self._names <= MAX_NAMES

    def note(self, asked: Asked, text: str) -> None:
        """One that found something else before tells of a tree that changes meanwhile.

        Where some cannot be noted the others are no use: a program may have left millions.
        """
        if self.are_whole:
            is_new = self._found.setdefault(asked, text) == text
            self.are_whole = is_new and len(self._found) <= _MAX_LOOKS
        else:
            self._found.clear()

    def note_name(self, kind: str, directory: str, name: str, is_so: bool) -> None:
        """A name in a directory was asked about; those of one are looked at together."""
        if self.are_whole:
            self._names_asked.setdefault((kind, directory), {})[name] = is_so

    def end(self) -> None:
        """No more are made."""
        for (kind, directory), answers in self._names_asked.items():
            asked = (kind, directory, tuple(sorted(answers)))
            text = of_names(name for name in asked[2] if answers[name])
            self.note(asked, found_text(text))
            self.count(len(answers))
        self._names_asked.clear()

    @property
    def asked(self) -> list[Asked]:
        """In an order that is the same whenever they are: sets have another in each process."""
        return sorted(self._found, key=repr)

    def digest(self, asked: Iterable[Asked]) -> bytes:
        """Of what these found."""
        return _digest(self._found[each] for each in asked)


def make(asked: Asked) -> Any:
    """Make a look. Raises what it raises."""
    kind, *words = asked
    return KINDS[kind][0](*words)


def digest_now(asked: Sequence[Asked]) -> bytes:
    """Make the same looks again. Raises ValueError, TypeError, LookupError for odd ones."""
    return _digest(texts_now(asked))


def texts_now(asked: Iterable[Asked]) -> list[str]:
    """What they find. In one loop: a start makes a thousand, most of which find nothing."""
    texts = []
    for kind, *words in asked:
        look, text = KINDS[kind]
        try:
            found = look(*words)
        except ODD as error:
            texts.append(error_text(error))
        else:
            texts.append(found_text(text(found)))
    return texts


def _digest(texts: Iterable[str]) -> bytes:
    found = [each.encode("utf-8", "surrogateescape") for each in texts]
    return sha256(b"".join([b"%d:%b" % (len(each), each) for each in found])).digest()
