"""`concurrent.futures` with workers that nobody has to trust."""

from __future__ import annotations

import os
import queue
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from nono.supervisor.errors import UsageError
from nono.supervisor.library.arguments import seconds
from nono.supervisor.library.pipes import DEVNULL
from nono.supervisor.library.policy import Given, Policy, as_plan
from nono.supervisor.library.workers import Hiring, Worker

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import AuditOptions

P = ParamSpec("P")
T = TypeVar("T")
MAX_RESULT = 64 << 20


class SandboxExecutor(Executor):
    """Calls functions in workers: interpreters that have a sandbox each.

    `policy` is what `Sandbox` takes; a Policy has the interpreter opened besides, None is
    `Policy.python()`. Functions and arguments go to a worker by cloudpickle, an extra:
    `pip install 'nono-sandbox[executor]'`. A result comes back as data: None, numbers, text, bytes,
    lists, tuples, sets, dicts, dates, Decimal, UUID and numpy arrays of plain types, at most
    `max_result` bytes. Objects of their subclasses arrive as these; anything else, and every
    exception, is a RemoteError.

    A call that takes longer than `timeout` seconds ends with its worker. A worker that dies or
    sends what is no result fails its own call, and another one takes its place. It is used for
    `max_tasks_per_child` calls, and an earlier call in it can falsify the later ones: with 1 each
    call has a worker, a sandbox and a TMPDIR of its own. `initializer` is called in each worker
    first; a function takes the globals that it uses along, so it leaves things for those after it
    in a module. What functions print goes to `output`: whatever `start` takes for a stream.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        policy: Given = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        max_tasks_per_child: int | None = None,
        timeout: float | None = None,
        max_result: int = MAX_RESULT,
        output: Any = DEVNULL,
        executable: str | os.PathLike[str] | None = None,
        audit: AuditOptions | None = None,
        ask: Any = None,
        best_effort: bool = False,
    ) -> None:
        workers = os.cpu_count() or 1 if max_workers is None else max_workers
        for name, given in (("max_workers", workers), ("max_tasks_per_child", max_tasks_per_child)):
            if given is not None and given < 1:
                raise ValueError(f"{name} must be at least 1")
        self._pid = os.getpid()
        self._dumps = _pickling()
        python = os.fspath(executable or sys.executable)
        first = None if initializer is None else self._dumps((initializer, initargs, {}))
        sandbox = {"audit": audit, "ask": ask, "best_effort": best_effort}
        plan = as_plan(_with_python(policy, python), [python])
        self._how = Hiring(plan, python, first, max_result, output, sandbox)
        self._timeout, self._max_tasks = seconds("timeout", timeout), max_tasks_per_child
        self._crew = _Crew()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="nono-executor")
        self._ended = weakref.finalize(self, self._crew.leave)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As every executor's. What cannot be pickled is the future's exception.

        Raises RuntimeError after `shutdown`, UsageError in a process that was forked.
        """
        if os.getpid() != self._pid:
            raise UsageError("the executor was made in another process")
        try:
            payload = self._dumps((fn, args, kwargs))
        except Exception as error:
            failed: Future[T] = Future()
            failed.set_exception(error)
            return failed
        crew = self._crew
        calling: tuple[Any, ...] = crew, self._how, payload, self._timeout, self._max_tasks
        future: Future[T] = self._threads.submit(_call, *calling)
        crew.expect()
        future.add_done_callback(crew.hear)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As every executor's: calls that run go on to their end."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        self._ended()

    def kill_workers(self) -> None:
        """End every worker now, and be shut down: calls that run or wait have no result."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._crew.dismiss()
        self._threads.shutdown(wait=True)


class _Crew:
    """The workers of one executor, idle or not. May be used from any thread."""

    def __init__(self) -> None:
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._all: set[Worker] = set()
        self._lock = threading.RLock()
        self._expected = 0
        self._is_leaving = False
        self._is_dismissed = False

    def expect(self) -> None:
        """One more call."""
        with self._lock:
            self._expected += 1

    def hear(self, future: Future[Any]) -> None:
        """A call has ended, or was cancelled."""
        with self._lock:
            self._expected -= 1
        self._leave_at_last()

    def leave(self) -> None:
        """Once the last call has ended."""
        self._is_leaving = True
        self._leave_at_last()

    def _leave_at_last(self) -> None:
        with self._lock:
            is_over = self._is_leaving and not self._expected
        if is_over:
            self.dismiss()

    def take(self, how: Hiring) -> Worker:
        """One that is idle, or another one. Raises NonoError."""
        while (found := self._from_idle()) is not None:
            if found.is_ready:
                return found
            self.end(found)
        worker = Worker(how)
        with self._lock:
            self._all.add(worker)
            is_late = self._is_dismissed
        if is_late:
            self.end(worker)
            raise UsageError("the executor was shut down")
        return worker

    def _from_idle(self) -> Worker | None:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return None

    def give_back(self, worker: Worker, max_calls: int | None) -> None:
        """After a call: kept for the next one, unless it is used up."""
        is_used_up = max_calls is not None and worker.calls >= max_calls
        if is_used_up or not worker.is_usable:
            self.end(worker)
        else:
            self._idle.put(worker)

    def end(self, worker: Worker) -> None:
        """This one, whatever it does."""
        with self._lock:
            self._all.discard(worker)
        worker.close()

    def dismiss(self) -> None:
        """All of them, and whoever comes later."""
        with self._lock:
            self._is_dismissed = True
            workers = list(self._all)
        for worker in workers:
            self.end(worker)


def _call(
    crew: _Crew, how: Hiring, payload: bytes, timeout: float | None, max_calls: int | None
) -> Any:
    """One call, in a thread of the host."""
    worker = crew.take(how)
    try:
        return worker.call(payload, timeout)
    finally:
        crew.give_back(worker, max_calls)


def _with_python(policy: Given, python: str) -> Given:
    if policy is None:
        return Policy.python(python)
    if isinstance(policy, Policy):
        return replace(policy, programs=(*policy.programs, python))
    return policy


def _pickling() -> Callable[[Any], bytes]:
    try:
        import cloudpickle
    except ImportError:
        why = "functions go to a sandbox by cloudpickle, which is not installed"
        raise UsageError(why, "pip install 'nono-sandbox[executor]'") from None
    dumps: Callable[[Any], bytes] = cloudpickle.dumps
    return dumps
