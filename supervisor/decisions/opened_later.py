"""What is opened while a program runs is held as if it had been opened at the start.

An answer or a grant opens a directory that nobody looked at before: for what runs by itself there,
other homes, other names of what is refused. The refusals of a start with it are computed as a start
does, and come into force together with it. What the kernel's rules open already they leave alone:
those were fixed at the start.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from nono.broker import (
    FLOOR_ACCESS,
    Access,
    Deny,
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    PolicyError,
    Request,
    Rule,
    Subtree,
    is_within,
)
from nono.broker.dataclass import replace
from nono.broker.floor.carve import carve
from nono.broker.floor.passed_links import Behind
from nono.broker.requests import PathRequest
from nono.broker.rules.access import CHANGING
from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import parent
from nono.broker.rules.rule import builtin
from nono.supervisor.decisions.always import under_other_names
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.folding_trees import folding_trees
from nono.supervisor.decisions.host_modules import host_modules
from nono.supervisor.decisions.open_already import Refused, enforced, enforced_names, refused_by
from nono.supervisor.decisions.other_links import OtherLinks
from nono.supervisor.decisions.other_mounts import OtherNames
from nono.supervisor.decisions.own_code import own_code
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.places import home_directory
from nono.supervisor.planning.git.repositories import Repository
from nono.supervisor.planning.paths.anywhere import anchored, opened_directories
from nono.supervisor.planning.paths.group_paths import Expander
from nono.supervisor.planning.paths.opened_by_patterns import opened_by_people
from nono.supervisor.planning.paths.other_homes import other_homes
from nono.supervisor.planning.paths.refused_names import Expanded
from nono.supervisor.planning.paths.system_secrets import system_secrets
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.projects.start_files import (
    NOTHING,
    ORIGIN,
    StartFiles,
    start_file_rules,
    started_by_itself,
)
from nono.supervisor.walk import MAX_FOLLOWED, Followed

_GIVEN = Origin(OriginKind.FLAG, "given during the run")
_TOO_MANY = "there are too many names to find those that lead to {}"
_MAX_SHOWN = 3
_UNFOUND = builtin("a file with other names, where there are too many to look at", Effect.DENY)


class _Refusals(NamedTuple):
    """What a start with some grants would refuse.

    `folding` are directories that take names for the same that differ in case, `repositories` those
    that are kept there, None where none are.
    """

    rules: list[Rule]
    folding: tuple[str, ...]
    repositories: Sequence[Repository] | None


class _Names(NamedTuple):
    """`rules` are refusals of what patterns match, and of what is refused by its other names."""

    rules: list[Rule]
    links: OtherLinks
    unled: set[str]
    ended: str | None
    """A link that leads through more names than are followed."""


_Starting = dict[str, tuple[dict[str, str], dict[str, str]]]
"""What starts by itself in directories, as `started_by_itself` tells it."""


class OpenedLater:
    """Of one run. What it does blocks as the file system does: for a thread of its own."""

    def __init__(self, plan: Plan, decisions: Decisions, env: Mapping[str, str]) -> None:
        self._plan = plan
        self._decisions = decisions
        self._env = env
        self._home = home_directory(env)
        self._expand = Expanded(Expander(self._home, plan.workdir, env))

    def open(self, rules: Sequence[Rule]) -> None:
        """Add these grants to the policy, and what a start with them would refuse.

        Raises broker.PolicyError, broker.FloorTooLarge, OSError: then nothing was opened.
        """
        policy = self._decisions.policy
        grants = [
            replace(rule, access=rule.access & FLOOR_ACCESS, origin=_GIVEN)
            for rule in rules
            if rule.effect is Effect.ALLOW and isinstance(rule.pattern, File | Subtree | Glob)
        ]
        if not any(grant.access for grant in grants):
            self._decisions.extend(rules)
            return
        before = _given_before(policy)
        refusals, folding, repositories = self._refusals(policy, grants, before)
        at_start = self._decisions.at_start
        if policy.rules != at_start.rules:
            # What an earlier answer brought along may be taken back before this one.
            alone, trees, _ = self._refusals(at_start, grants, before)
            refusals, folding = [*refusals, *alone], (*folding, *trees)
        if self._decisions.opening is not None:
            self._decisions.opening(grants, repositories)
        self._decisions.extend(rules, refusals, folding)

    def protections(self, calls: Iterable[Iterable[Request]]) -> list[Deny | None]:
        """For each call the refusal of what nobody is asked about; None where there is none.

        That is to change what runs by itself later, and to use a file that is a refused one by
        another name. Raises OSError, broker.FloorTooLarge.
        """
        starting: _Starting = {}
        linked: dict[str, list[Rule]] = {}
        return [self._protection(each, starting, linked) for each in calls]

    def _protection(
        self,
        requests: Iterable[Request],
        starting: _Starting,
        linked: dict[str, list[Rule]],
    ) -> Deny | None:
        """What was looked at is remembered by directory."""
        policy = self._decisions.policy
        for request in requests:
            if isinstance(request, PathRequest):
                found = self._start_file(policy, request, starting)
                found = found or self._other_link(policy, request, linked)
                if found is not None:
                    return Deny(found, errno.EPERM)
        return None

    def _start_file(self, policy: Policy, request: PathRequest, seen: _Starting) -> Rule | None:
        changes = policy.needs(request) & CHANGING
        if not changes or self._plan.repositories is None:
            return None
        path, changes_name = request.path, isinstance(request, PathChange)
        if any(is_within(path, each) for each in policy.bypasses):
            return None
        # Whoever moves a directory moves what starts in it; who makes one may fill it.
        is_moved = changes_name and os.path.lexists(path)
        above = path if is_moved and os.path.isdir(path) else parent(path)
        workdir = self._plan.workdir
        if above not in seen:
            seen[above] = started_by_itself(above, workdir, self._home, self._expand, self._env)
        whole, alone = seen[above]
        for each, spelled in (*whole.items(), *alone.items()):
            is_inside = changes_name and is_within(each, path)
            if (each in whole and is_within(path, each)) or (
                is_inside and (not is_moved or os.path.lexists(each))
            ):
                return Rule(Subtree(each, spelled), CHANGING, Effect.DENY, ORIGIN, protected=True)
        return None

    def _other_link(
        self, policy: Policy, request: PathRequest, seen: dict[str, list[Rule]]
    ) -> Rule | None:
        try:
            status = os.lstat(request.path)
        except OSError:
            return None
        if status.st_nlink < 2 or stat.S_ISDIR(status.st_mode):
            return None
        above = parent(request.path)
        if above not in seen:
            grant = Rule(Subtree(above), FLOOR_ACCESS, Effect.ALLOW, _GIVEN)
            try:
                seen[above] = self._refusals(policy, [grant]).rules
            except PolicyError:
                seen[above] = [replace(_UNFOUND, pattern=Subtree(above))]
        named = (rule for rule in seen[above] if rule.reaches(request.path))
        return next((rule for rule in named if rule.access & policy.needs(request)), None)

    def _refusals(
        self, policy: Policy, grants: Sequence[Rule], before: Sequence[Rule] = ()
    ) -> _Refusals:
        """`before` are earlier grants: links in them may lead into what is opened now.

        Raises PolicyError where a file that they refuse may have another name in there.
        """
        known = [rule for rule in policy.rules if rule.effect is Effect.DENY]
        asked = [rule for rule in policy.rules if rule.effect is Effect.ASK]
        roots = opened_directories(grants)
        starting = self._start_files(policy, grants, roots, before)
        written = opened_by_people(grants, Access.WRITE).directories
        found = [
            *starting.rules,
            *other_homes([*known, *grants], self._home, self._of_home),
            *system_secrets([*policy.rules, *grants], self._expand),
            *(each for each in anchored(self._plan.anywhere, roots) if each.effect is Effect.DENY),
            *own_code(written),
            *host_modules(written),
        ]
        mounts = OtherNames(policy.bypasses)
        found += mounts.of([*known, *found])
        trees = folding_trees()
        trees.look([*known, *found, *grants])
        folding = tuple(sorted({*policy.folding, *trees.found}))
        names = self._found_names(policy, [*known, *found, *grants, *before], folding, mounts)
        access = reduce(or_, (grant.access for grant in grants))
        unfound = names.links.unfound_for(access) + names.links.unseen_for(access)
        unfound += sorted(each for each in names.unled if any(is_within(each, r) for r in roots))
        unfound += [names.ended] if names.ended else []
        if unfound := unfound + mounts.unfound_for(grants, access):
            raise PolicyError(_TOO_MANY.format(", ".join(unfound[:_MAX_SHOWN])), "open less")
        refused = (each for each in self._decisions.at_start.rules if each.effect is Effect.DENY)
        were = {*refused, *asked}
        new = [each for each in found if each not in were]
        named = [each for each in names.rules if each not in were]
        held = self._decisions.floor

        def without() -> Refused:
            mounts = OtherNames(policy.bypasses)
            mounts.of(known)
            rules = [*known, *_given_before(policy)]
            return refused_by(self._found_names(policy, rules, policy.folding, mounts).rules)

        kept = None if self._plan.repositories is None else starting.found.repositories
        held_now = [*enforced(new, roots, held), *enforced_names(named, held, without)]
        return _Refusals(held_now, folding, kept)

    def _found_names(
        self, policy: Policy, rules: Sequence[Rule], folding: Iterable[str], mounts: OtherNames
    ) -> _Names:
        """What these rules refuse, in all that they open: there is no other way to know where a
        link leads on the way from what was opened before to what is opened now, or back."""
        followed, folds = Followed(MAX_FOLLOWED), Folding(frozenset(folding))
        tree, behind = RealTree(followed=followed), Behind({}, {}, {})
        floor = carve(rules, policy.bypasses, tree, frozenset(), folding=folds, behind=behind)
        asked = [rule for rule in policy.rules if rule.effect is Effect.ASK]
        elsewhere, links = under_other_names(
            [*rules, *asked], floor.matched, mounts, policy.bypasses, followed, behind
        )
        return _Names([*floor.matched, *elsewhere], links, tree.unled, followed.ended)

    def _start_files(
        self, policy: Policy, grants: Sequence[Rule], roots: set[str], before: Sequence[Rule]
    ) -> StartFiles:
        """With what a person named inside, which is the person's to open; and what repositories in
        what was opened `before` have git run there."""
        if self._plan.repositories is None:
            return NOTHING
        inside = [
            rule
            for rule in policy.rules
            if rule.effect is Effect.ALLOW
            and any(is_within(path, root) for path in rule.named for root in roots)
        ]
        rules = [*inside, *grants]
        # Where the paths of groups lead may be otherwise than at the last look.
        expand = Expanded(Expander(self._home, self._plan.workdir, self._env))
        return start_file_rules(rules, self._plan.workdir, self._home, expand, self._env, before)

    def _of_home(self, other: str) -> Expanded:
        return Expanded(Expander(other, self._plan.workdir))


def _given_before(policy: Policy) -> list[Rule]:
    """What people opened, at the start and since."""
    at_start = (rule for rule in policy.rules if rule.origin.is_of_person)
    return [
        replace(rule, access=rule.access & FLOOR_ACCESS, origin=_GIVEN)
        for rule in (*at_start, *policy.answers)
        if rule.effect is Effect.ALLOW and rule.access & FLOOR_ACCESS
    ]
