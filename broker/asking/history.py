"""What was asked about in a run so far, as far as the next question depends on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from nono.broker.asking.question import Subject, SubjectKind
from nono.broker.rules.paths import parent

_MAX_KNOWN = 4096


@dataclass(slots=True)
class History:
    """Filled by `note`, when a question was shown. Bounded: a flood is not remembered."""

    _seen: Counter[Subject] = field(default_factory=Counter)
    _inside: dict[str, set[str]] = field(default_factory=dict)

    def note(self, subject: Subject) -> None:
        """One more question about this directory, host, port or socket."""
        if len(self._seen) >= _MAX_KNOWN and subject not in self._seen:
            return
        self._seen[subject] += 1
        above = around(subject)
        if above:
            self._inside.setdefault(above, set()).add(subject.value)

    def seen(self, subject: Subject) -> int:
        """How often it was asked about."""
        return self._seen[subject]

    def neighbours(self, subject: Subject) -> int:
        """How many others were asked about that lie directly in the same directory or domain."""
        return len(self._inside.get(around(subject), set()) - {subject.value})


def around(subject: Subject) -> str:
    """The directory, or the domain, that a subject lies in; empty where that says nothing."""
    match subject.kind:
        case SubjectKind.DIRECTORY:
            return parent(subject.value) if subject.value != "/" else ""
        case SubjectKind.HOST:
            name, _, domain = subject.value.partition(".")
            return domain if name and "." in domain else ""
    return ""
