"""What was requested through the proxy: counted for the report, and told to the audit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nono.broker.audit.records import Exchange

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import Audit

_MAX_REASONS = 20


@dataclass(slots=True)
class Count:
    """The requests to one service with one outcome; bytes are those of bodies."""

    requests: int = 0
    sent: int = 0
    received: int = 0


def usage_of(exchanges: Iterable[Exchange]) -> Usage:
    """What was recorded of a run."""
    usage = Usage()
    for each in exchanges:
        usage.note(*each[1:])
    return usage


@dataclass(slots=True)
class Usage:
    """Of one sandbox, noted in trio's thread.

    `reasons` are the refusals and failures, each once, at most 20.
    """

    audit: Audit | None = None
    counts: dict[tuple[str, int], Count] = field(default_factory=dict)
    reasons: dict[tuple[str, str], int] = field(default_factory=dict)

    def note(
        self,
        service: str,
        method: str,
        path: str,
        status: int,
        sent: int = 0,
        received: int = 0,
        reason: str = "",
    ) -> None:
        """One request that was answered, or broke off. `service` is empty where none was meant."""
        count = self.counts.get((service, status))
        if count is None:
            count = self.counts[service, status] = Count()
        count.requests += 1
        count.sent += sent
        count.received += received
        if reason and ((service, reason) in self.reasons or len(self.reasons) < _MAX_REASONS):
            self.reasons[service, reason] = self.reasons.get((service, reason), 0) + 1
        if self.audit is not None:
            exchange = Exchange(
                time.time_ns(), service, method, path, status, sent, received, reason
            )
            with contextlib.suppress(OSError):
                self.audit.exchange(exchange)

    def services(self) -> Iterator[tuple[str, dict[int, Count]]]:
        """Each service with its counts by status, sorted."""
        names = sorted({name for name, _ in self.counts})
        for name in names:
            found = {status: count for (each, status), count in self.counts.items() if each == name}
            yield name, dict(sorted(found.items()))
