"""Making a real key unreadable in what a service answers: some repeat it in their errors.

What is found is overwritten by as many asterisks, so no length changes. A key is found in each of
its forms, of which every character may be spelt in its own way. Time is linear in what is read:
all forms that may be going on are followed at once, from one character to the next. How long that
takes is told as *work*: a character that is looked at is one, reading how it is spelt some more.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator

from nono.broker.credentials.beginnings import Beginnings
from nono.broker.credentials.forms import Forms
from nono.broker.credentials.spellings import Reader

_STAR = ord("*")
_TOLD = 3
_NOTHING_YET = -1
_ASKED = 64
"""How much work goes on before somebody is asked whether to stop."""
_APART = b"\t"
"""No spelling begins with it, and no line."""

IsOver = Callable[[int], bool]
"""Whether to stop after so much work."""

Begun = dict[int, int]
"""Forms that may be going on: their places, and where each began. `_NOTHING_YET` is the place of
whichever may begin here."""


def _never(work: int) -> bool:
    return False


class TooMuchWork(Exception):
    """Text in which keys would have to be looked for longer than was allowed."""


class Mask:
    """Some keys in all forms that they are repeated in."""

    def __init__(self, *keys: bytes) -> None:
        self.forms = Forms(*keys)
        self.beginnings = Beginnings([*self.forms.plain, *self.forms.encoded], self.forms.encoded)

    def __repr__(self) -> str:
        return "Mask(...)"

    def covered(self, data: bytes) -> bytes:
        """The same with the keys masked."""
        return self._covered(data, math.inf)[0]

    def covered_all(self, parts: Iterable[bytes], most: int) -> list[bytes]:
        """Each with the keys masked. Raises TooMuchWork if all of them take more."""
        covered, left = [], most
        for each in parts:
            text, work = self._covered(each, left)
            covered.append(text)
            left -= work
        return covered

    def _covered(self, data: bytes, most: float) -> tuple[bytes, int]:
        """And the work that it was. Raises TooMuchWork."""
        if len(data) < self.forms.shortest:
            return data, 0
        waiting = {at: {_NOTHING_YET: at} for at in self.beginnings.within(data)}
        if not waiting:
            return data, 0
        reader = Reader(data)
        _, spans = _follow(self.forms, reader, len(data), waiting, lambda work: work > most)
        if waiting:
            raise TooMuchWork
        return _masked(data, 0, len(data), spans), reader.work

    def may_be_in(self, parts: Iterable[bytes]) -> bool:
        """Whether a key may begin in one of them: said of all at once, and never too seldom."""
        return bool(self.beginnings.within(_APART.join(parts)))

    def text(self, text: str) -> str:
        """The same for text."""
        return self.covered(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )


class Masking:
    """A stream on its way: only what may be the beginning of the key is held back.

    At its end, what may be one is passed on as long as it is at most 3 bytes, or one character in
    whatever spelling: a message that ends with an `s` must not wait for the next one until it is
    complete. When the key does follow, its rest is masked.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._data = b""
        """What was passed on and may be looked at again, and what is held back."""
        self._reader = Reader(b"")
        self._passed = 0
        self.has_more = False
        """What was fed is not looked through yet."""
        self._waiting: dict[int, Begun] = {}
        self._spans: list[tuple[int, int]] = []

    def feed(self, data: bytes, is_over: IsOver = _never) -> bytes:
        """What can be passed on now. More is fed when it has no more to look through."""
        before = len(self._data)
        data = self._data + data
        beginnings = self._mask.beginnings
        for at in (*beginnings.within(data, before), *beginnings.at_end(data, before)):
            self._waiting.setdefault(at, {})[_NOTHING_YET] = at
        if not self._waiting:
            return data
        self._data, self._reader = data, Reader(data)
        return self.go_on(is_over)

    def go_on(self, is_over: IsOver) -> bytes:
        """What can be passed on now of what was fed: each time, more of it is looked through."""
        data, reader, waiting = self._data, self._reader, self._waiting
        begun, spans = _follow(self._mask.forms, reader, len(data), waiting, is_over)
        self._spans += spans
        self._waiting = {**begun, **waiting}
        self.has_more = bool(waiting)
        held = self._first() if self.has_more else self._held(reader, len(data))
        held = max(self._passed, held)
        passed = _masked(data, self._passed, held, self._spans)
        if self.has_more:
            self._passed = held
        else:
            self._forget(data, held)
        return passed

    def finish(self) -> bytes:
        """The rest, at the end of the stream."""
        rest = _masked(self._data, self._passed, len(self._data), self._spans)
        self._data, self._passed, self._waiting, self._spans = b"", 0, {}, []
        return rest

    def _first(self) -> int:
        """Where the first form begins that is waited for."""
        return min(start for begun in self._waiting.values() for start in begun.values())

    def _held(self, reader: Reader, end: int) -> int:
        """From where on the end must wait: where the first begins that is long enough."""
        forms = self._mask.forms
        held = end
        for at, begun in self._waiting.items():
            is_inside = at < end and not reader.is_blank(at)
            length = end if is_inside else at
            for place, start in begun.items():
                count = is_inside + (0 if place == _NOTHING_YET else forms.count(place))
                if count > 1 and length - start > _TOLD:
                    held = min(held, start)
        return held

    def _forget(self, data: bytes, held: int) -> None:
        """Keep what is held and what has to be read again, and count from there."""
        first = min((held, *self._waiting))
        self._data, self._passed = data[first:], held - first
        self._waiting = {
            at - first: {place: start - first for place, start in begun.items()}
            for at, begun in self._waiting.items()
        }
        self._spans = [(a - first, b - first) for a, b in self._spans if b > held]


def _follow(
    forms: Forms, reader: Reader, end: int, waiting: dict[int, Begun], is_over: IsOver
) -> tuple[dict[int, Begun], list[tuple[int, int]]]:
    """Go on with what waits to the end; what waits for more behind it, and the complete forms.

    What was not come to is left in `waiting`.
    """
    spans: list[tuple[int, int]] = []
    open_ended: dict[int, Begun] = {}
    order = list(waiting)
    heapq.heapify(order)
    asked = reader.work + _ASKED
    while order:
        if reader.work >= asked:
            if is_over(reader.work):
                break
            asked = reader.work + _ASKED
        reader.work += 1
        at = heapq.heappop(order)
        begun = waiting.pop(at)
        if at < end:
            for place, start, after in _steps(forms, reader, at, begun):
                if forms.is_whole(place):
                    spans.append((start, after))
                    continue
                if after not in waiting:
                    waiting[after] = {}
                    heapq.heappush(order, after)
                known = waiting[after]
                known[place] = min(start, known.get(place, start))
            if not reader.is_short:
                continue
            if reader.is_line_end(at):
                begun = {p: s for p, s in begun.items() if forms.may_be_wrapped(p)}
        if begun:
            open_ended[at] = begun
    return open_ended, spans


def _steps(forms: Forms, reader: Reader, at: int, begun: Begun) -> Iterator[tuple[int, int, int]]:
    """Each place that a character at `at` leads to, where its form began, where the next is."""
    direct, joined, wrapped = reader.units(at)
    for place, start in begun.items():
        if place == _NOTHING_YET:
            for after, char in direct:
                yield from ((place, start, after) for place in forms.begin(char))
            continue
        for after, char in (*direct, *joined, *(wrapped if forms.may_be_wrapped(place) else ())):
            if forms.goes_on(place, char):
                yield place + 1, start, after


def _masked(data: bytes, first: int, last: int, spans: list[tuple[int, int]]) -> bytes:
    """`data` from `first` to `last`, with asterisks for the spans."""
    if not spans:
        return data[first:last]
    masked = bytearray(data)
    for began, end in spans:
        start = max(began, 0)  # what went before is passed on and forgotten
        masked[start:end] = bytes((_STAR,)) * (end - start)
    return bytes(masked[first:last])
