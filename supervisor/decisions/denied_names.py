"""Names that a policy refuses by wildcards. No floor knows those that are made later."""

from __future__ import annotations

from nono.broker import Access, Effect, Glob, Policy
from nono.broker.rules.paths import is_within


class DeniedNames:
    """The globs of a policy's refusals, by the directory they speak of and the rights refused."""

    def __init__(self, policy: Policy) -> None:
        found: dict[tuple[str, int], list[Glob]] = {}
        for rule in policy.rules:
            if rule.effect is Effect.DENY and isinstance(rule.pattern, Glob):
                place = rule.pattern.prefix, rule.access.value
                found.setdefault(place, []).append(rule.pattern)
        self._places = tuple(
            (prefix, bits, tuple(globs)) for (prefix, bits), globs in found.items()
        )
        self._folding = policy.names
        self.of_reading = any(bits & Access.READ.value for _, bits, _ in self._places)
        """True when some pattern refuses to read names, wherever what has such a name may be."""

    def refuse(self, path: str, bits: int) -> bool:
        """True when a pattern refuses any of these rights at the path itself."""
        for prefix, refused, patterns in self._places:
            if not bits & refused:
                continue
            if is_within(path, prefix) and any(pattern.matches(path) for pattern in patterns):
                return True
            if self._folding and any(self._folding.covers(pattern, path) for pattern in patterns):
                return True
        return False

    def cover(self, path: str) -> bool:
        """True when a pattern speaks of the path or of a directory above it."""
        return any(
            pattern.covers(path) or self._folding.covers(pattern, path)
            for _, _, patterns in self._places
            for pattern in patterns
        )

    def begin_in(self, directory: str) -> bool:
        """True when a pattern speaks of some name directly in the directory or below it."""
        return any(
            self._folding.after(pattern, directory)
            for _, _, patterns in self._places
            for pattern in patterns
        )
