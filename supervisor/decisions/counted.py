"""Decisions of a run that counts its calls: what each thread decided on is known for a moment."""

from __future__ import annotations

import threading

from nono.broker import Request, Verdict
from nono.supervisor.decisions.decide import Decisions


class _OfThread(threading.local):
    request: Request | None = None


class CountedDecisions(Decisions):
    """Decides as `Decisions` does."""

    _of_thread = _OfThread()

    def take_request(self) -> Request | None:
        """The first request that this thread decided on since it was asked last, if any."""
        found, self._of_thread.request = self._of_thread.request, None
        return found

    def note_native(self, request: Request) -> None:
        self._note_first(request)
        super().note_native(request)

    def verdict(self, request: Request) -> tuple[Request, Verdict]:
        self._note_first(request)
        return super().verdict(request)

    def _decide(self, request: Request) -> tuple[Request, Verdict]:
        self._note_first(request)
        return super()._decide(request)

    def _note_first(self, request: Request) -> None:
        if self._of_thread.request is None:
            self._of_thread.request = request
