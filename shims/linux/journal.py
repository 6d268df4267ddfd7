"""The part of an audit that the lane in C writes by itself: see journal.h.

What both sides go by is read and changed with the lock held: `with journal:`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nono.shims.linux.lane import library
from nono.shims.linux.libc import ffi

_NANOSECONDS = 1_000_000_000
COUNTED = ("allow Open", "allow PathChange create", "allow Connect", "deny Open")
"""What is counted there, as an audit names it."""


End = tuple[int, int, int, bytes, int]
"""Where a chain of records ends: their number, their bytes, where the last begins, its digest.

The last is an errno for which nothing is written any more, or 0.
"""


class Journal:
    """Made by `made`. May be used from any thread."""

    def __init__(self, compiled: Any) -> None:
        made = compiled.nono_journal_new()
        if not made:
            raise MemoryError
        self._library = compiled
        self.pointer = ffi.gc(made, compiled.nono_journal_free)
        self._shared = ffi.cast("struct shared *", made)

    def __enter__(self) -> Journal:
        self._library.nono_journal_lock(self.pointer)
        return self

    def __exit__(self, *_: object) -> None:
        self._library.nono_journal_unlock(self.pointer)

    def pace(
        self,
        bound: int,
        by_eighths: Iterable[tuple[int, int]],
        second: int,
        written: int,
        pending: bool,
    ) -> None:
        """How many decisions are written in a second, by eighths of a bound, and were in this.

        `pending` says that some were counted and not taken.
        """
        shared = self._shared
        shared.bound, shared.second, shared.written = bound, second, written
        shared.pending = pending
        for number, (every, fresh) in enumerate(by_eighths):
            shared.all[number], shared.fresh[number] = every, fresh

    @property
    def end(self) -> End:
        shared = self._shared
        digest = bytes(ffi.buffer(shared.digest))
        return shared.count, shared.size, shared.last, digest, shared.error

    def go_on(self, end: End, records: int, seal: int, limit: int) -> None:
        """Write behind this end, to these descriptors; only up to a size. -1 ends it."""
        shared = self._shared
        shared.count, shared.size, shared.last, digest, _ = end
        ffi.buffer(shared.digest)[:] = digest
        shared.records, shared.seal, shared.limit = records, seal, limit

    def admits(self, time: int, kind: str, about: bytes) -> bool:
        """As broker/audit/pace.py; what is counted is for the caller to `take`."""
        name = kind.encode()
        admits = self._library.nono_journal_admits
        is_admitted = bool(admits(self.pointer, time, name, len(name), about, len(about)))
        if not is_admitted:
            self._shared.pending = 1
        return is_admitted

    def see(self, kind: str, about: bytes) -> None:
        """This was written in this second."""
        name = kind.encode()
        self._library.nono_journal_see(self.pointer, name, len(name), about, len(about))

    def take(self, time: int | None = None) -> dict[str, int] | None:
        """What was counted there, which then begins anew.

        None while the second of `time` is the one that it was counted in, or nothing was counted.
        """
        shared = self._shared
        if not shared.pending or (time is not None and time // _NANOSECONDS == shared.second):
            return None
        counted = {kind: count for kind, count in zip(COUNTED, shared.summed, strict=True) if count}
        shared.summed, shared.pending = [0] * len(COUNTED), 0
        return counted

    def know(self, tid: int, process: bytes) -> None:
        """The thread is of the process that this msgpack tells of."""
        self._library.nono_journal_know(self.pointer, tid, process, len(process))

    @property
    def missed(self) -> int:
        """The thread of the last call that was left since nobody had told who that is, or 0."""
        tid: int = self._shared.missed
        return tid

    def forget(self) -> None:
        """Whoever was known may be another by now."""
        self._library.nono_journal_forget(self.pointer)

    def note(
        self,
        tid: int,
        path: bytes,
        access: int,
        origin: bytes | None,
        time: int,
        error: int = 0,
        own: bool = False,
    ) -> bool:
        """Write a decision down; for tests. One on a new file, without an access.

        With an error it is a refusal.
        """
        kept = ffi.from_buffer(path), ffi.NULL if origin is None else ffi.from_buffer(origin)
        length = 0 if origin is None else len(origin)
        kind, is_native = 3 if error else int(not access), int(origin is None)
        decision = ffi.new(
            "struct decision *",
            (
                *(tid, kind, access, error, is_native, own),
                *(kept[0], len(path), kept[1], length, ffi.NULL, 0),
            ),
        )
        return bool(self._library.nono_journal_note(self.pointer, decision, time))


def made() -> Journal | None:
    """None where no lane was compiled."""
    compiled, _ = library()
    return None if compiled is None else Journal(compiled)
