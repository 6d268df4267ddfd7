"""What Seatbelt cannot do as the broker does, in one table.

A run that needs what is refused here is refused, or goes on with less where a person said so
(`--best-effort`). The rest is said, since nothing is opened by it that a person would not expect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nono.broker import Access, Effect, Glob, Mode, Policy, Rule
from nono.broker.rules.host_patterns import PublicPort
from nono.broker.rules.paths import is_within
from nono.broker.settings import flag
from nono.supervisor.macos.expressions import directories_of

Concerns = Callable[[Policy], bool]


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` a program or a person finds otherwise, `instead` what happens there.

    `concerns` tells whose policy makes it matter. `refused` runs need `--best-effort`.
    """

    what: str
    instead: str
    concerns: Concerns
    refused: bool = False
    of_limits: bool = False
    """It matters to a run with limits besides that of its time."""


def _never(policy: Policy) -> bool:
    return False


def _always(policy: Policy) -> bool:
    return True


def _is_filtered(policy: Policy) -> bool:
    return policy.network.mode is Mode.FILTERED


def _is_open(policy: Policy) -> bool:
    return policy.network.mode is Mode.UNRESTRICTED


def _asks_for_paths(policy: Policy) -> bool:
    return Effect.ASK in (policy.default, *(rule.effect for rule in policy.rules))


def _opens_public_ports(policy: Policy) -> bool:
    return any(
        isinstance(rule.pattern, PublicPort) and rule.effect is Effect.ALLOW
        for rule in policy.network.rules
    )


def _shares_directories(policy: Policy) -> bool:
    return any(_only_makes(rule) for rule in policy.rules)


def _only_makes(rule: Rule) -> bool:
    """A right to make objects in a directory, and no other to what others made there."""
    return rule.effect is Effect.ALLOW and rule.access is Access.CREATE


def _writes_unread(policy: Policy) -> bool:
    """A grant to write what may not be read."""
    return any(
        rule.effect is Effect.ALLOW and rule.access & (Access.READ | Access.WRITE) == Access.WRITE
        for rule in policy.rules
    )


def _may_reach_volumes(policy: Policy) -> bool:
    """A grant reaches where volumes are mounted that are not the one that was started from."""
    opened = [rule.named for rule in policy.rules if rule.effect is Effect.ALLOW]
    return any(path == "/" or is_within(path, _VOLUMES) for named in opened for path in named)


def _has_directories_in_patterns(policy: Policy) -> bool:
    refused = [rule.pattern for rule in policy.rules if rule.effect is not Effect.ALLOW]
    patterns = [each for each in refused if isinstance(each, Glob)]
    return any(next(directories_of(each, policy.names), None) for each in patterns)


_VOLUMES = "/Volumes"
TABLE = (
    Difference(
        "questions about files",
        "refused: the kernel asks nobody while a call waits; only connections can be asked about",
        _asks_for_paths,
        refused=True,
    ),
    Difference(
        "a port of every public host",
        "it is reached everywhere: in private networks too, and where machines get credentials",
        _opens_public_ports,
        refused=True,
    ),
    Difference(
        "limits of memory, processes, processor time, open files and written bytes",
        f"refused: the kernel counts for no group of processes; {flag('limits.timeout')} works",
        _never,
        refused=True,
        of_limits=True,
    ),
    Difference(
        "hosts by name",
        "only programs that use a proxy reach them: nono sets HTTPS_PROXY and the like",
        _is_filtered,
    ),
    Difference(
        "servers of the program's own on 127.0.0.1",
        f"each port has to be opened: {flag('network.listen_port')} PORT",
        _is_filtered,
    ),
    Difference(
        "where machines get credentials (169.254.169.254)",
        "it can be reached while the network is open: name the hosts, and it cannot",
        _is_open,
    ),
    Difference(
        "objects of the program's own in /tmp",
        "nothing can be made there: the program has a private TMPDIR",
        _shares_directories,
    ),
    Difference(
        "what is refused",
        "always EPERM, where Linux says EACCES for most",
        _always,
    ),
    Difference(
        "other names of one file (hard links)",
        "a name that was there before and lies in what is opened is opened",
        _always,
    ),
    Difference(
        "directories that a pattern refuses something in",
        "they are neither moved nor removed, where it would match no more elsewhere",
        _has_directories_in_patterns,
    ),
    Difference(
        "what may be written and not read",
        "it can be moved to where it may be read: Linux refuses such a move",
        _writes_unread,
    ),
    Difference(
        "names on volumes of HFS+ and FAT",
        "a refusal does not reach their short names, nor those with characters that they leave out",
        _may_reach_volumes,
    ),
    Difference(
        "nono grant",
        "hosts alone, and where they are named: no process's profile can be widened",
        _always,
    ),
    Difference(
        "what a program leaves running",
        "it ends with the program, also in the library, where it may go on on Linux",
        _always,
    ),
    Difference(
        "the record of every call",
        "refusals alone are known, and only those that the system's log kept",
        _always,
    ),
    Difference(
        "programs that leave the run (daemons)",
        "they stay in the sandbox, and may outlive it",
        _always,
    ),
)


def differences(policy: Policy, *, limited: bool = False) -> Iterator[Difference]:
    """Those that matter to a run with this policy, which may be `limited`."""
    return (each for each in TABLE if each.concerns(policy) or (limited and each.of_limits))
