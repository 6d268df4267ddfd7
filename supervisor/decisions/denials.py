"""What was refused during a run: each object once, with how often."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from operator import attrgetter

from nono.broker import Access, Ask, Deny, Request, visible
from nono.broker.dataclass import dataclass, field, replace
from nono.broker.requests import DATAGRAMS_IPV6, Metadata, PathChange, PathRequest, Socket
from nono.broker.rules.rule import NO_DATAGRAMS, Effect, builtin
from nono.supervisor.places import home_directory

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.broker import Explanation

_MAX_UNREAD = 20
_MAX_DENIALS = 2_000
_MAX_SHOWN = 8192

ABSENT_PROCESS = builtin("processes of others are not there", Effect.DENY)
"""As with the option hidepid of proc(5): whoever looks through /proc passes them by."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused request and the verdict on it; `count` says how often it came so far.

    `explanation` is the verdict in words, where somebody has put it so. `reason_in_flags` is its
    reason as the command says it, where `reason` is said in Python.
    """

    request: Request
    verdict: Deny | Ask
    count: int = 1
    explanation: Explanation | None = None
    reason_in_flags: str = ""

    @property
    def summary(self) -> str:
        """What was refused, safe to show; empty without an explanation, as are the next two."""
        return "" if self.explanation is None else self.explanation.summary

    @property
    def reason(self) -> str:
        """Which rule refused it, or that none allows it."""
        return "" if self.explanation is None else self.explanation.reason

    @property
    def flags(self) -> tuple[str, ...]:
        """The options of `nono run` that would allow it, flags and values in turn."""
        return () if self.explanation is None else self.explanation.fix

    @property
    def fix(self) -> str:
        """What would allow it, to be pasted behind a `Policy`, such as `.read_files("/x")`."""
        from nono.broker.explaining.in_python import chain  # Most runs have no use for it.

        return chain(self.flags)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a report: plain values, safe to show."""
        # What only a report needs is loaded only then.
        from nono.broker.explaining.access_words import names

        asked = {name: getattr(self.request, name) for name in self.request.__slots__}
        fields = {
            name: names(value) if isinstance(value, Access) else str(value)
            for name, value in asked.items()
            if name not in ("process", "own", "detail") and value is not None
        }
        return {
            "request": type(self.request).__name__,
            **{name: visible(value, limit=_MAX_SHOWN) for name, value in fields.items()},
            "summary": self.summary,
            "reason": self.reason,
            "rule": str(self.verdict.rule.origin),
            "fix": list(self.flags),
            "fix_in_python": self.fix,
            "layer": "" if self.explanation is None else self.explanation.layer,
            "count": self.count,
        }


class Denials:
    """Bounded: beyond 2,000 different ones only their number is kept. Used from any thread.

    What nobody can use is kept apart: harmless probes, and what is absent for every program.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._denials: dict[_Key, Counted] = {}
        self._harmless: dict[_Key, Counted] = {}
        self.overflow = 0
        self.turned_away, self.most_waiting = 0, 0
        """Calls that failed since so many others waited, which is the bound."""
        self._unread: set[str] = set()
        self._elsewhere: set[Elsewhere] = set()

    def add_source(self, take: Elsewhere) -> None:
        """Count refusals that somebody else gives; `take` is called from any thread."""
        with self._lock:
            self._elsewhere.add(take)

    def remove_source(self, take: Elsewhere) -> None:
        """With what it has counted and nobody has taken yet."""
        with self._lock:
            self._elsewhere.discard(take)
            _add(take())

    def counted(self, request: Request, verdict: Deny | Ask) -> Counted | None:
        """What such refusals are counted in, if whoever is refused it is counted there."""
        known = self._denials.get((_key_of_object(request), verdict.rule.origin))
        return known if known is not None and known.is_for_all else None

    def add(self, counts: Iterable[Counts]) -> None:
        """More of what is counted already."""
        with self._lock:
            _add(counts)

    def record(self, request: Request, verdict: Deny | Ask) -> None:
        same = (_key_of_object(request), verdict.rule.origin)
        known = self._denials.get(same)
        asking = getattr(request.process, "init_pid", 0)
        if known is not None and known.is_for_all:
            with self._lock:
                known.add(asking)
            return
        is_harmless = self._is_harmless(request, verdict)
        found = self._harmless if is_harmless else self._denials
        with self._lock:
            known = found.get(same)
            if known is not None:
                known.add(asking)
            elif len(found) < _MAX_DENIALS:
                # What tells of the run may depend on the program, which is gone by then.
                _ = request.process.exe
                found[same] = Counted(request, verdict, not self._may_be_harmless(request))
                found[same].add(asking)
            elif not is_harmless:
                self.overflow += 1

    @property
    def unread(self) -> list[str]:
        """Programs whose calls were continued without having been read; at most 20."""
        with self._lock:
            return sorted(self._unread)

    def note_unread(self, program: str) -> None:
        """A call of this program was continued, and what the kernel says of it nobody hears."""
        with self._lock:
            if len(self._unread) < _MAX_UNREAD:
                self._unread.add(program)

    def note_turned_away(self, most: int) -> None:
        """A call would have had to wait, and `most` waited already."""
        with self._lock:
            self.turned_away += 1
            self.most_waiting = most

    @property
    def none(self) -> bool:
        """True when nothing was refused, be it harmless."""
        return not (self._denials or self._harmless)

    def all(self) -> list[Denial]:
        """As of now, in the order in which they first came."""
        return self._listed(self._denials)

    def of(self, init_pid: int) -> list[Denial]:
        """Those of one program of the sandbox, with how often it was refused each."""
        with self._lock:
            self._take_all()
            found = [(each, each.by.get(init_pid, 0)) for each in self._denials.values()]
        return [Denial(each.request, each.verdict, count) for each, count in found if count]

    def forget(self, init_pid: int) -> None:
        """The program has ended, and its number may be another's from now on."""
        with self._lock:
            self._take_all()
            for each in (*self._denials.values(), *self._harmless.values()):
                each.by.pop(init_pid, None)

    def harmless(self) -> list[Denial]:
        """Those that programs do without, and that nobody has to do anything about."""
        return self._listed(self._harmless)

    def _listed(self, found: Mapping[_Key, Counted]) -> list[Denial]:
        with self._lock:
            self._take_all()
            return [Denial(each.request, each.verdict, each.count) for each in found.values()]

    def _take_all(self) -> None:
        """Under the lock."""
        for take in self._elsewhere:
            _add(take())

    def _is_harmless(self, request: Request, verdict: Deny | Ask) -> bool:
        origin = verdict.rule.origin
        if origin == ABSENT_PROCESS.origin:
            return True
        if origin == NO_DATAGRAMS.origin:  # whether there is IPv6, asked before each connection
            return isinstance(request, Socket) and request.domain == DATAGRAMS_IPV6
        if not isinstance(request, PathRequest) or origin.is_of_person:
            return False
        # What only a run that is refused something needs is loaded only then.
        from nono.broker.harmless import harmless

        return harmless(request, self._home) is not None

    def _may_be_harmless(self, request: Request) -> bool:
        """Whether such a refusal is harmless where some other program is refused."""
        if not isinstance(request, PathRequest):
            return False
        from nono.broker.harmless import is_probed

        return is_probed(request.path, self._home)

    @cached_property
    def _home(self) -> str:
        return home_directory(os.environ)


@dataclass(slots=True)
class Counted:
    """A refusal, and how often it came."""

    request: Request
    verdict: Deny | Ask
    is_for_all: bool
    """Whichever program it is, it is no harmless probe."""
    count: int = 0
    by: dict[int, int] = field(default_factory=dict)
    """How often each program of the sandbox, by the process id of its init."""

    def add(self, init_pid: int, times: int = 1) -> None:
        """So many more. Under the lock."""
        self.count += times
        self.by[init_pid] = self.by.get(init_pid, 0) + times


Counts = tuple[Counted, int, int]
"""A refusal; the process id of the init of the program that it was given to; how often."""
Elsewhere = Callable[[], Iterable[Counts]]
"""How often refusals were given since it was asked last."""


def _add(counts: Iterable[Counts]) -> None:
    """Under the lock."""
    for counted, init_pid, times in counts:
        counted.add(init_pid, times)


_Key = tuple[object, ...]
_FIELDS: dict[type, Callable[[object], object]] = {}


def _key_of_object(request: Request) -> _Key:
    """What makes two refusals the same: a file is closed to each of its modes."""
    if isinstance(request, PathChange | Metadata) and request.detail:
        request = replace(request, detail="")
    return key(request)


def key(request: Request) -> _Key:
    """What makes two requests the same: everything but the process."""
    kind = type(request)
    fields = _FIELDS.get(kind)
    if fields is None:
        names = [name for name in request.__slots__ if name != "process"]
        fields = _FIELDS[kind] = attrgetter(*names)
    return kind, fields(request)
