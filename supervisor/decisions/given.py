"""What a policy is given while its program runs: answers, and the refusals that came with each.

What is opened later is held as at a start, by refusals of its own (`opened_later.py`). They go with
what they hold: afterwards the policy is as it was before. Those that speak of what another answer
opened go with that: to take one back opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nono.broker import Effect, File, Glob, Origin, Policy, Rule, Subtree, Subtrees, is_within
from nono.broker.dataclass import replace


class Given:
    """Of one sandbox. Whoever uses it holds a lock."""

    def __init__(self, at_start: Policy) -> None:
        self._at_start = at_start
        self._held: dict[Origin, tuple[tuple[Rule, ...], tuple[str, ...]]] = {}

    def extended(
        self,
        policy: Policy,
        rules: Iterable[Rule],
        refusals: Iterable[Rule],
        folding: Iterable[str],
    ) -> Policy:
        """The policy with answers, all of one origin, and what holds them. Raises PolicyError."""
        rules, refusals, folding = tuple(rules), tuple(refusals), tuple(folding)
        made = policy.refusing(refusals, folding).extended(rules)
        if refusals or folding:
            self._held[rules[0].origin] = refusals, folding
        return made

    def without(self, policy: Policy, origin: Origin) -> Policy:
        """The policy without the answers of this origin, and the refusals of no other one."""
        policy = policy.retracted(origin)
        gone = self._held.pop(origin, None)
        if gone is None:
            return policy
        for grant in policy.answers:
            if grant.effect is Effect.ALLOW:
                refusals, folding = self._held.get(grant.origin, ((), ()))
                left = [each for rule in gone[0] for each in _about(rule, grant)]
                if left:
                    held = tuple(dict.fromkeys((*refusals, *left)))
                    self._held[grant.origin] = held, tuple({*folding, *gone[1]})
        every = [rule for refused, _ in self._held.values() for rule in refused]
        trees = [tree for _, folding in self._held.values() for tree in folding]
        answers = (*policy.answers, *policy.network.answers)
        return self._at_start.refusing(every, trees).extended(answers)


def _about(refusal: Rule, grant: Rule) -> Iterator[Rule]:
    """What of a refusal speaks of what is granted."""
    if not refusal.access & grant.access:
        return
    match refusal.pattern:
        case Subtrees(spellings, left_out):
            kept = {path: each for path, each in spellings.items() if _meet(path, grant)}
            if kept:
                yield replace(refusal, pattern=Subtrees(kept, left_out))
        case File(path) | Subtree(path):
            if _meet(path, grant):
                yield refusal
        case Glob() as pattern:
            if pattern.may_match_in(grant.top) or pattern.covers(grant.top):
                yield refusal


def _meet(path: str, grant: Rule) -> bool:
    """Whether what is refused at a path is granted, or what is granted is in it."""
    return grant.reaches(path) or is_within(grant.top, path)
