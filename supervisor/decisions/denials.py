"""What was refused during a run: each object once, with how often."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from nono.broker import Ask, Deny, Request
from nono.broker.requests import PathRequest
from nono.broker.rules.rule import Effect, builtin
from nono.supervisor.places import home_directory

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
        self._denials: dict[tuple[object, ...], Denial] = {}
        self._harmless: dict[tuple[object, ...], Denial] = {}
        self.overflow = 0

    def record(self, request: Request, verdict: Deny | Ask) -> None:
        same = (*key(request), verdict.rule.origin)
        is_harmless = _is_harmless(request, verdict)
        found = self._harmless if is_harmless else self._denials
        with self._lock:
            known = found.get(same)
            if known is not None:
                found[same] = Denial(known.request, known.verdict, known.count + 1)
            elif len(found) < _MAX_DENIALS:
                found[same] = Denial(request, verdict)
            elif not is_harmless:
                self.overflow += 1

    @property
    def none(self) -> bool:
        """True when nothing was refused, be it harmless."""
        return not (self._denials or self._harmless)

    def all(self) -> list[Denial]:
        """As of now, in the order in which they first came."""
        with self._lock:
            return list(self._denials.values())

    def harmless(self) -> list[Denial]:
        """Those that programs do without, and that nobody has to do anything about."""
        with self._lock:
            return list(self._harmless.values())


def _is_harmless(request: Request, verdict: Deny | Ask) -> bool:
    if verdict.rule.origin == ABSENT_PROCESS.origin:
        return True
    if not isinstance(request, PathRequest) or verdict.rule.origin.is_of_person:
        return False
    # What only a run that is refused something needs is loaded only then.
    from nono.broker.harmless import harmless

    return harmless(request, home_directory(os.environ)) is not None


def key(request: Request) -> tuple[object, ...]:
    """What makes two refusals the same: everything but the process."""
    names = (name for name in request.__slots__ if name != "process")
    return (type(request), *(getattr(request, name) for name in names))
