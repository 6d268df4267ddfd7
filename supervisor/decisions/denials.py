"""What was refused during a run: each object once, with how often."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from operator import attrgetter

from nono.broker import Ask, Deny, Request
from nono.broker.dataclass import dataclass, replace
from nono.broker.requests import Metadata, PathChange, PathRequest
from nono.broker.rules.rule import Effect, builtin
from nono.supervisor.places import home_directory

_MAX_UNREAD = 20
_MAX_DENIALS = 2_000

ABSENT_PROCESS = builtin("processes of others are not there", Effect.DENY)
"""As with the option hidepid of proc(5): whoever looks through /proc passes them by."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused request and the verdict on it; `count` says how often it came so far."""

    request: Request
    verdict: Deny | Ask
    count: int = 1


class Denials:
    """Bounded: beyond 2,000 different ones only their number is kept. Used from any thread.

    What nobody can use is kept apart: harmless probes, and what is absent for every program.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._denials: dict[_Key, _Counted] = {}
        self._harmless: dict[_Key, _Counted] = {}
        self.overflow = 0
        self._unread: set[str] = set()

    def record(self, request: Request, verdict: Deny | Ask) -> None:
        same = (_key_of_object(request), verdict.rule.origin)
        known = self._denials.get(same)
        if known is not None and known.is_for_all:
            with self._lock:
                known.count += 1
            return
        is_harmless = self._is_harmless(request, verdict)
        found = self._harmless if is_harmless else self._denials
        with self._lock:
            known = found.get(same)
            if known is not None:
                known.count += 1
            elif len(found) < _MAX_DENIALS:
                found[same] = _Counted(request, verdict, not self._may_be_harmless(request))
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

    @property
    def none(self) -> bool:
        """True when nothing was refused, be it harmless."""
        return not (self._denials or self._harmless)

    def all(self) -> list[Denial]:
        """As of now, in the order in which they first came."""
        return self._listed(self._denials)

    def harmless(self) -> list[Denial]:
        """Those that programs do without, and that nobody has to do anything about."""
        return self._listed(self._harmless)

    def _listed(self, found: Mapping[_Key, _Counted]) -> list[Denial]:
        with self._lock:
            return [Denial(each.request, each.verdict, each.count) for each in found.values()]

    def _is_harmless(self, request: Request, verdict: Deny | Ask) -> bool:
        origin = verdict.rule.origin
        if origin == ABSENT_PROCESS.origin:
            return True
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
class _Counted:
    request: Request
    verdict: Deny | Ask
    is_for_all: bool
    """Whichever program it is, it is no harmless probe."""
    count: int = 1


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
