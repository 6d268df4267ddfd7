"""A running sandbox: what it allows by now, and a change of that while it runs.

Used from trio's thread. What the kernel's floor grants was fixed at the start, so only what came
afterwards can be taken back: answers, and what was granted here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from nono.broker import Access, Effect, Origin, OriginKind, Policy, Rule, visible
from nono.supervisor.asking.channel import QUIET
from nono.supervisor.errors import UsageError

if TYPE_CHECKING:
    from nono.broker.asking.control.conversation import Work
    from nono.supervisor.asking.asking import Asking
    from nono.supervisor.planning.options import Options

_MAX_SHOWN = 500


class Live:
    """Of one sandbox."""

    def __init__(self, asking: Asking, workdir: str) -> None:
        self._asking = asking
        self._workdir = workdir

    def status(self) -> dict[str, Any]:
        """As JSON has it: what was given since the start, what waits, and how much was asked.

        All text is safe to show.
        """
        asking = self._asking
        policy = asking.decisions.policy
        return {
            "given": [_plain(rule) for rule in (*policy.answers, *policy.network.answers)],
            "waiting": [question.id for question in asking.questions.open],
            "asked": asking.questions.log.count,
            "refused_without_a_question": asking.questions.limits.refused,
            "asks_no_more": asking.questions.has_quit,
        }

    async def grant(self, options: Options, person: str = "") -> str:
        """Allow what the options name, from now on; the number by which it can be taken back.

        As for a start: what a rule refuses stays refused, and nothing can be executed that could
        not be. Raises UsageError when the options name nothing that can be granted in a run, or
        what is refused, and broker.PolicyError.
        """
        import trio

        from nono.supervisor.asking.granting.granted import granted

        work = self._work(lambda: granted(options, self._workdir), person)
        made = await trio.to_thread.run_sync(work.perform)
        return str(work.finish(made)["number"])

    def grant_sections(self, sections: dict[str, Any], person: str = "") -> Work:
        """The same for sections of a profile, such as `{"filesystem": {"read": ["/srv"]}}`."""
        from nono.supervisor.asking.granting.granted_sections import granted_sections

        return self._work(lambda: granted_sections(sections, self.policy, self._workdir), person)

    @property
    def policy(self) -> Policy:
        """What the sandbox goes by now."""
        return self._asking.decisions.policy

    def _work(self, find: Callable[[], Sequence[Rule]], person: str) -> Work:
        """What looks at files is performed beside trio's thread."""
        from nono.broker.asking.control.conversation import Work
        from nono.supervisor.asking.granting.granted_sections import check_network, check_refusals

        asking = self._asking
        number, origin = asking.questions.next_origin()
        _ = asking.opened_later  # made in this thread

        def perform() -> list[Rule]:
            found = find()
            check_refusals(found, self.policy)
            check_network(found, self.policy)
            rules = [
                Rule(each.pattern, each.access & ~Access.EXECUTE, Effect.ALLOW, origin)
                for each in found
            ]
            try:
                asking.open(rules)
            except OSError as error:
                raise UsageError(f"nothing is granted: {error}") from error
            return rules

        def finish(rules: list[Rule]) -> dict[str, Any]:
            asking.note_change("granted", person, rules)
            asking.questions.decide_again()
            return {"number": number}

        return Work(perform, finish)

    def revoke(self, number: str, person: str = "") -> None:
        """Take an answer back, or what was granted; for "quiet", ask again about what a person
        wanted no more questions of. Raises UsageError for one that there is not.

        What is open already stays open: a descriptor is the program's.
        """
        if number == QUIET:
            self._ask_again(person)
            return
        policy = self._asking.decisions.policy
        given = [*policy.answers, *policy.network.answers]
        rules = [rule for rule in given if rule.origin.name.partition(",")[0] == number]
        if not rules:
            raise UsageError(f"nothing with the number {number[:20]} was given in this run")
        self._asking.decisions.retract(rules[0].origin)
        self._asking.note_change("revoked", person, rules)

    def _ask_again(self, person: str) -> None:
        questions = self._asking.questions
        had_quit = questions.has_quit
        self._asking.decisions.asks_no_more = None
        if not questions.limits.ask_again() and not had_quit:
            raise UsageError("everything is asked in this run, nothing is quiet")
        self._asking.note_asked_again(person)

    def reopen(self) -> bool:
        """Take the last refusal of the run back; False when there is none."""
        policy = self._asking.decisions.policy
        given = [*policy.answers, *policy.network.answers]
        refusals = [rule.origin for rule in given if rule.effect is Effect.DENY]
        questions = self._asking.questions
        had_quit = questions.has_quit
        self._asking.decisions.asks_no_more = None
        if refusals:
            self._asking.decisions.retract(max(refusals, key=_number))
        return bool(refusals) or had_quit


def _number(origin: Origin) -> int:
    number = origin.name.partition(",")[0]
    return int(number) if origin.kind is OriginKind.ANSWER and number.isdecimal() else 0


def _plain(rule: Rule) -> dict[str, str]:
    number, _, when = rule.origin.name.partition(", ")
    return {
        "number": number,
        "time": when,
        "effect": rule.effect.value,
        "what": visible(rule.pattern.spelled, limit=_MAX_SHOWN),
        "access": ",".join(each.name.lower() for each in rule.access if each.name),
    }
