"""Verdicts that are likely to be wanted again: they go by nothing but some parts of a request."""

from __future__ import annotations

from nono.broker import Ask, Connect, Open, Policy, Verdict

_MAX_KNOWN = 4096


class Remembered:
    """Of one policy after the other. May be used from any thread."""

    def __init__(self) -> None:
        self._known: tuple[Policy | None, dict[object, Verdict]] = (None, {})

    def decide(self, policy: Policy, request: Open | Connect) -> Verdict:
        """The policy's verdict. Of an open only a question is remembered: what is allowed for once
        is asked about again."""
        parts: tuple[object, ...]
        if isinstance(request, Open):
            parts = request.path, request.access._value_, request.own
        else:
            parts = request.address, request.port, request.host, request.own
        known = self._of(policy)
        verdict = known.get(parts)
        if verdict is None:
            verdict = policy.decide(request)
            if isinstance(verdict, Ask) or isinstance(request, Connect):
                known[parts] = verdict
        return verdict

    def _of(self, policy: Policy) -> dict[object, Verdict]:
        known = self._known
        if known[0] is not policy or len(known[1]) >= _MAX_KNOWN:
            known = self._known = (policy, {})
        return known[1]
