"""Computing the floor: every grant, less all that a refusal or a question touches.

A rule for the kernel holds for a directory and everything below, so it may only
go where nothing below is refused, existing or not. Elsewhere the directory is
carved: its entries are taken one by one and it gets no rule itself, since the
right to write in it is the right to rename what is protected inside it.

A refusal of changes alone stands only before the right to write: what is
created in such a directory later can be read and executed at once. Any other
refusal stands before all rights, whichever it names. A pattern with wildcards
grants nothing: the floor may be smaller than the policy, never larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from nono.broker.dataclass import replace
from nono.broker.errors import FloorTooLarge
from nono.broker.floor.barriers import Barriers, BothBarriers
from nono.broker.floor.floor import Floor, FloorRule, Tree, prune
from nono.broker.floor.passed_links import Behind, Beyond, PassedLinks
from nono.broker.floor.wildcards import MAX_ENTRIES, BoundedTree, WildcardSearch
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import CHANGING, FLOOR_ACCESS, Access
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.paths import ancestors, child, is_within, reserved_tree
from nono.broker.rules.rule import Effect, File, Glob, Rule, Subtree

MAX_FILES = 1000
"""In a carved directory that each have a rule of their own: a twentieth of a second."""
_MAX_LED = 1000
"""What is left of patterns behind links, in all: where more lead, all is refused."""
_MAX_WHOLE = 3000
"""Links in all, beyond which that is all that is opened around it."""


class Grant(NamedTuple):
    """A grant on one path, as far as the floor may hold it."""

    pattern: File | Subtree
    access: Access


def carve(
    rules: Iterable[Rule],
    bypasses: tuple[str, ...],
    tree: Tree,
    exclude: frozenset[str],
    limit: int = MAX_ENTRIES,
    folding: Folding = EXACT,
    *,
    alone: bool = False,
    behind: Behind | None = None,
) -> Floor:
    """The floor of a policy over the file system as `tree` shows it.

    `alone` is for a kernel that nobody adds to: what has no rule is not opened at all. `behind`
    gets what it tells.
    Raises FloorTooLarge when more than `limit` directory entries would have to be seen, for
    what patterns match or for the rules.
    """
    rules = tuple(rules)
    bounded = BoundedTree(tree, limit)
    barriers = BothBarriers.of(rules, bypasses, exclude, folding)
    grants = [
        Grant(rule.pattern, rule.access)
        for rule in rules
        if isinstance(rule.pattern, File | Subtree) and _contributes(rule, rule.pattern, bounded)
    ]
    behind = behind or Behind({}, {}, {})
    matched = tuple(_find(rules, bypasses, bounded, barriers, grants, folding, behind))
    rules = (*rules, *(rule for rule in matched if isinstance(rule.pattern, Glob)))
    barriers.keep_names(rules)
    wider = _Wider(rules)
    grants = [_keep_apart(wider, grant, barriers) for grant in grants]
    work = _Carving(barriers, bounded.anew(), alone=alone)
    for grant in grants:
        work.take(grant.pattern, grant.access & FLOOR_ACCESS)
    return Floor(work.rules(), frozenset(work.carved), matched, frozenset(work.unwritten))


def _find(
    rules: tuple[Rule, ...],
    bypasses: tuple[str, ...],
    tree: BoundedTree,
    barriers: BothBarriers,
    grants: list[Grant],
    folding: Folding,
    behind: Behind,
) -> Iterator[Rule]:
    """What the wildcards of refusals and questions match; it is shut before more is looked for.

    A refusal of changes alone ends no search but its own, and is looked for only where a grant
    of writing reaches. A directory that cannot be listed is shut as a whole: what nono opens there
    is decided by the name that it has. Where a link leads that a pattern passes through, what is
    left of the pattern is one more rule, if a person opened something there: nobody means the
    system's own files. Of too many of those each directory is shut as a whole, too.
    """
    refusing = [r for r in rules if isinstance(r.pattern, Glob) and r.effect is not Effect.ALLOW]
    for only_of_changes, before in ((False, barriers.sight), (True, barriers.change)):
        chosen = [rule for rule in refusing if rule.only_of_changes is only_of_changes]
        if not chosen:
            continue
        reached = [g for g in grants if not only_of_changes or Access.WRITE in g.access]
        beyond = Beyond(rules, before)
        known: dict[Rule, str] = {}
        passed = PassedLinks(rules)
        while chosen:
            search = WildcardSearch(chosen, bypasses, tree, folding)
            search.run((grant.pattern.path for grant in reached), before.is_dead_end)
            search.run(beyond.roots, beyond.is_dead_end)
            led = {rule: to for rule, to in search.led.items() if beyond.is_opened(to)}
            behind.elsewhere.update((r, to) for r, to in search.led.items() if r not in led)
            new = [rule for rule in led if rule not in known]
            followed = max(0, _MAX_LED - len(known))
            chosen, more = new[:followed], new[followed:]
            known |= led
            passed.add(search, led.keys(), more)
            if len(known) > _MAX_WHOLE:
                led |= {rule: beyond.around(led[rule]) for rule in more}
            shut = [replace(r, pattern=Subtree(led[r], r.pattern.spelled)) for r in more]
            behind.whole.update(dict.fromkeys(led[rule] for rule in more))
            found = [*search.found, *chosen, *dict.fromkeys(shut)]
            yield from _shut(found, search.unseen, barriers)
        yield from passed.kept()


def _shut(
    found: Iterable[Rule], unseen: Mapping[str, Rule], barriers: BothBarriers
) -> Iterator[Rule]:
    for rule in found:
        if isinstance(rule.pattern, Subtree):
            liftable = rule.protected and rule.effect is Effect.DENY
            barriers.close(rule, rule.pattern.path, liftable)
        yield rule
    for directory, rule in unseen.items():
        barriers.close(rule, directory, liftable=False)
        # It stays where it is: elsewhere it would be in the reach of a rule for the kernel.
        kept = File(directory, rule.pattern.spelled)
        yield replace(rule, pattern=kept, access=CHANGING)


def _contributes(rule: Rule, pattern: File | Subtree, tree: BoundedTree) -> bool:
    """True for a grant on one path that the floor may hold at all."""
    if rule.effect is not Effect.ALLOW or not rule.access._value_ & FLOOR_ACCESS._value_:
        return False
    reserved = reserved_tree(pattern.path)
    if pattern.path == reserved or reserved == "/proc":
        return False
    kind = tree.kind(pattern.path)
    if kind == "directory":
        return isinstance(pattern, Subtree) and reserved != "/dev"
    return kind is not None and kind != "symlink"


# What a grant gives to whoever puts an object under a name that it speaks of.
_SIGHT = (Access.READ | Access.EXECUTE)._value_
_CONNECT = Access.CONNECT._value_


class _Wider:
    """The grants and questions, by what they give: to connect, and to see."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        wider = [rule for rule in rules if rule.effect is not Effect.DENY]
        self.sockets = [rule for rule in wider if rule.access._value_ & _CONNECT]
        self.sights = [rule for rule in wider if rule.access._value_ & _SIGHT]
        self.asked = [rule for rule in self.sights if rule.effect is Effect.ASK]
        self.whole = [
            rule.pattern
            for rule in self.sights
            if rule.effect is Effect.ALLOW
            and Access.READ in rule.access
            and isinstance(rule.pattern, Subtree)
        ]
        """Trees that may be read as a whole."""


def _keep_apart(wider: _Wider, grant: Grant, barriers: BothBarriers) -> Grant:
    """Carve a directory that may be written around the names in it that give more.

    With the right to write the kernel lets a program give one object the name of
    another: an unreadable file a readable name, a socket the name of one that may
    be connected to. The broker does not. Between directories the kernel keeps
    what is readable apart (LANDLOCK_ACCESS_FS_REFER, landlock(7)), but it knows
    nothing of connecting. Returns the grant with the access that is left.
    """
    if Access.WRITE not in grant.access or isinstance(grant.pattern, File):
        return grant
    top = grant.pattern.path
    sockets, sights = wider.sockets, wider.sights
    asked = any(rule.reaches(top) for rule in wider.asked)
    if not asked and any(tree.matches(top) for tree in wider.whole):
        sights = []
    native = all([_stand_clear(rule, top, barriers) for rule in (*sights, *sockets)])
    for rule in sockets:
        if isinstance(rule.pattern, Subtree):
            native = native and not is_within(top, rule.pattern.path)
            if is_within(rule.pattern.path, top):
                barriers.close(rule, rule.pattern.path, liftable=False)
    return grant if native else Grant(grant.pattern, grant.access & ~Access.WRITE)


def _stand_clear(rule: Rule, top: str, barriers: BothBarriers) -> bool:
    """Carve `top` around the name that `rule` speaks of; False when it is not one name."""
    if isinstance(rule.pattern, Glob):
        return not rule.pattern.may_match_in(top)
    if isinstance(rule.pattern, File | Subtree):
        path = rule.pattern.path
        if is_within(path, top):
            barriers.keep({each for each in ancestors(path) if is_within(each, top)})
    return True


class _Carving:
    """The rules for the kernel, as they are gathered grant by grant."""

    def __init__(self, barriers: BothBarriers, tree: BoundedTree, *, alone: bool) -> None:
        self.carved: set[str] = set()
        self.unwritten: set[str] = set()
        self._barriers = barriers
        self._tree = tree
        self._alone = alone
        self._listed: dict[str, list[tuple[str, bool]]] = {}
        self._taken: dict[str, FloorRule] = {}

    def take(self, pattern: File | Subtree, access: Access) -> None:
        """Add what a grant gives at its path and below, as far as no barrier stands there."""
        for part, barriers in self._barriers.before(access):
            self._take(pattern, part, barriers)

    def _take(self, pattern: File | Subtree, access: Access, barriers: Barriers) -> None:
        waiting = [pattern.path] if access else []
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            kind = self._tree.kind(path)
            if path in seen or kind in (None, "symlink") or not pattern.matches(path):
                continue
            seen.add(path)
            if barriers.is_shut(path):
                waiting.extend(barriers.openings_below(path))
            elif barriers.is_asked(path, pattern.path):
                continue
            elif not barriers.is_carved(path):
                self._add(FloorRule(path, access, kind == "directory"))
            elif kind == "directory":
                whole = self._barriers.sight.is_carved(path)
                (self.carved if whole else self.unwritten).add(path)
                waiting.extend(self._children(path, access))

    def _children(self, directory: str, access: Access) -> Iterator[str]:
        """What a part of a grant is taken to in a carved directory.

        Where there are very many files the broker opens them: a rule for each takes a start longer
        than all else. It cannot execute them, so what may be executed has one.
        """
        if directory not in self._listed:
            try:
                self._listed[directory] = self._tree.scan(directory) or []
            except FloorTooLarge as error:
                error.advise(f"allow smaller directories, or deny all of {error.path}")
                raise
        listed = self._listed[directory]
        few = self._alone or sum(not is_one for _, is_one in listed) <= MAX_FILES
        runs = Access.EXECUTE in access
        for name, is_directory in listed:
            path = child(directory, name)
            if few or is_directory or (runs and self._tree.may_run(path)):
                yield path

    def _add(self, rule: FloorRule) -> None:
        before = self._taken.get(rule.path)
        access = rule.access | before.access if before else rule.access
        self._taken[rule.path] = FloorRule(rule.path, access, rule.directory)

    def rules(self) -> tuple[FloorRule, ...]:
        return prune(self._taken.values())
