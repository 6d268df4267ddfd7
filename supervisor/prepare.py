"""From a policy to everything that a sandbox needs before a process can be started in it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nono.broker import (
    FLOOR_ACCESS,
    Effect,
    Mode,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
    floor_exclude,
)
from nono.shims.linux import capabilities, landlock
from nono.shims.linux.syscalls import machine
from nono.supervisor import ruleset
from nono.supervisor.enforcement import Enforcement
from nono.supervisor.errors import StartError
from nono.supervisor.kernel_mounts import refuse_kernel_mounts
from nono.supervisor.removal import remove_tree

if TYPE_CHECKING:
    from nono.supervisor.network.service import NetworkService

KEPT_CAPABILITIES = frozenset(
    capabilities.NUMBERS[name]
    for name in ("CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID")
)
"""What root keeps: the rights over files. Where they reach is Landlock's and the broker's."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Close it when no process can be started in it any more."""

    enforcement: Enforcement
    ruleset: int
    scope: int
    program: bytes
    broker: bool
    tmpdir: str

    @property
    def network(self) -> NetworkService | None:
        """What has to be served beside the broker."""
        return self.enforcement.network

    def close(self) -> None:
        if self.network is not None:
            self.network.close()
        os.close(self.ruleset)
        if self.scope >= 0:
            os.close(self.scope)
        self.enforcement.own.close()
        remove_tree(self.tmpdir)


def prepare(
    policy: Policy,
    *,
    best_effort: bool = False,
    broker: bool = True,
    nameservers: Sequence[tuple[str, int]] = (),
) -> Prepared:
    """Compute the floor, make the ruleset and the filter, and the private TMPDIR.

    Without a `broker` the floor is everything that the program may do. Raises StartError when
    the kernel cannot enforce the policy, unless `best_effort`. `nameservers`, addresses and ports,
    are asked for the hosts that the policy allows, instead of the machine's own.
    """
    from nono.shims.linux import filter as seccomp_filter

    abi = check_kernel(best_effort)
    tmpdir = os.path.realpath(tempfile.mkdtemp(prefix="nono-"))
    with contextlib.ExitStack() as undo:
        undo.callback(remove_tree, tmpdir)
        origin = Origin(OriginKind.BUILTIN, "private TMPDIR")
        private = Rule(Subtree(tmpdir), FLOOR_ACCESS, Effect.ALLOW, origin)
        policy = refuse_kernel_mounts(policy.with_rules([private]))
        network = _network_service(policy, broker, nameservers)
        if network is not None:
            undo.callback(network.close)
        injected = network.files.paths if network is not None else frozenset()
        floor = policy.floor(ruleset.RealTree(), floor_exclude() | injected)
        policy = policy.with_rules(floor.matched)
        ruleset_fd = ruleset.build(floor, abi)
        undo.callback(os.close, ruleset_fd)
        scope_fd = ruleset.build_scope(abi)
        if scope_fd >= 0:
            undo.callback(os.close, scope_fd)
        program = seccomp_filter.build(machine(), policy.network.mode.value, broker=broker)
        undo.pop_all()
        enforcement = Enforcement(policy, floor, network)
        return Prepared(enforcement, ruleset_fd, scope_fd, program, broker, tmpdir)


def _network_service(
    policy: Policy, broker: bool, nameservers: Sequence[tuple[str, int]]
) -> NetworkService | None:
    if policy.network.mode is not Mode.FILTERED or not broker:
        return None
    from nono.supervisor.network.service import NetworkService

    return NetworkService(nameservers)


def check_kernel(best_effort: bool) -> int:
    """The running Landlock ABI. Raises StartError for what it cannot enforce."""
    abi = landlock.abi_version()
    if abi == 0:
        raise StartError(
            "this kernel offers no Landlock, which the floor is made of (Linux 5.13, and"
            " `landlock` in the kernel's list of security modules)",
            "nono setup --check",
        )
    lost = landlock.lost(abi)
    if lost and not best_effort:
        raise StartError(
            f"this kernel's Landlock (ABI {abi}) cannot refuse: {'; '.join(lost)}",
            "add --best-effort to run with less, or use a newer kernel",
        )
    return abi
