"""From a policy to a Seatbelt profile: the rules themselves, not the floor, since Seatbelt can
express a refusal inside a grant.

Each operation is one rule that allows: what grants reach, less what refusals reach. The kernel
decides alone from then on, so an operation that the broker would look at more closely is allowed
only where every such look would end well. `ANSWERS` says which requests an operation stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from nono.broker.rules.paths import ancestors, is_within, lineage
from nono.broker.rules.patterns import Subtrees
from nono.broker.rules.rule import guarded_paths, is_lifted
from nono.shims.macos.sbpl import (
    Allow,
    Every,
    Filter,
    Literal,
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
from nono.supervisor.macos.expressions import directories_of, entry_of
from nono.supervisor.macos.filters import Reach, Refusals, granted
from nono.supervisor.macos.together import Opened

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


def opened_by(policy: Policy) -> Opened:
    """What some grant of the policy reaches."""
    return _Parts(policy).reach.opened


@dataclass(frozen=True)
class _Parts:
    """What the rules say, right by right, as filters."""

    policy: Policy
    _known: dict[tuple[Access, bool], list[Filter]] = field(default_factory=dict, hash=False)
    _asked: dict[tuple[PathPattern, ...], list[Filter]] = field(default_factory=dict, hash=False)

    def granted(self, right: Access) -> Filter:
        """Where the right is granted, and no question stands nearer.

        Nobody is asked for a file here, so a question is a refusal, as far as it decides.
        """
        questions = self._with(Effect.ASK, right)
        by_question: dict[tuple[Filter, ...], list[Filter]] = {}
        for _, pattern in self._with(Effect.ALLOW, right):
            nearer = tuple(self._nearer(pattern, questions))
            by_question.setdefault(nearer, []).append(granted(pattern))
        return some(without(some(here), nearer) for nearer, here in by_question.items())

    def _nearer(self, grant: PathPattern, questions: list[_Spoken]) -> list[Filter]:
        nearer: list[PathPattern] = []
        for _, question in questions:
            asked, given = _path(question), _path(grant)
            by_path = asked is not None and given is not None
            if not by_path or self.policy.names.tree(asked or "/") is not None:
                nearer.append(question)  # before all others; a grant by wildcards is after them
            elif is_within(asked or "/", given or "/"):
                nearer.append(question)
        return self._questions(tuple(nearer))

    def _questions(self, patterns: tuple[PathPattern, ...]) -> list[Filter]:
        if patterns not in self._asked:
            found = Refusals(self.policy.names)
            for pattern in patterns:
                found.add(pattern)
            self._asked[patterns] = found.filters()
        return self._asked[patterns]

    def creatable(self) -> Filter:
        """Names in directories where new ones may be made."""
        asked = Refusals(self.policy.names)
        for _, question in self._with(Effect.ASK, Access.WRITE):
            asked.add(question)
        here = {_path(each) for _, each in self._with(Effect.ALLOW, Access.CREATE)}
        here -= {_path(each) for _, each in self._with(Effect.ASK, Access.CREATE)}
        made = some(entry_of(each) for each in sorted(filter(None, here)))
        return without(made, asked.filters())

    def refused(self, rights: Access, guarded: bool = False) -> list[Filter]:
        """Where any of the rights is refused, but for what a bypass opens. `guarded`: and the
        paths of refusals and questions, and the directories above them: see `Policy`."""
        if (rights, guarded) not in self._known:
            found = Refusals(self.policy.names, self.reach)
            for rule, pattern in self._refusals:
                if rule.access & rights:
                    found.add(pattern, self._lifted(rule), rule.access.value)
            if guarded:
                found.guard(self._guarded)
            self._known[rights, guarded] = found.filters()
        return self._known[rights, guarded]

    @cached_property
    def _refusals(self) -> list[_Spoken]:
        """As far as they have to do with what is granted, which of thousands of paths few do."""
        refusals = self._with(Effect.DENY, ALL_ACCESS)
        return [(rule, self.reach.near(pattern)) for rule, pattern in refusals]

    @cached_property
    def reach(self) -> Reach:
        """What all grants together reach."""
        return Reach(
            # A right to make names in a directory reaches the names.
            Subtree(pattern.path)
            if isinstance(pattern, File) and rule.access & Access.CREATE
            else pattern
            for rule, pattern in self._with(Effect.ALLOW, ALL_ACCESS)
        )

    def _lifted(self, rule: Rule) -> list[str]:
        bypasses = self.policy.bypasses
        return [path for path in bypasses if is_lifted(rule, path, bypasses)]

    def left_behind(self) -> list[Filter]:
        """Directories that are not moved, since a refusal by wildcards or a right to connect hangs
        on where they are: what comes in their place would be meant, and what was in them not."""
        found: dict[Filter, None] = {}
        for rule in self.policy.rules:
            if isinstance(rule.pattern, Glob) and rule.effect is not Effect.ALLOW:
                lifted = [tree(path) for path in self._lifted(rule)]
                for part in directories_of(rule.pattern, self.policy.names):
                    found[without(part, lifted)] = None
        for _, pattern in self._with(Effect.ALLOW, Access.CONNECT):
            above = ancestors(_path(pattern) or "/")
            opened = filter(self.reach.opened.reaches, above)
            found.update(dict.fromkeys(map(Literal, opened)))
        return [Every((VnodeType("DIRECTORY"), some(found)))] if found else []

    @cached_property
    def _guarded(self) -> dict[str, frozenset[str]]:
        """With the trees that a bypass leaves out: it lifts one spelling, and guards others."""
        found: dict[str, frozenset[str]] = {}
        bypasses, names = self.policy.bypasses, self.policy.names
        for rule in self.policy.rules:
            for guarded in guarded_paths(rule, bypasses, names):
                lifted = is_lifted(rule, guarded, bypasses)
                out = frozenset(self._lifted(rule) if lifted else ())
                for path in lineage(guarded):
                    known = found.get(path)
                    if known is not None and known <= out:
                        break  # and so it is above
                    found[path] = out if known is None else known & out
        return {path: out for path, out in found.items() if self.reach.is_near(path)}

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
    near = [rule for rule in parts.policy.rules if _may_be_device(rule)]
    return Every((tree("/dev"), _writing(_Parts(replace(parts.policy, rules=tuple(near))))))


def _may_be_device(rule: Rule) -> bool:
    path = _path(rule.pattern) if isinstance(rule.pattern, PathPattern) else None
    return rule.effect is not Effect.ALLOW or path is None or is_within(path, "/dev")


def _changing_metadata(parts: _Parts) -> Filter:
    """The right to write into a device is none on its mode, which the machine shares."""
    return without(parts.granted(Access.WRITE), [_DEVICES, *parts.refused(Access.WRITE)])


def _creating(parts: _Parts) -> Filter:
    """The kernel does not say whether a new name is made or moved there: both must be allowed."""
    made = some([parts.granted(Access.WRITE), parts.creatable()])
    return without(made, [_DEVICES, *parts.refused(Access.WRITE | Access.CREATE, guarded=True)])


def _removing(parts: _Parts) -> Filter:
    """Nor whether a name is removed or moved away: it must be readable, as what it may become is.

    A socket could get a name that may be connected to, so only one that may be already is removed.
    """
    both = Every((parts.granted(Access.WRITE), parts.granted(Access.READ)))
    kept = [*parts.refused(_ANY, guarded=True), *parts.left_behind()]
    removed = without(both, [_DEVICES, *kept])
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
