"""The audit of one sandbox: what was decided, written down as it happens.

Each record is one write(2), and one more renews the seal, so what was decided before nono is killed
is there. What comes too fast is counted instead: broker/audit/pace.py. A full file is followed by
another: record_files.py. What cannot be written (a full disk, a limit, more than 1 GiB in all) ends
the audit and not the run; an audit that is *required* refuses every later call instead.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from nono.broker import Allow, Ask, Deny, Effect, Execute, Policy, Process, Request, Verdict
from nono.broker.audit import records
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.audit.chain import Seal, Writer
from nono.broker.audit.pace import Pace
from nono.broker.audit.packed_policy import packed_start
from nono.broker.dataclass import dataclass
from nono.broker.requests import RecordedProcess
from nono.supervisor.audit.sessions import create_session
from nono.supervisor.decisions.undecided import AllowedByAnswer
from nono.supervisor.errors import StartError, failure
from nono.supervisor.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker import Origin, Rule
    from nono.broker.audit.asked_records import Said
    from nono.supervisor.audit.executing import Executing
    from nono.supervisor.audit.sessions import NewSession
    from nono.supervisor.audit.shared import Journal, Shared, SharedPace

MAX_BYTES = 1 << 30
"""Of all files of one session."""
_PACED_BYTES = MAX_BYTES
"""What is kept from becoming full by a flood; the audit ends at the other bound all the same."""
_MAX_PROCESSES = 1024
_ALONE = contextlib.nullcontext()


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How to keep an audit: `every_call` records also what the fast lane would let pass, slower;
    `required` refuses what cannot be recorded; `env`, or os.environ, says where sessions are kept.
    """

    every_call: bool = False
    required: bool = False
    env: Mapping[str, str] | None = None


class Audit:
    """Made by `open_audit`. May be used from any thread."""

    def __init__(
        self, session: NewSession | None, options: AuditOptions, stopped: str = ""
    ) -> None:
        self.name = session.name if session is not None else ""
        """Of the session: `nono audit show NAME`; empty when there is none."""
        self.options = options
        self.stopped = stopped
        """Why nothing is recorded any more, for people; empty while all is well."""
        self._session = session
        self._writer = Writer(many=options.every_call or options.required)
        self._lock = threading.Lock()
        self._pace: Pace | SharedPace = Pace(_PACED_BYTES)
        self._shared: Shared | None = None
        self._processes: dict[int | None, RecordedProcess] = {}
        self._executing: Executing | None = None

    @property
    def every_call(self) -> bool:
        """True when the calls of the fast lane are recorded as well."""
        return self.options.every_call

    @property
    def refuses(self) -> bool:
        """True when calls have to be refused because they cannot be recorded."""
        return bool(self.stopped) and self.options.required

    @property
    def may_refuse(self) -> bool:
        """True when `refuses` is asked for before each call."""
        return self.options.required

    def start(self, policy: Policy, tmpdir: str, packed: bytes = b"") -> None:
        """The first record; `packed` as `packed_start` has it.

        Raises StartError when it is required and cannot be written."""
        record = records.Start(time.time_ns(), VERSION, tmpdir, policy)
        with self._starting():
            self._append(packed_start(record, packed))

    def program(self, argv: Sequence[str], cwd: str) -> None:
        """A program is about to be started. Raises StartError as `start` does."""
        with self._starting():
            self._write(records.Program(time.time_ns(), tuple(argv), cwd))

    def share(self, make: Callable[[], Journal | None]) -> Journal | None:
        """Let what is made write records, too, from now on; None where it cannot."""
        is_each_told = self.options.every_call or self.options.required
        with self._lock:
            if self._shared is None and not (self.stopped or is_each_told) and self._session:
                self._share_now(make, self._session)
            return self._shared.journal if self._shared is not None else None

    def _share_now(self, make: Callable[[], Journal | None], session: NewSession) -> None:
        # Only long runs get this far.
        from nono.supervisor.audit.shared import Shared, SharedPace

        self._writer.expect_many()
        journal = make()
        if journal is None or not isinstance(self._pace, Pace):
            return
        with journal:
            self._pace = SharedPace(journal, self._pace, _PACED_BYTES)
        shared = Shared(journal, session, self._writer, MAX_BYTES)
        for tid, known in self._processes.items():
            if tid is not None:
                shared.know(tid, known)
        self._shared = shared

    @staticmethod
    def packed_origin(origin: Origin) -> bytes:
        """As it stands in a record."""
        from nono.supervisor.audit import shared

        return shared.packed_origin(origin)

    @staticmethod
    def packed_request(request: Request) -> bytes:
        """The same."""
        from nono.supervisor.audit import shared

        return shared.packed_request(request)

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _start_error(self.stopped) from error

    def exit(self, status: int | None) -> None:
        """A program ended. Never raises."""
        with contextlib.suppress(OSError):
            self._write(records.Exit(time.time_ns(), status))

    def limited(self, name: str, words: str) -> None:
        """A limit was reached. Never raises."""
        with contextlib.suppress(OSError):
            self._write(records.Limited(time.time_ns(), name, words))

    def unresolved(self, host: str, why: str) -> None:
        """A host has no known address. Raises OSError as `decision` does."""
        self._write(records.Unresolved(time.time_ns(), host, why))

    def answered(self, record: Answered | Changed) -> None:
        """A person answered, or changed what the sandbox allows. Raises OSError as `decision`."""
        self._write(record)

    def exchange(self, exchange: records.Exchange) -> None:
        """A request through the credential proxy. Raises OSError as `decision` does."""
        self._write(exchange)

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None:
        """To be called before the call is performed or refused.

        Raises OSError (EACCES) when an audit that is required cannot record it.
        """
        rule = verdict.rule
        said = verdict.said if isinstance(verdict, AllowedByAnswer) else None
        match verdict:
            case Allow():
                self._decision(request, decided, Effect.ALLOW, 0, rule.origin, said=said)
            case Deny(_, number):
                self._decision(request, decided, Effect.DENY, number, rule)
            case Ask():
                self._decision(request, decided, Effect.ASK, errno.EACCES, rule)

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None:
        """The same for a call that the floor alone decides, `refused` or not."""
        if refused is None:
            self._decision(request, request, Effect.ALLOW, 0, None, native=True)
        else:
            number = refused.errno if isinstance(refused, Deny) else errno.EACCES
            self._decision(request, request, Effect.DENY, number, refused.rule, native=True)

    def _decision(
        self,
        request: Request,
        decided: Request,
        effect: Effect,
        number: int,
        by: Origin | Rule | None,
        native: bool = False,
        said: Said | None = None,
    ) -> None:
        now = time.time_ns()
        if self._is_in_pace(now, request, "answered" if said else effect.value):
            process = self.process_of(request.process)
            other = None if decided is request else decided
            told = (effect, number, by, other, native)
            plain = records.plain_decision(now, process, request, *told)
            self._append(said.plain(plain) if said else plain)
        if isinstance(request, Execute):
            self._forget_processes()  # what they run, and who they are, may be another
            if effect is Effect.ALLOW:
                self._note_executing(request.process)

    def _forget_processes(self) -> None:
        self._processes.clear()
        if self._shared is not None:
            self._shared.forget()

    def _note_executing(self, process: Process) -> None:
        """The first thread of a process is the same program's until it has executed another."""
        pid, tid = process.pid, getattr(process, "tid", process.pid)
        if pid and tid != pid:
            from nono.supervisor.audit.executing import Executing  # seldom needed

            self._executing = self._executing or Executing()
            self._executing.note(pid, tid)

    def admits_answer(self, request: Request) -> bool:
        """Whether an answer of a function about the request is written, and not only counted."""
        return self._is_in_pace(time.time_ns(), request, "answered")

    def _is_in_pace(self, now: int, request: Request, what: str) -> bool:
        """Whether to write it; what was counted before is written first.

        An audit of every call, or one that is required, holds each.
        """
        if self.options.every_call or self.options.required:
            return True
        kind = _kind(what, type(request).__name__, getattr(request, "operation", ""))
        about = getattr(request, "path", None) or getattr(request, "address", None)
        with self._lock, self._shared or _ALONE:
            summed = self._pace.take(now)
            admitted = self._pace.admits(now, self._writer.seal.size, kind, about)
        self._write_summed(summed)
        return admitted

    def _write_summed(self, summed: Mapping[str, int]) -> None:
        for kind, count in summed.items():
            self._write(records.Summed(time.time_ns(), kind, count))

    def process_of(self, process: Process) -> RecordedProcess:
        """What is known of the caller. Reading it from /proc costs more than all the rest."""
        tid = getattr(process, "tid", None)
        known = self._processes.get(tid)
        if known is None:
            known = RecordedProcess(process.pid, process.exe, records.cut(process.argv))
            if self._executing is not None and self._executing.hold(known.pid, process):
                return known
            if len(self._processes) >= _MAX_PROCESSES:
                self._forget_processes()
            if tid is not None:
                self._processes[tid] = known
                if self._shared is not None:
                    self._shared.know(tid, known)
        elif self._shared is not None and tid is not None and self._shared.misses(tid):
            self._shared.know(tid, known)  # another thread had its place
        return known

    def _write(self, record: records.Record, last: bool = False) -> None:
        self._append(records.plain(record), last)

    def _append(self, content: list[object] | bytes, last: bool = False) -> None:
        with self._lock, self._shared or _ALONE:
            self._find_error()
            if not self.stopped and self._session is not None:
                self._append_now(self._session, content, last)
        if self.refuses:
            raise failure(errno.EACCES)

    def _find_error(self) -> None:
        """What the other side could not write ends the audit as well."""
        error = 0 if self._shared is None else self._shared.error
        if error and self._session is not None and not self.stopped:
            self._stop(self._session, os.strerror(error), self._writer.seal)

    def _append_now(self, session: NewSession, content: list[object] | bytes, last: bool) -> None:
        before = self._writer.seal
        record = self._writer.append(content, last)
        if before.size + len(record) > MAX_BYTES:
            self._stop(session, f"it has reached {MAX_BYTES >> 20} MiB", before)
            return
        try:
            session.records.append(record)
            os.pwrite(session.seal, self._writer.seal.pack(), 0)
        except OSError as error:
            self._stop(session, os.strerror(error.errno or 0), before)

    def _stop(self, session: NewSession, why: str, seal: Seal) -> None:
        """Leave whole records, as `seal` tells, which has its room already."""
        self.stopped = why
        if self._shared is not None:
            self._shared.end()
        with contextlib.suppress(OSError):
            session.records.cut(seal.size)
        with contextlib.suppress(OSError):
            os.pwrite(session.seal, seal._replace(stopped=True).pack(), 0)

    def close(self) -> None:
        """End the session. Never raises; may be called twice."""
        with contextlib.suppress(OSError):
            with self._lock, self._shared or _ALONE:
                summed = self._pace.take()
            self._write_summed(summed)
            # No other one is behind the last.
            with self._lock, self._shared or _ALONE:
                if self._shared is not None:
                    self._shared.end()
            self._write(records.End(time.time_ns(), self._writer.seal.records), last=True)
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()


def open_audit(options: AuditOptions) -> Audit:
    """Make a session for an audit. Where there can be none, it has `stopped` at once.

    Raises StartError for one that is required.
    """
    try:
        return Audit(create_session(os.environ if options.env is None else options.env), options)
    except OSError as error:
        why = (f"{error.filename}: " if error.filename else "") + f"{error.strerror}"
        if options.required:
            raise _start_error(why) from error
        return Audit(None, options, why)


@cache
def _kind(what: str, request: str, operation: str) -> str:
    """What decisions are counted by."""
    return f"{what} {request} {operation}".rstrip()


def _start_error(why: str) -> StartError:
    return StartError(f"the audit cannot be written: {why}", "leave out --audit=required")
