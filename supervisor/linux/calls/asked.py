"""Calls that a person decides: each waits as a task, and its handler is run again afterwards.

*Performed on our copy*, if at all: by the handler, which copies the arguments again, resolves them
again and decides again. What was asked about is never performed from memory: where it is another
object by now, that is another question.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from nono.broker.dataclass import dataclass, field
from nono.supervisor.decisions.plain_calls import is_plain
from nono.supervisor.decisions.undecided import NOTHING, Once, Undecided
from nono.supervisor.linux.calls.answers import WAITING, Answer, Later, Restart, Retry

if TYPE_CHECKING:
    from nono.shims.linux.notify import Notification
    from nono.supervisor.asking.asking import Asking
    from nono.supervisor.asking.waiting.call import WaitingCall
    from nono.supervisor.linux.calls.performer import Performer
    from nono.supervisor.linux.calls.waiting import WaitingCalls

_SLEEPS_THROUGH = frozenset({signal.SIGWINCH})
"""A question on a full screen makes the terminal tell its size: nobody expects open(2) to fail by
that (EINTR), and vim takes the file for empty then."""
_MAX_QUESTIONS = 16
"""Of one call: one whose object is another each time is refused after these."""


@dataclass(frozen=True, slots=True)
class AskedCalls:
    """Makes what the loop hands over to wait for a person."""

    asking: Asking
    waiting: WaitingCalls
    performer: Performer

    def ask(self, notification: Notification, undecided: Undecided) -> Later:
        """Called from the loop's thread. Never blocks."""
        plain = is_plain(undecided.policy, undecided.requests)
        call = _AskedCall(self, notification, undecided, plain)
        self.asking.wake()
        return Later(call.run, call.close, call.interrupted, False, _SLEEPS_THROUGH)


@dataclass(slots=True)
class _AskedCall:
    """One call from its first question to its answer. Used from trio's thread."""

    by: AskedCalls
    notification: Notification
    undecided: Undecided
    is_plain: bool
    _waiting: list[WaitingCall] = field(default_factory=list)
    _inner: Later | Retry | None = None
    """What the call waits for after the answer, a FIFO for instance."""
    _comes_back: bool = False

    async def run(self) -> Answer:
        """Raises OSError when it is refused."""
        for _ in range(_MAX_QUESTIONS):
            once = await self._answer()
            try:
                return await self._perform(once)
            except Undecided as undecided:
                self.is_plain = False
                if not once.rules:
                    self.undecided = undecided
                    continue
                more = undecided
            # What was allowed for once was allowed together, so what comes up now is asked about
            # with it. It is no part of this where the call has other arguments by now.
            try:
                return await self._perform(NOTHING)
            except Undecided as undecided:
                is_same = {*self.undecided.keys} <= {*undecided.keys}
                self.undecided = undecided.with_more(more) if is_same else undecided
        self.by.asking.decisions.refuse_unanswered(self.undecided.requests[0], None)

    async def _perform(self, once: Once) -> Answer:
        """Run the handler again. Raises Undecided, OSError."""
        answer = await self.by.performer.perform(self.notification, once)
        if isinstance(answer, WAITING):
            self._inner = answer
            answer = await self.by.waiting.perform(self.notification.id, answer)
        return answer

    async def _answer(self) -> Once:
        """What the answer allows this call alone. Raises OSError when it refuses."""
        from nono.supervisor.asking.waiting.call import Again

        request = self.undecided.requests[0]
        call = self.by.asking.questions.wait_for(request.process, self.undecided, self.is_plain)
        self._waiting.append(call)
        await call.done.wait()
        if isinstance(call.outcome, Again):
            return call.outcome.once
        why = None if call.outcome is None else call.outcome.why
        self.by.asking.decisions.refuse_unanswered(request, why)

    def interrupted(self) -> Answer:
        """For a caller with a signal to handle: it may come back with the same call."""
        answer = Restart() if self._inner is None else self._inner.interrupted()
        self._comes_back = isinstance(answer, Restart)
        return answer

    def close(self) -> None:
        for call in self._waiting:
            self.by.asking.questions.leave(call, comes_back=self._comes_back)
        if self._inner is not None:
            self._inner.close()
