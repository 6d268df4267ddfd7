"""What was refused during a run: each object once, with how often."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from nono.broker import Ask, Deny, Request

_MAX_DENIALS = 2_000


@dataclass(frozen=True, slots=True)
class Denial:
    """A refused request and the verdict on it; `count` says how often it came so far."""

    request: Request
    verdict: Deny | Ask
    count: int = 1


class Denials:
    """Bounded: beyond 2,000 different ones only their number is kept. Used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._denials: dict[tuple[object, ...], Denial] = {}
        self.overflow = 0

    def record(self, request: Request, verdict: Deny | Ask) -> None:
        same = (*key(request), verdict.rule.origin)
        with self._lock:
            known = self._denials.get(same)
            if known is not None:
                self._denials[same] = Denial(known.request, known.verdict, known.count + 1)
            elif len(self._denials) < _MAX_DENIALS:
                self._denials[same] = Denial(request, verdict)
            else:
                self.overflow += 1

    def all(self) -> list[Denial]:
        """As of now, in the order in which they first came."""
        with self._lock:
            return list(self._denials.values())


def key(request: Request) -> tuple[object, ...]:
    """What makes two refusals the same: everything but the process."""
    names = (name for name in request.__slots__ if name != "process")
    return (type(request), *(getattr(request, name) for name in names))
