"""From a policy to a Seatbelt profile: the rules themselves, not the floor, since Seatbelt can
express a refusal inside a grant.

Each operation is one rule that allows: what grants reach, less what refusals reach. The kernel
decides alone from then on, so an operation that the broker would look at more closely is allowed
only where every such look would end well. `ANSWERS` says which requests an operation stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from nono.broker import (
    ALL_ACCESS,
    Access,
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    PathPattern,
    Policy,
    Rule,
    Subtree,
)
from nono.broker.datafile import data
from nono.broker.rules.paths import ancestors, is_within
from nono.broker.rules.patterns import Subtrees
from nono.broker.rules.rule import guarded_paths, is_lifted
from nono.shims.macos.sbpl import (
    Allow,
    Every,
    Filter,
    Named,
    Not,
    Profile,
    Regex,
    Some,
    Target,
    UnixSocket,
    VnodeType,
    some,
    tree,
    without,
)
from nono.supervisor.macos.filters import Reach, covered, entry_of, granted

BASE = Origin(OriginKind.BUILTIN, "what every program needs on macOS")
_ACCESS = {
    "r": Access.READ,
    "rw": Access.READ | Access.WRITE,
    "rx": Access.READ | Access.EXECUTE,
}
_NEVER = Some(())
_ANY = Access.READ | Access.WRITE | Access.EXECUTE | Access.CONNECT | Access.CREATE
_DEVICES = without(tree("/dev"), [tree("/dev/shm")])


def with_base(policy: Policy) -> Policy:
    """The same with the paths that every program needs there. Its refusals still hold."""
    return policy.with_rules(
        Rule(pattern, _ACCESS[entry["access"]], Effect.ALLOW, BASE)
        for entry in data("seatbelt")["paths"]
        for pattern in _patterns(entry)
    )


def _patterns(entry: Mapping[str, Sequence[str]]) -> list[PathPattern]:
    files = [File(path) for path in entry.get("files", ())]
    return [*files, *(Subtree(path) for path in entry.get("trees", ()))]


def profile_of(policy: Policy, tag: str, network: Iterable[Allow] = ()) -> Profile:
    """The profile that holds a program to the policy's rules for paths, and to `network`.

    Raises ValueError for a rule that cannot be written down exactly enough.
    """
    parts = _Parts(policy)
    rules = [
        Allow(tuple(entry["allow"]), _filter_of(entry)) for entry in data("seatbelt")["operations"]
    ]
    rules += [Allow(operations, make(parts)) for operations, make in _OPERATIONS.items()]
    return Profile(tag, (*(rule for rule in rules if rule.filter != _NEVER), *network))


def _filter_of(entry: Mapping[str, Sequence[Sequence[str]]]) -> Filter | None:
    """The filter of an entry in the data: `some` of its pairs holds, or `every` one."""
    parts = {
        kind: tuple(_FORMS.get(name, partial(Named, name))(value) for name, value in entry[kind])
        for kind in ("some", "every")
        if kind in entry
    }
    if "every" in parts:
        return Every(parts["every"])
    return Some(parts["some"]) if "some" in parts else None


_FORMS: Mapping[str, Callable[[str], Filter]] = {"target": Target, "regex": Regex}


@dataclass(frozen=True)
class _Parts:
    """What the rules say, right by right, as filters."""

    policy: Policy

    def granted(self, right: Access) -> Filter:
        """Where the right is granted, and no question stands nearer.

        Nobody is asked for a file here, so a question is a refusal, as far as it decides.
        """
        questions = self._with(Effect.ASK, right)
        return some(
            without(granted(pattern), self._nearer(pattern, questions))
            for _, pattern in self._with(Effect.ALLOW, right)
        )

    def _nearer(self, grant: PathPattern, questions: list[_Spoken]) -> Iterator[Filter]:
        for _, question in questions:
            if _path(question) is None or _path(grant) is None:
                nearer = True  # a question by wildcards is before all others, a grant after
            else:
                nearer = is_within(_path(question) or "/", _path(grant) or "/")
            if nearer:
                yield from covered(question, self.policy.names)

    def creatable(self) -> Filter:
        """Names in directories where new ones may be made."""
        questions = self._with(Effect.ASK, Access.WRITE)
        asked = [part for _, each in questions for part in covered(each, self.policy.names)]
        here = {_path(each) for _, each in self._with(Effect.ALLOW, Access.CREATE)}
        here -= {_path(each) for _, each in self._with(Effect.ASK, Access.CREATE)}
        return without(some(entry_of(each) for each in sorted(filter(None, here))), asked)

    def refused(self, rights: Access) -> list[Filter]:
        """Where any of the rights is refused, but for what a bypass opens."""
        return [
            without(part, self._lifted(rule))
            for rule, pattern in self._with(Effect.DENY, rights)
            for part in covered(pattern, self.policy.names, self._reach)
        ]

    @cached_property
    def _reach(self) -> Reach:
        return Reach(
            # A right to make names in a directory reaches the names.
            Subtree(pattern.path)
            if isinstance(pattern, File) and rule.access & Access.CREATE
            else pattern
            for rule, pattern in self._with(Effect.ALLOW, ALL_ACCESS)
        )

    def _lifted(self, rule: Rule) -> list[Filter]:
        bypasses = self.policy.bypasses
        return [tree(path) for path in bypasses if is_lifted(rule, path, bypasses)]

    def guarded(self) -> list[Filter]:
        """The paths of refusals and questions, and the directories above them: see `Policy`."""
        found: dict[str, None] = {}
        for rule in self.policy.rules:
            for path in guarded_paths(rule, self.policy.bypasses, self.policy.names):
                found.update(dict.fromkeys((path, *ancestors(path))))
        names, reach = self.policy.names, self._reach
        return [part for path in found for part in covered(File(path), names, reach)]

    def _with(self, effect: Effect, rights: Access) -> list[_Spoken]:
        return [
            (rule, rule.pattern)
            for rule in self.policy.rules
            if rule.effect is effect and rule.access & rights
            if isinstance(rule.pattern, File | Subtree | Subtrees | Glob)
        ]


_Spoken = tuple[Rule, PathPattern]


def _path(pattern: PathPattern) -> str | None:
    """The one path that it is of; None for wildcards."""
    return pattern.path if isinstance(pattern, File | Subtree) else None


def _reading(parts: _Parts) -> Filter:
    return without(parts.granted(Access.READ), parts.refused(Access.READ))


def _executing(parts: _Parts) -> Filter:
    return without(parts.granted(Access.EXECUTE), parts.refused(Access.EXECUTE))


def _writing(parts: _Parts) -> Filter:
    return without(parts.granted(Access.WRITE), parts.refused(Access.WRITE))


def _driving(parts: _Parts) -> Filter:
    """ioctl(2) on a device that may be written to: a terminal's modes."""
    return Every((tree("/dev"), _writing(parts)))


def _changing_metadata(parts: _Parts) -> Filter:
    """The right to write into a device is none on its mode, which the machine shares."""
    return without(parts.granted(Access.WRITE), [_DEVICES, *parts.refused(Access.WRITE)])


def _creating(parts: _Parts) -> Filter:
    """The kernel does not say whether a new name is made or moved there: both must be allowed."""
    made = some([parts.granted(Access.WRITE), parts.creatable()])
    refused = parts.refused(Access.WRITE | Access.CREATE)
    return without(made, [_DEVICES, *refused, *parts.guarded()])


def _removing(parts: _Parts) -> Filter:
    """Nor whether a name is removed or moved away: it must be readable, as what it may become is.

    A socket could get a name that may be connected to, so only one that may be already is removed.
    """
    both = Every((parts.granted(Access.WRITE), parts.granted(Access.READ)))
    removed = without(both, [_DEVICES, *parts.refused(_ANY), *parts.guarded()])
    connectable = parts.granted(Access.CONNECT)
    sockets = Every((VnodeType("SOCKET"), Not(connectable)))
    return without(removed, [sockets])


def _connecting(parts: _Parts) -> Filter:
    where = parts.granted(Access.CONNECT)
    return _NEVER if where == _NEVER else UnixSocket(without(where, parts.refused(Access.CONNECT)))


def _binding(parts: _Parts) -> Filter:
    """A socket gets a name where any object may get one."""
    where = _creating(parts)
    return _NEVER if where == _NEVER else UnixSocket(where, "local")


_OPERATIONS: dict[tuple[str, ...], Callable[[_Parts], Filter]] = {
    ("file-read-data", "file-read-xattr"): _reading,
    ("file-write-data",): _writing,
    ("file-ioctl",): _driving,
    ("file-write-create",): _creating,
    ("file-write-unlink", "file-link"): _removing,
    (
        *("file-write-mode", "file-write-owner", "file-write-flags"),
        *("file-write-times", "file-write-xattr"),
    ): _changing_metadata,
    ("process-exec", "file-map-executable"): _executing,
    ("network-outbound",): _connecting,
    ("network-bind",): _binding,
}
