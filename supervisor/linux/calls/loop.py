"""The loop: one thread that receives every stopped call of a sandbox and never waits for one.

A handler decides on a call and answers at once (continue, fail, or performed), or answers that
performing it may block; then the call is handed to `waiting` and becomes a task of its own. The
commonest calls get no handler: the fast lane lets them pass before, unless somebody is to be told
of each. Most of them are not even seen here where that lane is compiled (`compiled_lane.py`).
The thread has the umask of whoever calls (`making.py`) and, for root, the capabilities of the
sandbox and no more, so what it performs it performs with the caller's rights.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable

from nono.broker.dataclass import replace
from nono.shims.linux import capabilities
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Listener, Notification
from nono.shims.linux.process import copies_descriptors
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.refusal import Refusal
from nono.supervisor.decisions.undecided import NOTHING, Once, Undecided
from nono.supervisor.errors import StartError
from nono.supervisor.faults import Faults
from nono.supervisor.linux.calls.answers import (
    CONTINUE,
    WAITING,
    Answer,
    Continue,
    Fail,
    Given,
    Inject,
    InjectPair,
    Later,
    Replace,
    Restart,
    Retry,
    Return,
)
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.lanes.changing import Changing
from nono.supervisor.linux.calls.lanes.compiled_lane import compiled_lane
from nono.supervisor.linux.calls.lanes.fast_lane import FastLane
from nono.supervisor.linux.calls.lanes.native_changes import NativeChanges
from nono.supervisor.linux.calls.making import ByThread, Making, making
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.tasks import Background

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Protocol

    from nono.supervisor.linux.injected_files import InjectedFiles
    from nono.supervisor.linux.network.service import NetworkService
else:
    Protocol = object

Handler = Callable[[Call, Decisions], Answer]


class Handlers(Protocol):
    """Which handler serves which call."""

    def get(self, number: int) -> Handler | None:
        """By the call's number. Raises OSError, ImportError."""


class Loop:
    """Serves one listener until the last process of the sandbox is gone."""

    def __init__(
        self,
        listener: Listener,
        decisions: Decisions,
        handlers: Handlers,
        init_pid: int,
        own: OwnObjects,
        network: NetworkService | None,
        injected: InjectedFiles | None,
        waiting: Callable[[Notification, Later | Retry], None],
        background: Background,
        faults: Faults,
        ask: Callable[[Notification, Undecided], Later] | None = None,
    ) -> None:
        """`ask` makes what waits for a person's answer; None where nobody is asked."""
        self._ask = ask
        self.listener = listener
        self.decisions = decisions
        self._faults = faults
        self._handlers = handlers
        self._init_pid = init_pid
        self._own = own
        self._network = network
        self._injected = injected
        self._waiting = waiting
        self._background = background
        self._memory = Memory()
        self._changing = Changing()
        self._making: Making = ByThread()
        self._keep: frozenset[int] = frozenset()
        self._restrictions = OwnRestrictions(init_pid, decisions)
        self._witness = decisions.witness
        every_call = self._witness is not None and self._witness.every_call
        self._fast_lane = None if every_call else FastLane(decisions, self._memory)
        self._native_changes = NativeChanges(decisions, self._memory, init_pid)
        self._compiled = compiled_lane(
            self._fast_lane, listener, decisions, own, self._restrictions, init_pid, injected
        )

    def run(self, keep: frozenset[int]) -> None:
        """The thread's body. `keep` are the capabilities that the sandbox has."""
        self._making, self._keep = take_callers_rights(keep)
        try:
            self.listener.answer_on_same_processor()
            if self._compiled is not None:
                self._compiled.makes = isinstance(self._making, ByThread)
                network, copies = self._network, copies_descriptors()
                self._compiled.connects = network is None and copies
                by_name = network is not None and network.own_proxy is None
                self._compiled.connects_own = by_name and copies
                self._compiled.network = network
            receive, serve = (self._compiled or self.listener).receive, self._serve
            while (notification := receive()) is not None:
                serve(notification)
        finally:
            self._making.close()
            if self._compiled is not None:
                self._compiled.close()
            self._own.forget_sockets(self._init_pid)

    def _instead_of(self, error: OSError, notification: Notification) -> Answer:
        """The answer to a call whose handler failed."""
        number = error.errno or errno.EACCES
        if number not in (errno.EACCES, errno.EPERM):
            return Fail(number)
        try:
            # What only a program needs whose memory is closed is loaded only then.
            from nono.supervisor.linux.calls.files.unread import instead_of

            return instead_of(error, notification, self.decisions)
        except Exception:
            self._faults.note()
            return Fail(errno.EACCES)

    def _serve(self, notification: Notification) -> Answer:
        answer: Answer
        try:
            answer = self._decide(notification)
        except Refusal as refusal:
            answer = Fail(refusal.number)
        except OSError as error:
            answer = self._instead_of(error, notification)
        except StartError:  # what had to be looked at cannot be: no descriptor is left
            answer = Fail(errno.ENFILE)
        except Undecided as undecided:
            answer = self._ask(notification, undecided) if self._ask else Fail(errno.EACCES)
        except Exception:
            # Our own fault: the call is denied and the run goes on.
            self._faults.note()
            answer = Fail(errno.EACCES)
        try:
            if isinstance(answer, WAITING):
                self._waiting(notification, answer)
            else:
                respond(self.listener, notification.id, answer)
        except Exception:
            self._faults.note()
            with contextlib.suppress(OSError):
                self.listener.fail(notification.id, errno.EACCES)
        return answer

    def _decide(self, notification: Notification) -> Answer:
        if self._witness is not None and self._witness.refuses:
            return Fail(errno.EACCES)
        if not self._own.may_have_changed and self._changing.may(notification):
            self._own.may_have_changed = True
        lane, copied = self._fast_lane, None
        if lane is not None:
            if lane.covers(notification) or lane.covers_dotted(notification):
                return CONTINUE
            copied = lane.copied
        if self._native_changes.cover(notification):
            return CONTINUE
        memory, making, compiled = self._memory, self._making, self._compiled
        give = None if compiled is None else compiled.give
        return self._handle(notification, memory, making, NOTHING, copied, give)

    def handle_again(
        self, notification: Notification, memory: Memory, making: Making, once: Once
    ) -> Answer:
        """Run the whole handler again, after an answer; `once` is what this call alone may.

        For another thread with the same rights, a `memory` and a `making` of its own. Raises
        OSError and Undecided.
        """
        if self._witness is not None and self._witness.refuses:
            return Fail(errno.EACCES)
        return self._handle(notification, memory, making, once)

    def _handle(
        self,
        notification: Notification,
        memory: Memory,
        making: Making,
        once: Once,
        copied: tuple[int, bytes] | None = None,
        give: Callable[[int, int, int], bool] | None = None,
    ) -> Answer:
        handler = self._handlers.get(notification.number)
        if handler is None:
            return Fail(errno.ENOSYS)
        caller = Caller(notification.tid, self._init_pid)
        restrictions = self._restrictions
        call = Call(
            notification,
            caller,
            memory,
            self.listener,
            self._background,
            self._own,
            self._network,
            self._injected,
            restrictions,
            making,
            copied,
            self._compiled is not None and self._compiled.begun == notification.id,
            give,
        )
        if self._ask is not None:
            caller.asks, caller.once = True, once
        try:
            if not restrictions.fewer_capabilities:
                return _later_with(self._keep, handler(call, self.decisions))
            left = restrictions.capabilities_of(caller)
            with capabilities.with_only(left):
                return _later_with(left, handler(call, self.decisions))
        finally:
            caller.asks = False


def take_callers_rights(keep: frozenset[int]) -> tuple[Making, frozenset[int]]:
    """Give the calling thread a umask of its own and what it has of the capabilities `keep`.

    So that what it performs it performs with the caller's rights. Returns what makes files in the
    thread, which has to be closed, and the capabilities that it has.
    """
    return making(), capabilities.drop_without_execve(keep)


def _later_with(keep: frozenset[int], answer: Answer) -> Answer:
    """What is tried again on another thread is tried with the same rights."""
    return replace(answer, capabilities=keep) if isinstance(answer, Retry) else answer


def respond(listener: Listener, notification_id: int, answer: Answer) -> None:
    """Give the caller its answer. Nothing happens when the caller is gone."""
    match answer:
        case Continue():
            listener.let_continue(notification_id)
        case Fail(number):
            listener.fail(notification_id, number)
        case Return(value):
            listener.succeed(notification_id, value)
        case Inject():
            _inject(listener, notification_id, answer)
        case InjectPair() | Replace():
            # What only such a call needs is loaded only then.
            from nono.supervisor.linux.calls.installing import install

            install(listener, notification_id, answer)
        case Restart():
            listener.restart(notification_id)
        case Given():
            pass
        case Later() | Retry():
            raise TypeError("a call that waits has no answer yet")


def _inject(listener: Listener, notification_id: int, answer: Inject) -> None:
    flags = os.O_CLOEXEC if answer.close_on_exec else 0
    try:
        copy = listener.install(notification_id, answer.fd, flags)
    except OSError as error:
        # EMFILE at the caller's RLIMIT_NOFILE is its answer; ENOENT means that it is gone.
        if error.errno != errno.ENOENT:
            listener.fail(notification_id, error.errno or errno.EACCES)
        return
    finally:
        os.close(answer.fd)
    listener.succeed(notification_id, copy)
