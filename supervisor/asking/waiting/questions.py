"""The open questions of a run: which calls are one question, and what an answer does.

Calls that have enough in common are one question (`group`). After each answer everything that waits
is decided again, and what is covered by then is asked about no more. For trio's thread.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from nono.broker import Ask, Effect, Origin, Process
from nono.broker.asking.offers.making import QUIT
from nono.broker.asking.question import (
    Answer,
    Lasts,
    Offer,
    Question,
    Subject,
    SubjectKind,
    offered,
)
from nono.broker.rules.paths import parent
from nono.supervisor.asking.channel import Channel
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.waiting.asker import Asker, can_be_allowed, is_refusal
from nono.supervisor.asking.waiting.call import (
    Again,
    Refused,
    WaitingCall,
    outcome_of,
    with_origin,
)
from nono.supervisor.asking.waiting.company import wait_for_company
from nono.supervisor.asking.waiting.group import Group, common_of, showable
from nono.supervisor.asking.waiting.holding import Holding
from nono.supervisor.asking.waiting.limits import MAX_WAITING
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.undecided import Undecided

if TYPE_CHECKING:
    import trio

    from nono.supervisor.decisions.opened_later import OpenedLater

_COMES_BACK_SECONDS = 2.0


class Questions:
    """Of one sandbox, for all its programs. `serve` has to run for anybody to be asked."""

    def __init__(
        self,
        decisions: Decisions,
        dispatch: Dispatch,
        asker: Asker,
        later: OpenedLater | None = None,
    ) -> None:
        self._holding = Holding(decisions, later, asker.log)
        self.decisions = decisions
        self.dispatch = dispatch
        self.asker = asker
        self.place = asker.place
        self.limits = asker.limits
        self._quiet = asker.quiet
        self.log = asker.log
        self._groups: list[Group] = []
        self._left: dict[tuple[object, ...], WaitingCall] = {}
        self._nursery: trio.Nursery | None = None

    @property
    def has_quit(self) -> bool:
        """True when a person wants no more questions in this run."""
        return self.decisions.asks_no_more is not None

    @property
    def open(self) -> list[Question]:
        """Those that wait for an answer."""
        return [group.question for group in self._groups if group.question is not None]

    async def serve(self) -> None:
        """Ask, until cancelled."""
        import trio

        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for group in self._groups:
                nursery.start_soon(self._ask, group)
            await trio.sleep_forever()

    def wait_for(
        self, process: Process, undecided: Undecided, is_plain: bool = False
    ) -> WaitingCall:
        """Let a call wait: for its `done`. `leave` has to be called afterwards."""
        import trio

        call = WaitingCall(process, undecided, trio.Event(), is_plain)
        back = self._left.pop(call.name, None)
        if back is not None:
            back.left = False
            return back
        if self._is_decided(call):  # by an answer that came while this call was on its way
            call.settle(Again())
            return call
        self._join(call)
        return call

    def leave(self, call: WaitingCall, *, comes_back: bool = False) -> None:
        """The call waits no more. One that a signal interrupts may come back, for two seconds."""
        if comes_back and self._nursery is not None:
            call.left = True
            self._left[call.name] = call
            self._nursery.start_soon(self._forget, call)
        elif not call.left:
            self._withdraw(call)

    async def _forget(self, call: WaitingCall) -> None:
        import trio

        await trio.sleep(_COMES_BACK_SECONDS)
        if call.left and self._left.get(call.name) is call:
            del self._left[call.name]
            self._withdraw(call)

    def _withdraw(self, call: WaitingCall) -> None:
        call.forget()
        for group in self._groups:
            if call in group.calls:
                group.calls.remove(call)
                self._end_if_empty(group)
                return

    def _end_if_empty(self, group: Group) -> None:
        if not group.calls:
            group.scope.cancel()
            if group in self._groups:
                self._groups.remove(group)

    def _join(self, call: WaitingCall) -> None:
        import trio

        subject = self.asker.subject_of(call.undecided.requests[0])
        common = common_of(call, subject, self.place.around.home)
        begun = call.undecided.begun
        if begun is None and self._quiet.is_refused(call.program, subject, common[2]):
            call.settle(Refused())
            return
        for group in self._groups:
            if group.common == common and begun is None:
                group.calls.append(call)
                return
        if len(self._groups) >= MAX_WAITING:
            self.limits.note_refused()
            call.settle(Refused())
            return
        group = Group(*common, trio.CancelScope(), [call])
        if begun is not None:
            group.shown, group.question, group.begun = (call,), begun.question, begun
            call.undecided.begun = None
        self._groups.append(group)
        if self._nursery is not None:
            self._nursery.start_soon(self._ask, group)

    async def _ask(self, group: Group) -> None:
        """Ask one question, and do what the answer says. Our own fault refuses."""
        try:
            await self._ask_and_settle(group)
        except Exception:
            self.dispatch.faults.note()
            if group in self._groups:
                self._groups.remove(group)
            for call in group.calls:
                call.settle(Refused())

    async def _ask_and_settle(self, group: Group) -> None:
        answer: Answer | None = None
        channel: Channel | None = None
        question = group.question
        with group.scope:
            question = group.question or await self._question_for(group)
            started = time.monotonic() if group.begun is None else group.begun.started
            if question is not None and can_be_allowed(question.offers):
                answer, channel = await self.dispatch.ask(question, group.begun)
        if question is None or group.scope.cancelled_caught:
            self.log.withdrawn += group.question is not None
            return
        took = time.monotonic() - started
        offer = None if answer is None else offered(question, answer.offer)
        if is_refusal(offer) and channel is not None:  # somebody has seen it
            self._quiet.note_refusal(question, group.subject, group.apart)
        origin, offer = await self._do(question, offer)
        if group in self._groups:
            self._groups.remove(group)
        person = "" if answer is None else answer.person
        self._settle(group, question, offer, origin, channel, person, took)

    async def _question_for(self, group: Group) -> Question | None:
        """The question, once it is to be asked; None where its calls are part of another one."""
        attached = self.dispatch.attached
        if attached is not None and attached.is_person:
            await wait_for_company(group, self._groups)
        self._take_neighbours(group)
        if group.subject.kind is SubjectKind.DIRECTORY:
            await self._holding.refuse(group.calls)
            self._end_if_empty(group)
        if not group.calls:
            return None
        group.question = await self._question(group)
        self.asker.history.note(group.subject)
        return group.question

    def _take_neighbours(self, group: Group) -> None:
        """Directories beside each other that nobody was asked about yet are one question."""
        above = parent(group.subject.value)
        is_home = self.place.around.home in (above, group.subject.value)
        if group.subject.kind is not SubjectKind.DIRECTORY or is_home:
            return
        beside = [
            each
            for each in self._groups
            if each.question is None
            and each.subject.kind is SubjectKind.DIRECTORY
            and each.wishes == group.wishes
            and parent(each.subject.value) == above
        ]
        if len(beside) < 2:
            return
        group.subject = Subject(SubjectKind.DIRECTORY, above)
        for other in beside:
            if other is not group:
                group.calls += other.calls
                other.calls.clear()
                self._end_if_empty(other)

    async def _question(self, group: Group) -> Question:
        import trio

        group.shown = showable(group.calls)
        found = {
            key: question
            for call in group.shown
            for key, question in zip(call.keys, call.undecided.questions, strict=True)
        }
        program = group.shown[0].program
        waiting = len(group.calls)
        more = waiting - len(group.shown)
        about = self.asker.asked(tuple(found.values()), program, group.subject, waiting, more)
        channel, policy = self.dispatch.attached, self.decisions.policy
        if channel is None or not channel.is_person:
            made = self.asker.made(policy, about)
        else:
            making = partial(self.asker.made, policy, about, is_whole=True)
            made = await trio.to_thread.run_sync(making)
        return self._quiet.told(made, group.subject, group.apart)

    def _settle(
        self,
        group: Group,
        question: Question,
        offer: Offer | None,
        origin: Origin | None,
        channel: Channel | None,
        person: str,
        seconds: float,
    ) -> None:
        calls = [*group.calls]
        self.asker.record(question, offer, origin, channel, person, seconds, len(calls))
        group.calls.clear()
        for call in calls:
            self._settle_or_ask_again(call, group, offer, origin)
        self.decide_again()

    async def _do(
        self, question: Question, offer: Offer | None
    ) -> tuple[Origin | None, Offer | None]:
        """Make the answer a rule of the run; its origin, and the answer if it could be held."""
        if offer is None:
            return None, None
        _, origin = self.next_origin()
        if offer.id == QUIT:
            self.decisions.asks_no_more = origin
        elif offer.lasts is not Lasts.ONCE and not await self._holding.open(
            with_origin(offer.rules, origin)
        ):
            return None, None
        if offer.lasts is Lasts.ALWAYS:
            self._holding.keep(offer, question, self.place)
        return origin, offer

    def _settle_or_ask_again(
        self, call: WaitingCall, group: Group, offer: Offer | None, origin: Origin | None
    ) -> None:
        known = {key for each in group.shown for key in each.keys}
        is_shown = all(key in known for key in call.keys)
        if self.has_quit or (is_shown and (offer is None or origin is None)):
            call.settle(Refused())
        elif offer is None or origin is None or not is_shown or offer.lasts is not Lasts.ONCE:
            self._ask_again(call)
        elif offer.effect is Effect.ALLOW and call not in group.shown:
            self._ask_again(call)  # it came when the question was on the screen
        else:
            call.settle(outcome_of(call.undecided, offer, origin))

    def _ask_again(self, call: WaitingCall) -> None:
        """Decide again; what is still not decided waits for the next question."""
        if self._is_decided(call):
            call.settle(Again())
        else:
            self._join(call)

    def _is_decided(self, call: WaitingCall) -> bool:
        if call.undecided.policy is self.decisions.policy:
            return False
        requests = call.undecided.requests
        return not any(isinstance(self.decisions.verdict(each)[1], Ask) for each in requests)

    def decide_again(self) -> None:
        """Let go what the policy decides by now. To be called when the policy was changed."""
        for group in [*self._groups]:
            for call in [*group.calls]:
                if self.has_quit or self._is_decided(call):
                    group.calls.remove(call)
                    call.settle(Refused() if self.has_quit else Again())
            self._end_if_empty(group)

    def next_origin(self) -> tuple[str, Origin]:
        """The number of the next answer, and the origin of its rules."""
        return self.asker.next_origin()
