"""Asking in one run: whom, whether anybody is there, and when a channel's parts are called."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from nono.broker import Access, Ask, Open, Operation, PathChange, Request, Rule, Verdict, visible
from nono.supervisor.asking.channel import Channel, ProgramTerminal
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.places import home_directory
from nono.supervisor.streams import Streams

if TYPE_CHECKING:
    import trio

    from nono.broker.asking.surroundings import Place
    from nono.supervisor.asking.waiting.at_once import AtOnce
    from nono.supervisor.asking.waiting.questions import Questions
    from nono.supervisor.audit.writer import Audit
    from nono.supervisor.decisions.opened_later import OpenedLater
    from nono.supervisor.decisions.undecided import AnsweredProcess, Undecided


_Why = Callable[[Request, Rule, str], str | None]


class Asking:
    """Of one sandbox, for all its programs. For trio's thread, but for what says otherwise.

    What makes questions is loaded at the first of them: a run without any costs nothing by it.
    """

    def __init__(
        self,
        decisions: Decisions,
        dispatch: Dispatch,
        place: Callable[[], Place],
        audit: Audit | None = None,
        later: Callable[[], OpenedLater] | None = None,
        run: str = "",
    ) -> None:
        """`place` tells where the run of this name asks from, `later` holds what is opened in it.

        Without that, what is opened is held by the policy alone.
        """
        self._run = run
        self._later = later
        self._opened_later: OpenedLater | None = None
        self.decisions = decisions
        self.dispatch = dispatch
        self._place = place
        self._audit = audit
        self._questions: Questions | None = None
        self._at_once: AtOnce | None = None
        self._lock = threading.Lock()
        self._is_serving = False
        self._nursery: trio.Nursery | None = None
        self._is_woken = False
        self.had_nobody = False
        """True when there would have been a question, and nobody to ask."""
        self._pipe: tuple[int, int] | None = None
        decisions.is_asked = self.is_asked
        decisions.answer_at_once = self.answer_at_once

    @property
    def questions(self) -> Questions:
        """Those of the run, which are made when somebody looks."""
        questions = self._made_questions()
        if self._nursery is not None and not self._is_serving:
            self._is_serving = True
            self._nursery.start_soon(questions.serve)
        return questions

    def _made_questions(self) -> Questions:
        """From any thread."""
        with self._lock:
            if self._questions is None:
                from nono.supervisor.asking.waiting.answered import Log
                from nono.supervisor.asking.waiting.asker import Asker
                from nono.supervisor.asking.waiting.questions import Questions

                asker = Asker(self._place(), Log(self._audit), self._run)
                later = self.opened_later
                self._questions = Questions(self.decisions, self.dispatch, asker, later)
            return self._questions

    def answer_at_once(self, undecided: Undecided) -> tuple[Request, Verdict]:
        """What is decided with the answer of a function that does not wait. From any thread.

        Raises OSError when it refuses, and Undecided where the call has to wait for its answer.
        """
        channel = self.dispatch.attached
        if channel is None or channel.at_once is None:
            raise undecided
        if self._at_once is None:
            from nono.supervisor.asking.waiting.at_once import AtOnce

            asker = self._made_questions().asker
            self._at_once = AtOnce(self.decisions, self.dispatch, asker)
        return self._at_once.answer(undecided, channel)

    @property
    def opened_later(self) -> OpenedLater | None:
        """That of the run, which is made when something is to be opened."""
        if self._opened_later is None and self._later is not None:
            self._opened_later = self._later()
        return self._opened_later

    def open(self, rules: Sequence[Rule]) -> None:
        """Open something for the rest of the run. Blocks, and raises as `OpenedLater.open` does."""
        if self.opened_later is None:
            self.decisions.extend(rules)
        else:
            self.opened_later.open(rules)

    @property
    def has_asked(self) -> bool:
        """True when there are questions to look at. From any thread."""
        return self._questions is not None

    @property
    def serves(self) -> bool:
        """Whether a channel has something to do before there is a question."""
        return any(type(each).serve is not Channel.serve for each in self.dispatch.channels)

    async def serve(self) -> None:
        """Ask, and serve the channels, until cancelled."""
        import trio

        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._is_serving = self._questions is not None
            if self._questions is not None:
                nursery.start_soon(self._questions.serve)
            for channel in self.dispatch.channels:
                nursery.start_soon(self._serve, channel)
            try:
                await trio.sleep_forever()
            finally:
                self._nursery, self._is_serving = None, False

    async def _serve(self, channel: Channel) -> None:
        try:
            await channel.serve()
        except Exception:
            self.dispatch.faults.note()

    def is_asked(self, request: Request, verdict: Ask) -> bool:
        """Whether somebody is asked about it: there has to be somebody. From any thread."""
        if self.decisions.asks_no_more is not None:
            return False
        is_nobody = self.dispatch.attached is None
        if (is_nobody and self.had_nobody) or self._opens_by_a_move(request):
            return False
        unasked, kernel_refuses = self._unasked
        if unasked(request, verdict.rule, self._home) is not None or kernel_refuses(request):
            return False
        if is_nobody and self.dispatch.attached is None:
            self.had_nobody = True
            return False
        return True

    @cached_property
    def _unasked(self) -> tuple[_Why, Callable[[Request], bool]]:
        """What nobody is asked about by its kind, and since the kernel refuses it anyway."""
        from nono.broker.asking.unasked import unasked
        from nono.supervisor.asking.waiting.kernel_refusals import kernel_refuses

        return unasked, kernel_refuses

    async def permit(self, request: Request) -> AnsweredProcess:
        """Ask about what comes up while a call is performed; the process with what it may by that.

        It may nothing more where nobody is to be asked. Raises OSError, after noting the refusal.
        """
        from nono.supervisor.asking.waiting.call import Again
        from nono.supervisor.decisions.undecided import NOTHING, AnsweredProcess, Once, Undecided

        process = request.process
        once: Once = getattr(process, "once", NOTHING)
        verdict = self.decisions.verdict(request)[1]
        if isinstance(verdict, Ask) and self.is_asked(request, verdict):
            call = self.questions.wait_for(
                process, Undecided(((request, verdict),), self.decisions.policy)
            )
            try:
                await call.done.wait()
            finally:
                self.questions.leave(call)
            if not isinstance(call.outcome, Again):
                why = None if call.outcome is None else call.outcome.why
                self.decisions.refuse_unanswered(request, why)
            once = once.with_more(call.outcome.once)
        return AnsweredProcess(process.pid, process.exe, process.argv, process.cwd, once)

    @cached_property
    def _home(self) -> str:
        return home_directory(os.environ)

    def _opens_by_a_move(self, request: Request) -> bool:
        """Whether what is closed would be open afterwards, for good: "once" says no such thing."""
        if not isinstance(request, PathChange) or request.operation is not Operation.RENAME_FROM:
            return False
        target = request.target
        return target is None or any(
            self.decisions.allows(Open(request.process, target, access))
            for access in (Access.READ, Access.WRITE)
        )

    def wake(self) -> None:
        """A call waits: whoever runs the program without trio so far is told. From any thread."""
        self._is_woken = True
        if self._pipe is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._pipe[1], b"!")

    def wakes(self) -> int:
        """A descriptor that becomes readable when a call waits."""
        if self._pipe is None:
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[1], False)
            if self._is_woken:
                self.wake()
        return self._pipe[0]

    def streams(self, streams: Streams) -> Streams:
        """What the program gets for its standard streams: a terminal of its own, for instance."""
        for channel in self.dispatch.channels:
            streams = channel.streams(streams)
        return streams

    @property
    def terminal(self) -> ProgramTerminal | None:
        """The terminal that a channel gives the program instead of the person's."""
        terminals = (each.terminal for each in self.dispatch.channels)
        return next((each for each in terminals if each is not None), None)

    def started(self, pid: int) -> None:
        """The program runs, as this process."""
        for channel in self.dispatch.channels:
            channel.started(pid)

    def close(self) -> None:
        """When no program runs any more."""
        for channel in self.dispatch.channels:
            channel.close()
        pipe, self._pipe = self._pipe, None
        for fd in pipe or ():
            os.close(fd)

    def note_change(self, deed: str, person: str, rules: Sequence[Rule]) -> None:
        """A person changed what the sandbox allows, without a question."""
        from nono.broker.audit.answer_records import Changed
        from nono.broker.explaining.access_words import names

        what = tuple(
            f"{rule.effect} {names(rule.access)} {visible(rule.pattern.spelled)}" for rule in rules
        )
        origin = rules[0].origin
        self.questions.log.note(Changed(time.time_ns(), deed, visible(person), what, origin))

    def note_asked_again(self, person: str) -> None:
        """A person wants to be asked again."""
        from nono.broker.audit.answer_records import Changed

        _, origin = self.questions.next_origin()
        what = ("refusals without a question",)
        self.questions.log.note(Changed(time.time_ns(), "revoked", visible(person), what, origin))
