"""The loop: one thread that receives every stopped call of a sandbox and never waits for one.

A handler decides on a call and answers at once (continue, fail, or performed), or answers that
performing it may block; then the call is handed to `waiting` and becomes a task of its own. The
thread has a umask of its own and, for root, the capabilities of the sandbox and no more, so what
it performs it performs with the caller's rights.
"""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Callable, Mapping

from nono.shims.linux import capabilities, process
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.answers import Answer, Continue, Fail, Inject, Return, Wait
from nono.supervisor.call import Call
from nono.supervisor.caller import Caller
from nono.supervisor.enforcement import Enforcement

Handler = Callable[[Call, Enforcement], Answer]
_FAULT_LIMIT = 20


class Loop:
    """Serves one listener until the last process of the sandbox is gone."""

    def __init__(
        self,
        listener: Listener,
        enforcement: Enforcement,
        handlers: Mapping[int, Handler],
        init_pid: int,
        waiting: Callable[[Notification, Wait], None],
    ) -> None:
        self.listener = listener
        self.enforcement = enforcement
        self.faults: list[str] = []
        self._handlers = handlers
        self._init_pid = init_pid
        self._waiting = waiting
        self._memory = Memory()

    def run(self, keep: frozenset[int]) -> None:
        """The thread's body. `keep` are the capabilities that the sandbox has."""
        process.unshare(process.CLONE_FS)
        capabilities.drop_to(keep)
        self.listener.answer_on_same_processor()
        receive, serve = self.listener.receive, self._serve
        while (notification := receive()) is not None:
            serve(notification)

    def _serve(self, notification: Notification) -> None:
        answer: Answer
        try:
            answer = self._decide(notification)
            if isinstance(answer, Wait):
                self._waiting(notification, answer)
            else:
                respond(self.listener, notification.id, answer)
        except OSError as error:
            respond(self.listener, notification.id, Fail(error.errno or errno.EACCES))
        except Exception:
            # Our own fault: the call is denied and the run goes on.
            self._note_fault(traceback.format_exc())
            respond(self.listener, notification.id, Fail(errno.EACCES))

    def _decide(self, notification: Notification) -> Answer:
        handler = self._handlers.get(notification.number)
        if handler is None:
            return Fail(errno.ENOSYS)
        caller = Caller(notification.tid, self._init_pid)
        return handler(Call(notification, caller, self._memory, self.listener), self.enforcement)

    def _note_fault(self, text: str) -> None:
        if len(self.faults) < _FAULT_LIMIT:
            self.faults.append(text)


def respond(listener: Listener, notification_id: int, answer: Answer) -> None:
    """Give the caller its answer. Nothing happens when the caller is gone."""
    match answer:
        case Continue():
            listener.let_continue(notification_id)
        case Fail(number):
            listener.fail(notification_id, number)
        case Return(value):
            listener.succeed(notification_id, value)
        case Inject(fd, close_on_exec):
            _inject(listener, notification_id, fd, close_on_exec)
        case Wait():
            raise TypeError("a call that waits has no answer yet")


def _inject(listener: Listener, notification_id: int, fd: int, close_on_exec: bool) -> None:
    try:
        listener.inject(notification_id, fd, os.O_CLOEXEC if close_on_exec else 0)
    except OSError as error:
        # EMFILE at the caller's RLIMIT_NOFILE is its answer; ENOENT means that it is gone.
        if error.errno != errno.ENOENT:
            listener.fail(notification_id, error.errno or errno.EACCES)
    finally:
        os.close(fd)
