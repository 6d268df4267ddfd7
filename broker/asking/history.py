"""What was asked about in a run so far, as far as the next question depends on it."""

from __future__ import annotations

from nono.broker.asking.question import Subject, SubjectKind
from nono.broker.dataclass import dataclass, field
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import parent

_MAX_KNOWN = 4096


class Before(NamedTuple):
    """What was asked about before a question.

    `seen` is how often its subject was; `neighbours` how many others that lie directly in the same
    directory or domain. `is_beside`: some of those, or the directory that it lies in.
    """

    seen: int
    neighbours: int
    is_beside: bool


@dataclass(slots=True)
class History:
    """Filled by `note`, when a question was shown. Bounded: a flood is not remembered."""

    _seen: dict[str, int] = field(default_factory=dict)
    _inside: dict[str, set[str]] = field(default_factory=dict)

    def note(self, subject: Subject) -> None:
        """One more question about this directory, host, port or socket."""
        key = _key(subject.kind, subject.value)
        self._note(subject, key, self._seen.get(key, 0), around(subject))

    def _note(self, subject: Subject, key: str, seen: int, above: str) -> None:
        if not seen:
            if len(self._seen) >= _MAX_KNOWN:
                return
            if above:
                self._inside.setdefault(above, set()).add(subject.value)
        self._seen[key] = seen + 1

    def before(self, subject: Subject) -> Before:
        """What there was of it, and beside it."""
        key = _key(subject.kind, subject.value)
        return self._before(subject, self._seen.get(key, 0), around(subject))

    def noted(self, subject: Subject) -> Before:
        """Both: what there was before this question, which is one more."""
        key, above = _key(subject.kind, subject.value), around(subject)
        seen = self._seen.get(key, 0)
        before = self._before(subject, seen, above)
        self._note(subject, key, seen, above)
        return before

    def _before(self, subject: Subject, seen: int, above: str) -> Before:
        inside = self._inside.get(above, ())
        neighbours = len(inside) - (subject.value in inside)
        is_beside = neighbours > 0
        if not is_beside and above and subject.kind is SubjectKind.DIRECTORY:
            is_beside = _key(SubjectKind.DIRECTORY, above) in self._seen
        return Before(seen, neighbours, is_beside)


def around(subject: Subject) -> str:
    """The directory, or the domain, that a subject lies in; empty where that says nothing."""
    kind, value = subject.kind, subject.value
    if kind is SubjectKind.DIRECTORY:
        return parent(value) if value != "/" else ""
    if kind is SubjectKind.HOST:
        name, _, domain = value.partition(".")
        return domain if name and "." in domain else ""
    return ""


def _key(kind: SubjectKind, value: str) -> str:
    """The same for equal subjects: to hash a member of an enumeration takes longer."""
    return f"{kind._value_} {value}"
