"""The decision: a pure function from a policy and a request to a verdict."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from functools import cached_property

from nono.broker.dataclass import dataclass, field, replace
from nono.broker.errors import PolicyError
from nono.broker.floor.floor import Floor, Tree
from nono.broker.network.network import Network
from nono.broker.policy.demands import (
    CARRIED,
    CREATE,
    DEMANDS,
    EXECUTE,
    READ,
    Demand,
    of_object,
)
from nono.broker.policy.index import PATH_PATTERNS, Index, check_paths
from nono.broker.requests import (
    SET_ID,
    Forbidden,
    Metadata,
    NetworkRequest,
    Open,
    Operation,
    PathChange,
    PathRequest,
    Request,
)
from nono.broker.rules.access import ALL_ACCESS, FLOOR_ACCESS, Access
from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import is_canonical, is_device
from nono.broker.rules.rule import (
    OWN_CACHES,
    OWN_OBJECT,
    Anything,
    Effect,
    Origin,
    OriginKind,
    Rule,
    builtin,
    is_lifted,
)
from nono.broker.verdicts import Allow, Ask, Deny, Verdict

NO_RIGHT_ASKED = builtin("existence is visible")
"""An open that conveys no right shows only that the object exists, as stat(2) does."""
COPY_INSTEAD = builtin("directories do not move to where other rights hold", Effect.DENY)
"""The refusal, with EXDEV, that makes programs copy a directory instead of moving it."""

DEVICES = builtin("devices are used and not changed", Effect.DENY)
"""The right to write into a device is none on its name or its mode, which the machine shares."""


def _target_of(change: PathChange) -> str | None:
    """Where something is moved to, None when that is not known."""
    target = change.target
    return target if target is not None and is_canonical(target) else None


NEVER_ALLOWED = builtin("what leads out of a sandbox is refused to every program", Effect.DENY)
"""System calls that no rule can allow."""
ABSENT_CALLS = frozenset(
    ["shmget", "semget", "msgget", "mq_open", "flock", "inotify_init", "inotify_init1"]
)
"""Those of them that fail as if the kernel did not have them: programs fall back."""

NO_SET_ID = replace(
    builtin("no file becomes set-id, which would give its owner's rights to others", Effect.DENY),
    protected=True,
)
"""Whoever ran it outside, later, would have the rights of the person who started the sandbox."""


_OPENS = tuple(Demand(bits, bits or READ) for bits in range(ALL_ACCESS.value + 1))
"""What an open needs, by the bits of its access."""


def _gives_set_id(request: PathRequest) -> bool:
    return isinstance(request, Metadata) and request.operation == SET_ID


@dataclass(frozen=True)
class Policy:
    """Rules and what to do where none applies.

    `bypasses` are canonical paths: at and below them no protected refusal
    applies. They grant nothing. `default` is DENY or ASK. `folding` are the canonical
    paths of trees whose file system takes names for the same that differ in case: there
    refusals are compared folded, grants never. `answers` are what a person said during the run:
    a grant wins over the default and over questions, never over a refusal; a refusal answers
    questions and takes nothing back that a rule grants. Raises PolicyError when a part is none of
    these.
    """

    rules: tuple[Rule, ...] = ()
    bypasses: tuple[str, ...] = ()
    default: Effect = Effect.DENY
    network: Network = field(default_factory=Network)
    folding: tuple[str, ...] = ()
    answers: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if self.default is Effect.ALLOW:
            raise PolicyError("the default cannot be to allow", "choose deny or ask")
        named = {"bypass": self.bypasses, "folding tree": self.folding}
        for what, path in ((what, path) for what, paths in named.items() for path in paths):
            if not is_canonical(path):
                raise PolicyError(
                    f"the {what} {path!r} is not an absolute path in its plain form",
                    "write it from the root, without '.', '..', '//' or a trailing '/'",
                )
        check_paths((*self.rules, *self.answers))

    def with_rules(self, rules: Iterable[Rule]) -> Policy:
        """The same policy with more rules, for instance the `matched` ones of its floor."""
        return replace(self, rules=(*self.rules, *rules))

    def refusing(self, refusals: Iterable[Rule], folding: Iterable[str]) -> Policy:
        """The same policy with the refusals, and the folding trees, that it does not have yet."""
        known, trees = set(self.rules), {*self.folding, *folding}
        new = [rule for rule in dict.fromkeys(refusals) if rule not in known]
        if not new and len(trees) == len(self.folding):
            return self
        return replace(self, rules=(*self.rules, *new), folding=tuple(sorted(trees)))

    def extended(self, rules: Iterable[Rule]) -> Policy:
        """The same policy with more answers, of paths and of the network, fast.

        Raises PolicyError for what cannot be opened in this network.
        """
        rules = tuple(rules)
        paths = tuple(rule for rule in rules if type(rule.pattern) in PATH_PATTERNS)
        others = tuple(rule for rule in rules if type(rule.pattern) not in PATH_PATTERNS)
        return self._answered((*self.answers, *paths), (*self.network.answers, *others))

    def retracted(self, origin: Origin) -> Policy:
        """The same policy without the answers of this origin."""
        return self._answered(
            tuple(rule for rule in self.answers if rule.origin != origin),
            tuple(rule for rule in self.network.answers if rule.origin != origin),
        )

    def _answered(self, paths: tuple[Rule, ...], others: tuple[Rule, ...]) -> Policy:
        network = self.network.answered(others) if others != self.network.answers else self.network
        # What was checked and computed of the rules holds for both: an answer has to be fast.
        index = self._index.answered(paths)
        check_paths(paths)
        made = object.__new__(Policy)
        made.__dict__.update(self.__dict__, answers=paths, network=network, _index=index)
        return made

    def decide(self, request: Request) -> Verdict:
        """Answer a request. Total: no request makes it raise.

        Deny carries EPERM for an explicit refusal, EACCES where no rule applies,
        what the network's rules say for its requests, EXDEV for a directory that must be copied
        instead of moved.
        """
        if type(request) is Open and is_canonical(request.path):  # the commonest
            return self._decide_path(request.path, _OPENS[request.access._value_], request.own)
        if isinstance(request, NetworkRequest):
            return self.network.decide(request, self._default_rule)
        if isinstance(request, Forbidden):
            is_absent = request.call in ABSENT_CALLS
            return Deny(NEVER_ALLOWED, errno.ENOSYS if is_absent else errno.EPERM)
        demand = self._demand(request)
        if demand is None:
            return Deny(self._default_rule, errno.EACCES)
        own = getattr(request, "own", False)
        if isinstance(request, PathChange | Metadata) and not own and is_device(request.path):
            return Deny(DEVICES, errno.EPERM)
        if _gives_set_id(request) and not is_lifted(NO_SET_ID, request.path, self._of_persons):
            return Deny(NO_SET_ID, errno.EPERM)
        return self._decide_path(request.path, demand, own)

    def considered(self, request: Request) -> tuple[Rule, ...]:
        """Every rule that speaks of the request, in the order of the policy."""
        if isinstance(request, NetworkRequest):
            return self.network.considered(request)
        if isinstance(request, Forbidden):
            return ()
        demand = self._demand(request)
        if demand is None:
            return ()
        special = {id(rule): at for rule, at in self._guards(request.path, demand)}
        if demand.creates:
            creation = self._index.creation(request.path, CREATE)
            special.setdefault(id(creation), request.path)
        found = []
        for rule in (*self.answers, *self.rules):
            at = self._index.reaches(rule, request.path) or special.get(id(rule))
            if at is not None:
                found.append(rule.at(at))
        return tuple(found)

    def lacks(self, request: Request) -> Access:
        """The rights that a request needs and no grant gives, refusals aside.

        `Access(0)` for a request that is not about a path.
        """
        if isinstance(request, NetworkRequest | Forbidden):
            return Access(0)
        demand = self._demand(request)
        if demand is None:
            return Access(0)
        return Access(demand.access & ~self._index.standing(request.path, demand.whole).granted)

    def needs(self, request: Request) -> Access:
        """The rights on its path that a request takes; `Access(0)` where it is about none."""
        if isinstance(request, NetworkRequest | Forbidden):
            return Access(0)
        demand = self._demand(request)
        return Access(0) if demand is None else Access(demand.access)

    def floor(self, tree: Tree, exclude: frozenset[str] = frozenset()) -> Floor:
        """The part that the kernel can enforce alone, where `tree` shows the files as they are.

        What is at or below a path in `exclude` stays with the broker. Raises FloorTooLarge.
        """
        from nono.broker.floor.carve import carve  # which a start that is kept does without

        return carve(self.rules, self.bypasses, tree, exclude, folding=self.names)

    @cached_property
    def _of_persons(self) -> tuple[str, ...]:
        """The bypasses but for the sandbox's own caches: nobody asked for set-id programs there."""
        ours = [rule for rule in self.rules if rule.origin == OWN_CACHES]
        return tuple(path for path in self.bypasses if not any(r.reaches(path) for r in ours))

    @cached_property
    def _index(self) -> Index:
        return Index(self.rules, self.bypasses, self.names)

    def knows_by_folding(self, rule: Rule, path: str) -> bool:
        """True when the rule speaks of the path only because the file system folds names."""
        if not self.names or rule.reaches(path):
            return False
        return self._index.reaches(rule, path) is not None

    @cached_property
    def names(self) -> Folding:
        """How names are compared."""
        return Folding(self.folding)

    @cached_property
    def _default_rule(self) -> Rule:
        return Rule(Anything(), ALL_ACCESS, self.default, Origin(OriginKind.DEFAULT, "default"))

    def _demand(self, request: PathRequest) -> Demand | None:
        """What the request needs; None when its path is not canonical or its kind unknown."""
        if not is_canonical(request.path):
            return None
        if isinstance(request, Open):
            return _OPENS[request.access._value_]
        if not isinstance(request, PathChange):
            return of_object(request)
        demand = DEMANDS.get(request.operation)
        if demand is None or not demand.moves:
            return demand
        whole = request.directory and request.operation is Operation.RENAME_FROM
        carried = self._carried(request, whole)
        kept = self._kept(request) if whole else 0
        access = demand.access | carried
        target = _target_of(request)
        escapes = whole and self._index.escapes(request.path, target)
        return replace(
            demand, access=access, whole=whole, carried=carried, kept=kept, escapes=escapes
        )

    def _carried(self, change: PathChange, whole: bool) -> int:
        """The rights that an object must already have to be moved where `change` says."""
        target = change.target
        if target is None or not is_canonical(target):
            target = "/"
        here = self._index.standing(change.path, whole)
        granted, open_to = self._index.widest(target)
        gained = granted & ~here.granted | open_to & ~(here.granted | here.asked)
        # Whoever may read a file may copy it to where it can be run.
        return gained & CARRIED | (READ if gained & EXECUTE else 0)

    def _kept(self, change: PathChange) -> int:
        """The rights that a directory would have in its new place and that no rule gives there.

        The kernel ties its rules to objects: what it permits in a directory it
        goes on permitting wherever the directory is moved to.
        """
        bits = self._index.widest(change.path)[0] & FLOOR_ACCESS.value
        target = change.target
        if target is None or not is_canonical(target) or self._index.refusal(target, bits):
            return bits
        return bits & ~self._index.standing(target, whole=True).granted

    def _guards(self, path: str, demand: Demand) -> list[tuple[Rule, str]]:
        if not demand.guarded:
            return []
        found = (self._index.guard(path, effect) for effect in (Effect.DENY, Effect.ASK))
        return [each for each in found if each is not None]

    def _decide_path(self, path: str, demand: Demand, own: bool) -> Verdict:
        refusal = self._index.refusal(path, demand.refused_by)
        if refusal is not None:
            return Deny(refusal, errno.EPERM)
        guards = [rule.at(guarded) for rule, guarded in self._guards(path, demand)]
        if guards and guards[0].effect is Effect.DENY:
            return Deny(guards[0], errno.EPERM)
        if own:
            verdict: Verdict = Allow(OWN_OBJECT)
        else:
            verdict = self._decide_with(self._index, path, demand, guards)
            no = self._index.answer_refuses(path, demand.access) if self.answers else None
            if no is not None and not isinstance(
                self._decide_with(self._index.answered(()), path, demand, guards), Allow
            ):
                return Deny(no, errno.EACCES)
        # An own directory may hold what is not own, so it must not gain rights either.
        if demand.whole and not isinstance(verdict, Deny):
            gained = demand.carried & ~self._index.standing(path, whole=True).granted
            if demand.kept or demand.escapes or (own and gained):
                return Deny(COPY_INSTEAD, errno.EXDEV)
        return verdict

    def _decide_with(
        self, index: Index, path: str, demand: Demand, guards: Sequence[Rule]
    ) -> Verdict:
        if guards and (yes := index.answer_grants(path, demand.access)) is not None:
            return Allow(yes)
        return Ask(guards[0]) if guards else self._decide_by_grants(index, path, demand)

    def _decide_by_grants(self, index: Index, path: str, demand: Demand) -> Verdict:
        need = demand.access
        if not need:
            return Allow(NO_RIGHT_ASKED)
        granted, asked, grants, questions = index.standing(path, demand.whole)
        missing = need & ~(granted | asked)
        if missing and demand.creates:
            rule = index.creation(path, CREATE)
            if rule is not None:
                return Ask(rule) if rule.effect is Effect.ASK else Allow(rule)
        if missing:
            if self.default is Effect.ASK:
                return Ask(self._default_rule)
            return Deny(self._default_rule, errno.EACCES)
        if need & asked:
            return Ask(next(rule for bits, rule in questions if bits & need))
        return Allow(next(rule for bits, rule in grants if bits & need))
