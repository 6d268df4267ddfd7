"""The policy of a run: what a plan allows, completed with what holds in every run.

There is this one way to complete it, for a run as for whoever says what a run would do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Access,
    Effect,
    File,
    Floor,
    Mode,
    Origin,
    OriginKind,
    Rule,
    Subtree,
    floor_exclude,
)
from nono.broker.dataclass import replace
from nono.broker.floor.carve import carve
from nono.broker.floor.passed_links import Behind
from nono.broker.rules.access import CHANGING
from nono.broker.rules.folding import Folding
from nono.broker.rules.rule import NETWORK_PROXY
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.decisions.folding_trees import FoldingTrees, folding_trees
from nono.supervisor.decisions.kernel_mounts import kernel_mounts
from nono.supervisor.decisions.other_links import OtherLinks
from nono.supervisor.decisions.other_mounts import MAX_NAMES, OtherNames
from nono.supervisor.decisions.own_code import own_code
from nono.supervisor.decisions.searched_modules import process_is_ours
from nono.supervisor.decisions.shared_names import shared_names
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.places import (
    HOSTS,
    NSSWITCH_CONF,
    RESOLV_CONF,
    canonical,
    control_directories,
    platform,
    state_directory,
    tmpdir_template,
)
from nono.supervisor.planning.git.repositories import with_others
from nono.supervisor.planning.paths.opened_by_patterns import opened_by_people
from nono.supervisor.planning.projects.start_files import without_start_files
from nono.supervisor.walk import MAX_FOLLOWED, Followed, between

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.planning.plan import Plan

_COPIED = (RESOLV_CONF, NSSWITCH_CONF, HOSTS)
"""What says where names are looked up, which in the filtered mode is with nono."""

_UNFOUND = "{}: the file has more names, and not all that was opened was looked through for them"
_UNSEEN = "{}: not all files in it were looked at for whether they have other names"
_UNSEEN_OUTSIDE = (
    "{}: links lead out of what is opened, and not all files there were looked at for whether they"
    " have other names"
)
_CLOSED = (
    "{1}: cannot be looked into: what may be another name of a file that {0} refuses there is"
    " refused; where links in it lead is not"
)
_UNLED = "{}: cannot be looked into: where links in it lead, patterns refuse nothing by these names"
_MOUNTED = (
    f"{{}}: it is mounted in more than {MAX_NAMES} other places, and not refused in all of them"
)
_NOT_FOLLOWED = (
    "{}: leads through more names than are followed, with all other links of what patterns refuse:"
    " what they refuse is refused in all that is opened"
)
_MANY_LINKS = (
    "{}: more links that patterns pass lead to directories than are followed: in {} everything is"
    " refused by such a pattern"
)
_RECORDS = Origin(OriginKind.BUILTIN, "nono's own records")
_CONTROL = Origin(OriginKind.BUILTIN, "nono's control sockets")
_TMPDIR = Origin(OriginKind.BUILTIN, "private TMPDIR")
_LIMITS = Origin(OriginKind.BUILTIN, "limits")
_CGROUPS = "/sys/fs/cgroup"
"""Where control groups are; mounted elsewhere they are the kernel's own file systems."""


def complete(
    plan: Plan,
    *,
    broker: bool = True,
    tmpdir: str | None = None,
    proxy_port: int | None = None,
    network_port: int | None = None,
    env: Mapping[str, str] | None = None,
) -> Complete:
    """What a run of this plan goes by.

    Only a run has its own TMPDIR and ports that its proxies listen on, `proxy_port` for services
    and `network_port` for hosts; without a `tmpdir` it is one that mktemp(1) could make. `env`
    says where this run is recorded, if it does not do so where all others do. Raises UsageError for
    services that no such run can have, OSError, broker.FloorTooLarge.
    """
    policy, services, network = plan.policy, plan.services, plan.policy.network
    kept = policy.rules if broker else without_start_files(policy.rules)
    written = opened_by_people(kept, Access.WRITE).directories
    rules = [
        *kept,
        *kernel_mounts(),
        *_records(env),
        *own_code({plan.workdir, *written}),
        *_modules_of_host(written),
        *shared_names(),
    ]
    rules.append(Rule(Subtree(tmpdir or tmpdir_template()), FLOOR_ACCESS, Effect.ALLOW, _TMPDIR))
    if plan.limits is not None and plan.limits.of_machine:
        # Whoever writes there leaves its control group, or raises its limits.
        rules.append(Rule(Subtree(_CGROUPS), CHANGING, Effect.DENY, _LIMITS))
    if plan.preload and broker:
        # What only a run with that library needs is loaded only then.
        from nono.supervisor.decisions.preloaded import readable

        rules += readable()
    if services:
        # What only a run with services needs is loaded only then.
        from nono.supervisor.decisions.services import check, key_files, with_proxy

        check(network, broker)
        rules += key_files(services)
        network = with_proxy(network, proxy_port)
    if network_port is not None:
        from nono.supervisor.decisions.services import with_proxy

        network = with_proxy(network, network_port, NETWORK_PROXY)
    copies = _copies() if network.mode is Mode.FILTERED and broker else {}
    cleaned = dict(plan.copies)
    apart = floor_exclude() | copies.keys() | cleaned.keys()
    mounts = OtherNames(policy.bypasses)
    rules += mounts.of(rules)
    names = folding_trees()
    names.look(rules)
    followed, behind = Followed(MAX_FOLLOWED), Behind({}, {}, {})
    to_carve = (policy.bypasses, apart, names, followed, behind)
    floor, unled = _carve(rules, *to_carve, alone=not broker)
    elsewhere, links = under_other_names(
        rules, floor.matched, mounts, policy.bypasses, followed, behind
    )
    if elsewhere:
        rules += elsewhere
        names.look(rules)
        floor, unled = _carve(rules, *to_carve, alone=not broker)
    policy = replace(
        policy,
        rules=(*rules, *floor.matched),
        network=network,
        folding=tuple(sorted(names.found)),
    )
    mounted = mounts.unfound_for(rules, ~Access(0))
    notes = (
        *map(_UNFOUND.format, links.unfound),
        *map(_UNSEEN.format, links.unseen_for(~Access(0))),
        *(_CLOSED.format(*each) for each in sorted(links.closed_for(~Access(0)).items())),
        *map(_UNLED.format, sorted(unled)),
        *map(_MOUNTED.format, mounted),
        *([_NOT_FOLLOWED.format(followed.ended)] if followed.ended else []),
        *map(_UNSEEN_OUTSIDE.format, _spelled([*links.unseen_outside, *behind.unseen])),
        *_of_many_links(behind.whole),
    )
    read = Access.READ
    is_by_name = bool(
        links.unfound_for(read)
        or links.unseen_for(read)
        or links.closed_for(read)
        or mounts.unfound_for(rules, read)
    )
    return Complete(policy, floor, copies, cleaned if broker else {}, notes, is_by_name)


def _carve(
    rules: Sequence[Rule],
    bypasses: tuple[str, ...],
    apart: frozenset[str],
    names: FoldingTrees,
    followed: Followed,
    behind: Behind,
    *,
    alone: bool,
) -> tuple[Floor, set[str]]:
    """The floor, with names compared as they are in the directories that it was made from; and
    directories in which links could not be followed that patterns may pass through. `behind` as for
    `carve`."""
    while True:
        known = frozenset(names.found)
        tree = RealTree(followed=followed)
        if names.by_directory:
            tree = RealTree(names.note_entries, names.must_list, followed)
        folding = Folding(known)
        floor = carve(rules, bypasses, tree, apart, folding=folding, alone=alone, behind=behind)
        if names.found == known:
            return floor, tree.unled


def _spelled(rules: Iterable[Rule]) -> list[str]:
    return sorted({rule.pattern.spelled for rule in rules})


def _of_many_links(whole: Mapping[str, None]) -> Iterator[str]:
    if whole:
        yield _MANY_LINKS.format(next(iter(whole)), with_others(len(whole)))


def under_other_names(
    rules: Sequence[Rule],
    matched: Sequence[Rule],
    mounts: OtherNames,
    bypasses: Sequence[str],
    followed: Followed,
    behind: Behind,
) -> tuple[list[Rule], OtherLinks]:
    """Refusals of what is refused under the names that no rule or pattern speaks of.

    `mounts` knows those of the rules already, and not of what patterns matched; `followed` and
    `behind` are as the search for that has left them. Raises OSError.
    """
    found, outside = list[Rule](), list[Rule]()
    if matched or behind.elsewhere:
        # What only patterns need is loaded only then.
        from nono.supervisor.decisions.behind_links import behind_links, matched_elsewhere

        found += behind_links(rules, matched, followed, outside)
        outside += matched_elsewhere(behind, followed)
    if followed.ended:
        from nono.supervisor.decisions.behind_links import all_around

        found += all_around(rules, followed.ended)
    found += mounts.of([*matched, *found])
    links = OtherLinks([*rules, *matched, *found], bypasses, outside)
    return [*found, *links.rules, *mounts.of(links.rules)], links


def _records(env: Mapping[str, str] | None) -> Iterator[Rule]:
    """Refusals for what audits are kept in and runs are controlled by, this one and others."""
    known = [each for each in (os.environ, env) if each is not None]
    yield from _refused(
        (state_directory(each) for one in known for each in (one, {**one, "XDG_STATE_HOME": ""})),
        _RECORDS,
    )
    yield from _refused((path for each in known for path in control_directories(each)), _CONTROL)


def _refused(paths: Iterable[str], origin: Origin) -> Iterator[Rule]:
    """Refusals of directories and of what is on the way to them, which no bypass lifts."""
    given = set(paths)
    ways = [between(path) for path in given]
    for path in sorted(given | {led.end for led in ways}):
        yield Rule(Subtree(path), ALL_ACCESS, Effect.DENY, origin)
    for link in sorted({link for led in ways for link in led.links}):
        yield Rule(File(link), ALL_ACCESS, Effect.DENY, origin)
    for each in sorted({each for led in ways for each in led.left}):
        yield Rule(File(each), CHANGING, Effect.DENY, origin)


def _copies() -> dict[str, str]:
    """Under their own names, and under those that the names lead to today."""
    copied = _COPIED if platform() == "linux" else ()
    return {path: name for name in copied for path in (name, canonical(name))}


def _modules_of_host(written: Iterable[str]) -> Iterable[Rule]:
    if process_is_ours():
        return ()
    # What only a host program needs is loaded only there.
    from nono.supervisor.decisions.host_modules import host_modules

    return host_modules(written)
