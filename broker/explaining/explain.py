"""From a verdict to words: the one way, for reports, `why`, prompts and the audit."""

from __future__ import annotations

from typing import Literal

from nono.broker.dataclass import dataclass
from nono.broker.explaining import access_words, each_time, forbidden, git_settings
from nono.broker.explaining import network as explain_network
from nono.broker.explaining.breadth import beyond
from nono.broker.explaining.other_users import becomes_another
from nono.broker.explaining.remedies import Around, ends_work_tree, is_passing, remedy
from nono.broker.floor.floor import Floor
from nono.broker.policy.policy import Policy
from nono.broker.requests import (
    CLOSING,
    SET_ID,
    Bind,
    Connect,
    Execute,
    Forbidden,
    Metadata,
    NetworkRequest,
    Open,
    Operation,
    PathChange,
    Request,
    Socket,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import READ_WRITE, Access
from nono.broker.rules.paths import parent
from nono.broker.rules.rule import OWN_CODE, Anything, Effect, OriginKind, Rule
from nono.broker.verdicts import Allow, Ask, Deny, Verdict
from nono.broker.visible import quoted, visible

__all__ = ["Explanation", "Layer", "explain", "summary", "visible"]

Layer = Literal["kernel floor", "broker"]
NOWHERE = Around()
_MAX_MORE = 1000
_REFUSED_OUTSIDE = "outside, file modes refuse it to this user, too"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was asked, why the answer is what it is, and what would change it.

    `summary` and `reason` are safe to show. `fix` holds the arguments to
    add to the command line, unquoted, flags and values in turn; it is empty when
    no flag helps or when the path cannot be shown as it is. `layer` enforces.
    """

    summary: str
    reason: str
    fix: tuple[str, ...]
    layer: Layer


def explain(
    policy: Policy,
    request: Request,
    verdict: Verdict,
    *,
    around: Around = NOWHERE,
    floor: Floor | None = None,
) -> Explanation:
    """Put a verdict of `policy` on `request` into words.

    `around` is what of the machine decides which flag helps.
    With the run's `floor` the layer is exact, and a program that the policy
    allows but the kernel does not is explained.
    """
    fix: tuple[str, ...] = ()
    match verdict:
        case Allow(rule):
            reason = _why_allowed(policy, request, rule, floor)
        case Ask(rule):
            reason = why_asked(request, rule)
            if rule.origin.kind is OriginKind.DEFAULT:
                fix = remedy(policy, request, rule, around)
        case Deny(rule):
            reason = _why_denied(policy, request, rule)
            fix = remedy(policy, request, rule, around)
            if rule.origin.kind is OriginKind.DEFAULT:
                more = visible(beyond(policy, request, fix, around), limit=_MAX_MORE)
                reason = "; ".join(filter(None, (reason, more)))
            elif kept := visible(each_time.why_kept(request, rule, fix), limit=_MAX_MORE):
                reason, fix = f"{reason}: {kept}", ()
    if fix and around.refuses:
        reason, fix = f"{reason}; {_REFUSED_OUTSIDE}", ()
    if any(visible(part, limit=len(part)) != part for part in fix):
        fix = ()
    return Explanation(summary(request), reason, fix, _layer(request, verdict, floor))


_VERBS = {
    Operation.CREATE: "create",
    Operation.MKDIR: "create the directory",
    Operation.RMDIR: "remove the directory",
    Operation.UNLINK: "delete",
    Operation.RENAME_FROM: "rename",
    Operation.RENAME_TO: "rename something to",
    Operation.LINK_FROM: "make a hard link to",
    Operation.LINK_TO: "create the hard link",
    Operation.SYMLINK: "create the symbolic link",
    Operation.MKNOD: "create the special file",
    Operation.TRUNCATE: "truncate",
    Operation.BIND: "create the unix socket",
}


_NEW = frozenset({Operation.CREATE, Operation.MKDIR, Operation.MKNOD, Operation.BIND})
_CHANGES = {
    CLOSING: "take r or x from the owner of",
    SET_ID: "give a set-user-ID or set-group-ID bit to",
    "flock": "keep others out, by a lock, of",
    "lease": "keep others out, by a lease, of",
}


def verb(request: Request) -> str:
    """What is to be done, without the object; safe to show."""
    match request:
        case Open(_, _, access):
            return access_words.verbs(access) or "look up"
        case PathChange(_, operation):
            return _VERBS.get(operation, visible(str(operation)))
        case Metadata(_, operation):
            return _CHANGES.get(operation) or visible(operation)
        case Watch():
            return "watch"
        case Execute():
            return "execute"
        case UnixConnect():
            return "connect to the unix socket"
        case Bind():
            return "listen on"
    return "connect to"


def summary(request: Request) -> str:
    """What was asked for, safe to show."""
    if isinstance(request, NetworkRequest):
        return explain_network.summary(request)
    if isinstance(request, Forbidden):
        return forbidden.summary(request.call)
    return f"{verb(request)} {quoted(request.path)}"


def _named(rule: Rule) -> str:
    """The rule's origin and what the person wrote, once."""
    spelled = "" if isinstance(rule.pattern, Anything) else rule.pattern.spelled
    value = rule.origin.name.partition(" ")[2] if rule.origin.kind is OriginKind.FLAG else ""
    is_said = value and (spelled == value or spelled.endswith(f"/{value}"))
    more = f" ({visible(spelled)})" if spelled and not is_said else ""
    return f"{visible(str(rule.origin))}{more}"


def _why_allowed(policy: Policy, request: Request, rule: Rule, floor: Floor | None) -> str:
    reason = f"allowed by {_named(rule)}"
    if not isinstance(request, Execute) or floor is None:
        return reason
    if not floor.covers(request.path, Access.EXECUTE):
        return f"{reason}, {_not_run(request)}"
    remade = PathChange(request.process, Operation.CREATE, request.path)
    if floor.covers(parent(request.path), Access.EXECUTE) or not isinstance(
        policy.decide(remade), Allow
    ):
        return reason
    return f"{reason} as it is at the start, and not where a run makes it anew: {_RUN_ELSEWHERE}"


_RUN_ELSEWHERE = (
    "what is made is run in $TMPDIR, or in a directory that was there and holds nothing that is"
    " refused"
)


def _not_run(request: Execute) -> str:
    where = quoted(parent(request.path))
    return (
        "but the kernel does not run it: only what the kernel's rules covered at the start can be"
        f" executed, and {where} has none of its own; {_RUN_ELSEWHERE}"
    )


_NOT_GIVEN = "the right to execute cannot be given during a run"


def why_asked(request: Request, rule: Rule) -> str:
    """Why somebody is asked about it, by which rule."""
    if isinstance(request, Execute):
        return f"no rule allows it; {_NOT_GIVEN}"
    if rule.origin.kind is OriginKind.DEFAULT:
        return "no rule covers it, and the default is to ask"
    if isinstance(request, Connect) and request.host is not None:
        return explain_network.why_asked(request, _named(rule))
    if _holds_it(request, rule):
        return f"{_holds(request)} {visible(rule.pattern.spelled)}, about which {rule.origin} asks"
    return f"{_named(rule)} asks first"


_APART = {
    OWN_CODE: ": this is nono's own installation, which nothing inside changes. Install into an"
    " environment of your own instead (python3 -m venv .venv), and start its pip"
}


_PASSING = (
    "; it is made for a moment, as locks and temporary files are, and no flag opens that alone"
)
_STAYS = "what leads to names that start programs later, as to git's hooks, stays where it is"
"""For a refusal of many names, of which none need be there: the first would help nobody."""
_HIDES = ", and would not be seen there at the next start"
_WORK_TREE = "a work tree of before this run is removed outside: git worktree remove, or prune"


def _why_denied(policy: Policy, request: Request, rule: Rule) -> str:
    if isinstance(request, NetworkRequest):
        return explain_network.why_denied(request, rule, _named(rule))
    if isinstance(request, Forbidden):
        return forbidden.why_denied(request.call)
    if isinstance(request, Execute) and rule.effect is Effect.ALLOW:
        return f"allowed by {_named(rule)}, {_not_run(request)}"
    if rule.origin.kind is not OriginKind.DEFAULT:
        why = git_settings.why_refused(rule.origin.name)
        if rule.protected and ends_work_tree(request):
            why = _WORK_TREE
        if policy.knows_by_folding(rule, request.path):
            return f"the file system takes it for what is denied by {_named(rule)}"
        if _holds_it(request, rule):
            spelled = visible(rule.pattern.spelled)
            ends = f"; {_WORK_TREE}" if why is _WORK_TREE else ""
            if _closes(request):
                ends = _HIDES
            origin = visible(str(rule.origin))
            if rule.origin.kind is OriginKind.GROUP and not (ends or rule.access & Access.READ):
                return f"{_STAYS}: denied by {origin}"
            return f"{_holds(request)} {spelled}, which is denied by {origin}{ends}"
        apart = f"; {why}" if why else _APART.get(rule.origin, "")
        if rule.protected and not apart and is_passing(request):
            apart = _PASSING
        return f"denied by {_named(rule)}{apart}"
    if isinstance(request, UnixConnect):
        return explain_network.why_no_socket(request)
    reason = _short_of(policy, request)
    if name := becomes_another(request):
        return f"{reason}; {name} becomes no other user in a sandbox, whatever it may read"
    if isinstance(request, Execute):
        return f"{reason}; {_NOT_GIVEN}"
    return reason


def _short_of(policy: Policy, request: Request) -> str:
    """Why the grants do not suffice."""
    grants = [rule for rule in policy.considered(request) if rule.effect is Effect.ALLOW]
    if not grants:
        return "no rule allows it"
    given = Access(0)
    for rule in grants:
        given |= rule.access
    if given == Access.CREATE:
        where = visible(grants[0].pattern.spelled)
        is_new = isinstance(request, PathChange) and request.operation in _NEW
        what = "the directory that it would be in" if is_new else "this"
        return (
            f"in {where} a run may use what it made itself, and {what} is somebody else's or from"
            " an earlier run"
        )
    reason = f"{_named(grants[0])} allows only {access_words.deeds(given)}"
    if isinstance(request, PathChange) and policy.lacks(request) == Access.READ:
        return f"{reason}, and under its new name the object could be read"
    return reason


def _holds_it(request: Request, rule: Rule) -> bool:
    """True when the rule speaks not of the request's path but of something below it."""
    is_on_way = isinstance(request, PathChange) or _closes(request)
    return is_on_way and not rule.reaches(getattr(request, "path", ""))


def _closes(request: Request) -> bool:
    return isinstance(request, Metadata) and request.operation == CLOSING


def _holds(request: Request) -> str:
    """What the request's path has to do with what lies below it: a file holds nothing."""
    match request:
        case (
            PathChange(operation=Operation.RMDIR)
            | PathChange(operation=Operation.RENAME_FROM, directory=True)
            | Metadata()
        ):
            return "it holds"
    return "its name is on the way to"


def _layer(request: Request, verdict: Verdict, floor: Floor | None) -> Layer:
    if isinstance(request, Execute | Socket | Forbidden):
        return "kernel floor"
    if floor is None or not isinstance(verdict, Allow) or isinstance(request, NetworkRequest):
        return "broker"
    return "kernel floor" if _is_native(request, floor) else "broker"


def _is_native(request: Request, floor: Floor) -> bool:
    match request:
        case Open(_, path, access):
            return floor.covers(path, access)
        case PathChange(_, Operation.TRUNCATE, path):
            return floor.covers(path, Access.WRITE)
        case PathChange(_, Operation.LINK_FROM, path):
            return floor.covers(path, READ_WRITE) and floor.covers(parent(path), Access.WRITE)
        case PathChange(_, _, path):
            return floor.covers(parent(path), Access.WRITE)
    return False
