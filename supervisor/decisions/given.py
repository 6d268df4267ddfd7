"""What a policy is given while its program runs: answers, and the refusals that came with each.

What is opened later is held as at a start, by refusals of its own (`opened_later.py`). They go with
what they hold: afterwards the policy is as it was before.
"""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker import Origin, Policy, Rule


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
        if self._held.pop(origin, None) is None:
            return policy
        refusals = [rule for refused, _ in self._held.values() for rule in refused]
        folding = [tree for _, trees in self._held.values() for tree in trees]
        answers = (*policy.answers, *policy.network.answers)
        return self._at_start.refusing(refusals, folding).extended(answers)
