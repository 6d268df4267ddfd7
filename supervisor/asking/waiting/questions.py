"""The open questions of a run: which calls are one question, and what an answer does.

Calls that have enough in common are one question (`group`). After each answer everything that waits
is decided again, and what is covered by then is asked about no more. For trio's thread.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from nono.broker import Ask, Deny, Effect, Origin, OriginKind, Policy, Process
from nono.broker.asking.history import History
from nono.broker.asking.offers.making import QUIT
from nono.broker.asking.question import Answer, Lasts, Offer, Question, Subject, SubjectKind
from nono.broker.asking.questions import question as make_question
from nono.broker.asking.subject import subject_of
from nono.broker.asking.surroundings import Asked, Place
from nono.broker.network.network import refusal_errno
from nono.broker.rules.paths import parent
from nono.supervisor.asking.channel import Channel
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.waiting.answered import Log, answered
from nono.supervisor.asking.waiting.call import Again, Refused, WaitingCall
from nono.supervisor.asking.waiting.company import wait_for_company
from nono.supervisor.asking.waiting.group import Group, common_of, of_call, showable, with_origin
from nono.supervisor.asking.waiting.holding import Holding
from nono.supervisor.asking.waiting.limits import MAX_WAITING, Limits
from nono.supervisor.asking.waiting.look import QuickLook
from nono.supervisor.asking.waiting.quiet import Quiet
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.undecided import Once, Undecided

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
        place: Place,
        log: Log,
        later: OpenedLater | None = None,
        run: str = "",
    ) -> None:
        """`run` is its name, by which a person speaks of it."""
        self._holding = Holding(decisions, later, log)
        self.decisions = decisions
        self.dispatch = dispatch
        self.place = place
        self._quick_place = replace(place, look=QuickLook())
        self.history = History()
        self.limits = Limits()
        self._quiet = Quiet(self.limits, place.around, log, run)
        self.log = log
        self._groups: list[Group] = []
        self._left: dict[tuple[object, ...], WaitingCall] = {}
        self._nursery: trio.Nursery | None = None
        self._numbers = 0
        self._answers = 0

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

        subject = subject_of(call.undecided.requests[0], self.place.look.is_directory)
        common = common_of(call, subject, self.place.around.home)
        if self._quiet.is_refused(call.program, subject, common[2]):
            call.settle(Refused())
            return
        for group in self._groups:
            if group.common == common:
                group.calls.append(call)
                return
        if len(self._groups) >= MAX_WAITING:
            self.limits.refused += 1
            call.settle(Refused())
            return
        group = Group(*common, trio.CancelScope(), [call])
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
        with group.scope:
            attached = self.dispatch.attached
            if attached is not None and attached.is_person:
                await wait_for_company(group, self._groups)
            self._take_neighbours(group)
            if group.subject.kind is SubjectKind.DIRECTORY:
                await self._holding.refuse(group.calls)
                self._end_if_empty(group)
            if not group.calls:  # it is part of another question by now
                return
            question = await self._question(group)
            group.question = question
            self.history.note(group.subject)
            started = time.monotonic()
            if any(each.effect is Effect.ALLOW for each in question.offers):
                answer, channel = await self.dispatch.ask(question)
        if group.scope.cancelled_caught:
            self.log.withdrawn += group.question is not None
            return
        took = time.monotonic() - started
        chosen = None if answer is None else answer.offer
        offer = next((each for each in question.offers if each.id == chosen), None)
        is_no = offer is None or (offer.effect, offer.lasts) == (Effect.DENY, Lasts.ONCE)
        if is_no and channel is not None:  # somebody has seen it
            self._quiet.note_refusal(question, group.subject, group.apart)
        origin, offer = await self._do(question, offer)
        if group in self._groups:
            self._groups.remove(group)
        person = "" if answer is None else answer.person
        self._settle(group, question, offer, origin, channel, person, took)

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

        self._numbers += 1
        group.shown = showable(group.calls)
        found = {
            key: question
            for call in group.shown
            for key, question in zip(call.keys, call.undecided.questions, strict=True)
        }
        program = group.shown[0].program
        waiting = len(group.calls)
        later = waiting - len(group.shown)
        asks = tuple(found.values())
        about = Asked(self._numbers, asks, program, waiting, group.subject, later)
        channel, policy = self.dispatch.attached, self.decisions.policy
        if channel is None or not channel.is_person:
            made = make_question(policy, about, self._quick_place, self.history)
            return self._quiet.told(made, group.subject, group.apart)
        making = partial(_made_whole, policy, about, self.place, self.history)
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
        name = "" if channel is None else channel.name
        record = answered(question, offer, name, person, seconds, len(calls), origin)
        self.log.note(record)
        if channel is not None:
            channel.settled(question, record.words or "nobody answered")
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
        elif offer.effect is Effect.ALLOW:
            rules = with_origin(of_call(offer.rules, call), origin)
            call.settle(Again(Once(rules, frozenset(call.keys))))
        else:
            request, asks = call.undecided.questions[0]
            rule = replace(asks.rule, effect=Effect.DENY, origin=origin)
            call.settle(Refused(Deny(rule, refusal_errno(request))))

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
        self._answers += 1
        number = str(self._answers)
        return number, Origin(OriginKind.ANSWER, f"{number}, {time.strftime('%H:%M')}")


def _made_whole(policy: Policy, about: Asked, place: Place, history: History) -> Question:
    """With all of its offers, and what they open, counted now: that is what a person is shown."""
    question = make_question(policy, about, place, history)
    return replace(question, offers=tuple(question.offers))
