"""The homes of others, protected as the person's own is where a grant reaches them.

Root works in somebody's home while $HOME is /root; a directory above all homes is opened. A run
in the person's own home looks at none of this, unless it is above others: / of a container, say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from nono.broker import (
    ALL_ACCESS,
    Access,
    Effect,
    File,
    Origin,
    OriginKind,
    Rule,
    Subtree,
    Subtrees,
    group,
    is_within,
    rules_of,
)
from nono.broker.dataclass import replace
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import child
from nono.supervisor import looks
from nono.supervisor.descriptors import listdir, opened, scandir
from nono.supervisor.links import Ways
from nono.supervisor.places import platform
from nono.supervisor.walk import between

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.planning.paths.refused_names import Expanded

_NONO = {".local/state/nono": ALL_ACCESS, ".config/nono": CHANGING}
"""Whose own variables lead elsewhere is not known here."""
_ORIGIN = Origin(OriginKind.BUILTIN, "nono's own records")
_PASSWD = "/etc/passwd"
_PARENTS = ("/home", "/Users")
_USUAL = ("/root", "/var/root")
_SYSTEM = ("/bin", "/dev", "/proc", "/run", "/sbin", "/sys", "/usr")
_MAX = 1000
_WILDCARDS = frozenset("*?[")


def other_homes(
    rules: Sequence[Rule], home: str, expand: Callable[[str], Expanded]
) -> Iterator[Rule]:
    """The refusals of the groups in force, for each other home that a grant reaches, and of what is
    on the way to where their paths lead.

    `expand` makes of a home what expands the paths of groups. In a home that may only be read,
    what is not there needs no refusal.
    """
    grants = [
        (path, rule.access)
        for rule in rules
        if rule.effect is not Effect.DENY and rule.origin.is_of_person
        for path in _reach(rule)
    ]
    of_passwd = _of_passwd()
    if not _holds_others(home, of_passwd):
        grants = [(path, access) for path, access in grants if not is_within(path, home)]
    if not grants:
        return
    names = dict.fromkeys(
        rule.origin.name
        for rule in rules
        if rule.effect is Effect.DENY and rule.origin.kind is OriginKind.GROUP
    )
    for other in _homes(home, of_passwd):
        access = Access(0)
        for path, given in grants:
            if is_within(path, other) or is_within(other, path):
                access |= given
        if access:
            expanded = expand(other)
            is_written = Access.WRITE in access
            yield from _of_nono(other)
            inside = expanded if is_written else _only_there(expanded, other)
            for name in names:
                refusals = [*_refusals(rules_of(group(name), inside), other)]
                yield from refusals
                yield from expanded.links(refusals)


def _holds_others(home: str, of_passwd: Sequence[str]) -> bool:
    """Whether the homes of others are below this one."""
    known = (*_PARENTS, *_USUAL, *of_passwd)
    return any(is_within(other, home) and other.rstrip("/") != home for other in known)


def _of_nono(home: str) -> Iterator[Rule]:
    """Refusals of what nono has in a home: what it keeps for later runs, and what these may do."""
    for name, access in _NONO.items():
        led = between(child(home, name))
        for path in dict.fromkeys((child(home, name), led.end)):
            yield Rule(Subtree(path), access, Effect.DENY, _ORIGIN)
        for path in (*led.links, *led.left):
            yield Rule(File(path), CHANGING, Effect.DENY, _ORIGIN)


def _reach(rule: Rule) -> Iterator[str]:
    match rule.pattern:
        case Subtree(path) | File(path):
            yield path
        case _ if (prefix := getattr(rule.pattern, "prefix", None)) is not None:
            yield prefix


def _only_there(
    expand: Callable[[str], Sequence[str]], home: str
) -> Callable[[str], Sequence[str]]:
    """As `expand`, without the paths whose first name in the home is not there."""
    there = _entries(home)

    def found(path: str) -> Sequence[str]:
        start, _, rest = path.partition("/")
        first = rest.partition("/")[0]
        if start not in ("~", "$HOME") or not (_WILDCARDS & set(first) or first in there):
            return ()
        return expand(path)

    return found


def _refusals(rules: Iterable[Rule], home: str) -> Iterator[Rule]:
    """Those of them that refuse something in the home, or where links lead from there."""
    for rule in rules:
        if rule.effect is not Effect.DENY or not isinstance(rule.pattern, Subtrees):
            continue
        inside = {
            path: spelled
            for path, spelled in rule.pattern.spellings.items()
            if spelled.startswith(("~", "$HOME")) and path != home
        }
        if inside:
            yield replace(rule, pattern=Subtrees(inside))


def _entries(directory: str) -> frozenset[str]:
    try:
        return frozenset(listdir(directory))
    except OSError:
        return frozenset()


def _homes(own: str, of_passwd: Sequence[str]) -> list[str]:
    """The homes of everybody else that are there: canonical, and no more than 1,000 of them."""
    found = [*_USUAL, *of_passwd]
    for parent in _PARENTS:
        try:
            with scandir(parent) as entries:
                found += [entry.path for entry in islice(entries, _MAX)]
        except OSError:
            continue
    homes = [path for path in dict.fromkeys(map(Ways(own).of_any, found)) if looks.isdir(path)]
    return [
        path
        for path in homes[:_MAX]
        if path not in ("/", own, *_PARENTS)
        and not any(is_within(path, system) for system in _SYSTEM)
    ]


def _of_passwd() -> list[str]:
    """The homes of passwd(5). A directory service is not asked: it may take minutes."""
    if platform() != "linux":
        return []
    try:
        with open(_PASSWD, encoding="utf-8", errors="surrogateescape", opener=opened) as file:
            lines = [line.split(":") for line in islice(file, _MAX)]
    except OSError:
        return []
    return [words[5] for words in lines if len(words) > 5 and words[5].startswith("/")]
