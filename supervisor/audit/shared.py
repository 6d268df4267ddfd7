"""An audit that two write: the lane in C writes down what it does without asking Python.

The audit hands on where its records end whenever it has written some, and takes that over before it
writes again; both sides hold the same lock meanwhile. So there is one chain, and one pace.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import msgpack

from nono.broker.audit.chain import Seal, Writer
from nono.broker.audit.plain_policy import plain_origin
from nono.broker.plain_request import plain_request
from nono.broker.requests import RecordedProcess

if TYPE_CHECKING:
    from nono.broker import Origin, Request
    from nono.broker.audit.pace import Pace
    from nono.supervisor.audit.sessions import NewSession

End = tuple[int, int, int, bytes, int]
"""Records, bytes, where the last begins, its digest; the errno that ended it, or 0."""


class Journal(Protocol):
    """The other side, as shims/linux/journal.py has it; all with the lock held that it is."""

    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...

    @property
    def end(self) -> End: ...
    def go_on(self, end: End, records: int, seal: int, limit: int) -> None: ...
    def pace(
        self,
        bound: int,
        by_eighths: tuple[tuple[int, int], ...],
        second: int,
        written: int,
        pending: bool,
    ) -> None: ...
    def admits(self, time: int, kind: str, about: bytes) -> bool: ...
    def see(self, kind: str, about: bytes) -> None: ...
    def take(self, time: int | None = None) -> dict[str, int] | None: ...
    def know(self, tid: int, process: bytes) -> None: ...
    def forget(self) -> None: ...
    @property
    def missed(self) -> int: ...


class Shared:
    """`with shared:` takes over where the records end, and hands it on again."""

    def __init__(self, journal: Journal, session: NewSession, writer: Writer, most: int) -> None:
        self.journal = journal
        self._session: NewSession | None = session
        self._writer = writer
        self._most = most
        self.error = 0
        """The errno that the other side could not write for."""
        with journal:
            self._hand_on()

    def __enter__(self) -> Shared:
        self.journal.__enter__()
        try:
            records, size, last, digest, self.error = self.journal.end
            if self._session is not None and records != self._writer.seal.records:
                self._writer.seal = Seal(records, size, last, digest)
                self._session.records.note_size(size)
        except BaseException:  # of a signal handler, as of Ctrl-C: the lock is not kept
            self.journal.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._hand_on()
        finally:
            self.journal.__exit__(kind, error, trace)

    def _hand_on(self) -> None:
        seal, session = self._writer.seal, self._session
        end = (seal.records, seal.size, seal.last, seal.digest, 0)
        if session is None:
            self.journal.go_on(end, -1, -1, 0)
        else:
            limit = min(self._most, session.records.bound)
            self.journal.go_on(end, session.records.last, session.seal, limit)

    def end(self) -> None:
        """With the lock held: nothing is written by the other side any more."""
        self._session = None

    def know(self, tid: int, process: RecordedProcess) -> None:
        """Who the thread is, as records tell it."""
        parts = (process.pid, process.exe, process.argv)
        packed = b"".join(msgpack.packb(each, unicode_errors="surrogateescape") for each in parts)
        with self.journal:
            self.journal.know(tid, packed)

    def misses(self, tid: int) -> bool:
        """Whether the other side has just met this thread without knowing it."""
        return self.journal.missed == tid

    def forget(self) -> None:
        """Whoever was known may be another by now."""
        with self.journal:
            self.journal.forget()


def packed_origin(origin: Origin) -> bytes:
    """As it stands in a record."""
    packed: bytes = msgpack.packb(plain_origin(origin), unicode_errors="surrogateescape")
    return packed


def packed_request(request: Request) -> bytes:
    """As it stands in a record."""
    packed: bytes = msgpack.packb(plain_request(request), unicode_errors="surrogateescape")
    return packed


class SharedPace:
    """In the place of a `Pace`, and as it does, from where that one is."""

    def __init__(self, journal: Journal, pace: Pace, bound: int) -> None:
        self._journal = journal
        passed = pace.passed()
        self._summed = passed.summed
        known = passed.by_eighths, passed.second, passed.written
        journal.pace(bound, *known, bool(passed.summed))
        for kind, about in passed.seen:
            journal.see(kind, _about(about))

    def admits(self, time: int, size: int, kind: str, about: object) -> bool:
        """As Pace.admits; the size is known there."""
        if self._journal.admits(time, kind, _about(about)):
            return True
        self._summed[kind] = self._summed.get(kind, 0) + 1
        return False

    def take(self, time: int | None = None) -> dict[str, int]:
        """As Pace.take."""
        counted = self._journal.take(time)
        if counted is None:
            return {}
        summed, self._summed = self._summed, {}
        for kind, count in counted.items():
            summed[kind] = summed.get(kind, 0) + count
        return summed


def _about(what: object) -> bytes:
    return os.fsencode(what) if isinstance(what, str) else b""
