"""What holds a program on macOS: the profile of a run, and that it means what the policy says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from nono.broker import (
    Access,
    Allow,
    Effect,
    Execute,
    File,
    Glob,
    Open,
    Operation,
    PathChange,
    Policy,
    Request,
    Subtree,
    UnixConnect,
)
from nono.broker.requests import NOBODY
from nono.broker.rules.paths import child, parent
from nono.broker.rules.patterns import Subtrees
from nono.shims.macos.evaluate import Asked, Evaluator
from nono.shims.macos.sbpl import Allow as Allowed
from nono.shims.macos.sbpl import Named, Profile
from nono.supervisor.errors import BrokenError, UsageError
from nono.supervisor.macos.network import network_rules
from nono.supervisor.macos.on_disk import path_on_disk, policy_on_disk
from nono.supervisor.macos.profile import opened_by, profile_of, with_base


@dataclass(frozen=True, slots=True)
class Compiled:
    """`policy` is what the profile was made of, with the paths that the kernel compares."""

    policy: Policy
    profile: Profile
    answers: Evaluator

    def on_disk(self, request: Request) -> Request:
        """The request at the path that the kernel compares, where it is about one."""
        if isinstance(request, Open | Execute | PathChange):
            return replace(request, path=path_on_disk(request.path))
        return request

    def allows(self, request: Request, kind: str = "REGULAR-FILE") -> bool:
        """What the kernel will answer. Raises KeyError for a request that is not about a path."""
        operations, path = _operations(request)
        path = path_on_disk(path)
        socket = "network-outbound" in operations
        return all(
            self.answers.allows(Asked(each, path, kind, is_unix_socket=socket))
            for each in operations
        )


def compiled(
    policy: Policy,
    tag: str,
    proxy_port: int | None = None,
    *,
    mark: str = "",
    spell: Callable[[str], str] | None = None,
) -> Compiled:
    """The profile for a completed policy, once it was compared with what the policy decides.

    `tag` is what the kernel logs with each refusal, `mark` a service that does not exist and that
    only this profile lets be looked up. `spell` says how the kernel spells what is granted: on a
    Mac. Raises UsageError for a rule that cannot be written down exactly enough, BrokenError where
    the two disagree.
    """
    policy = with_base(policy_on_disk(policy, spell))
    marks = [Allowed(("mach-lookup",), Named("global-name", mark))] if mark else []
    try:
        profile = profile_of(policy, tag, [*network_rules(policy.network, proxy_port), *marks])
        profile.text()
    except ValueError as error:
        hint = "nono run --dry-run shows the rules"
        raise UsageError(f"a rule cannot be enforced on macOS: {error}", hint) from None
    made = Compiled(policy, profile, Evaluator(profile))
    for request in _uses(_near_refusals(policy)):
        if made.allows(request) and not isinstance(policy.decide(request), Allow):
            raise BrokenError(f"the profile for macOS allows what the policy refuses: {request}")
    return made


def _near_refusals(policy: Policy) -> dict[str, None]:
    """What is refused, what is above it, and a name below, each once: as far as it is opened."""
    places: dict[str, None] = {}
    opened = opened_by(policy)
    for path in _refused_paths(policy):
        places.update(dict.fromkeys((path, child(path, "x"), parent(path))))
    return dict.fromkeys(filter(opened.reaches, places))


def _uses(places: Iterable[str]) -> Iterator[Request]:
    """Every way to use them."""
    for near in places:
        for access in (Access.READ, Access.WRITE):
            yield Open(NOBODY, near, access)
        yield Execute(NOBODY, near)
        yield PathChange(NOBODY, Operation.UNLINK, near)
        if near != "/":
            yield PathChange(NOBODY, Operation.CREATE, near)


def _refused_paths(policy: Policy) -> Iterable[str]:
    for rule in policy.rules:
        if rule.effect is Effect.ALLOW:
            continue
        match rule.pattern:
            case File(path) | Subtree(path):
                yield path
            case Subtrees() as trees:
                yield from trees.spellings
            case Glob() as pattern:
                yield from _example(pattern, policy)


def _example(pattern: Glob, policy: Policy) -> Iterator[str]:
    """A path that the pattern matches, in each directory that is opened, where one is plain."""
    name = pattern.text.rpartition("/")[2]
    if not name or set(name) & set("*?["):
        return
    for rule in policy.rules:
        if rule.effect is Effect.ALLOW and isinstance(rule.pattern, Subtree):
            path = child(rule.pattern.path, name)
            if pattern.matches(path):
                yield path


_OPENED = {Access.READ: "file-read-data", Access.WRITE: "file-write-data"}
_CHANGED = {
    Operation.CREATE: "file-write-create",
    Operation.UNLINK: "file-write-unlink",
    Operation.RENAME_FROM: "file-write-unlink",
    Operation.RENAME_TO: "file-write-create",
}


def _operations(request: Request) -> tuple[list[str], str]:
    """What the kernel is asked for a request, and the path."""
    match request:
        case Open(_, path, access):
            return [each for right, each in _OPENED.items() if access & right], path
        case Execute(_, path):
            return ["process-exec"], path
        case PathChange(_, operation, path):
            return [_CHANGED[operation]], path
        case UnixConnect(_, path):
            return ["network-outbound"], path
    raise KeyError(type(request).__name__)
