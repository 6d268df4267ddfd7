"""The names that refusals by wildcards speak of, for calls that the floor would let pass.

What such a pattern matched at the start is carved out of the floor. What got such a name since is
not, so its calls are sent to the policy, which refuses them.
"""

from __future__ import annotations

from nono.broker import Access, Effect, Glob, Policy
from nono.broker.rules.begun import Begun, begun, held_once


class DeniedNames:
    """The globs of a policy's refusals. Never changes; may be used from any thread."""

    def __init__(self, policy: Policy) -> None:
        found = dict.fromkeys(
            (rule.pattern, rule.access.value)
            for rule in policy.rules
            if rule.effect is Effect.DENY and isinstance(rule.pattern, Glob)
        )
        self._globs = held_once(tuple(found))
        self._folding = policy.names
        globs = tuple(glob for glob, _ in self._globs)
        self._begun = Begun(globs, policy.names) if policy.names else begun(globs)
        self._bits = 0
        for _, bits in self._globs:
            self._bits |= bits
        self.of_reading = bool(self._bits & Access.READ.value)
        """True when some pattern refuses to read names, wherever what has such a name may be."""

    def refuse(self, path: str, bits: int) -> bool:
        """True when one that refuses any of `bits` matches a canonical path."""
        if not bits & self._bits:
            return False
        for number in self._begun.speaking(path):
            glob, refused = self._globs[number]
            if bits & refused and (glob.matches(path) or self._covers_folded(glob, path)):
                return True
        return False

    def begin_in(self, directory: str) -> bool:
        """True when one of them may match directly in the directory or below it."""
        return any(self._folding.after(glob, directory) for glob, _ in self._globs)

    def cover(self, path: str) -> bool:
        """True when one of them matches the path or one above it."""
        for number in self._begun.speaking(path):
            glob, _ = self._globs[number]
            if glob.covers(path) or self._covers_folded(glob, path):
                return True
        return False

    def _covers_folded(self, glob: Glob, path: str) -> bool:
        return bool(self._folding) and self._folding.covers(glob, path)
