"""From a policy to everything that a sandbox needs before a process can be started in it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
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
from nono.supervisor.audit_place import refuse_records
from nono.supervisor.enforcement import Enforcement
from nono.supervisor.errors import StartError, UsageError
from nono.supervisor.kernel_mounts import refuse_kernel_mounts
from nono.supervisor.removal import remove_tree

if TYPE_CHECKING:
    from nono.broker.services import Service
    from nono.supervisor.audit import Audit, AuditOptions
    from nono.supervisor.credentials.proxy import CredentialProxy
    from nono.supervisor.injected_files import InjectedFiles
    from nono.supervisor.network.service import NetworkService
    from nono.supervisor.witness import Witness

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

    @property
    def credentials(self) -> CredentialProxy | None:
        """What has to be served where services are used."""
        return self.enforcement.credentials

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment of a program that is to get `env`."""
        made = {**env, "TMPDIR": self.tmpdir}
        return made if self.credentials is None else self.credentials.environment(made)

    @property
    def audit(self) -> Audit | None:
        """Where decisions are written down, if they are."""
        return self.enforcement.audit

    def close(self) -> None:
        if self.credentials is not None:
            self.credentials.close()
        if self.audit is not None:
            self.audit.close()
        if self.network is not None:
            self.network.close()
        if self.enforcement.injected is not None:
            self.enforcement.injected.close()
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
    audit: AuditOptions | None = None,
    witness: Witness | None = None,
    services: Sequence[Service] = (),
    copies: Sequence[tuple[str, bytes]] = (),
) -> Prepared:
    """Compute the floor, make the ruleset and the filter, and the private TMPDIR.

    Without a `broker` the floor is everything that the program may do. Raises StartError when
    the kernel cannot enforce the policy, unless `best_effort`. `nameservers`, addresses and ports,
    are asked for the hosts that the policy allows, instead of the machine's own. With `audit`
    every decision is recorded; there is none without a broker. A `witness` is told instead.
    The keys of `services` are loaded, and added to requests by a proxy: NonoError when one is
    missing. `copies` are files with what stands in them inside, whatever the policy says of them;
    they take a broker, too.
    """
    from nono.shims.linux import filter as seccomp_filter

    abi = check_kernel(best_effort)
    tmpdir = os.path.realpath(tempfile.mkdtemp(prefix="nono-"))
    with contextlib.ExitStack() as undo:
        undo.callback(remove_tree, tmpdir)
        log = _open_audit(audit) if broker else None
        if log is not None:
            undo.callback(log.close)
        policy = with_private_tmpdir(with_refusals(policy), tmpdir)
        credentials = _credential_proxy(services, broker, nameservers)
        if credentials is not None:
            undo.callback(credentials.close)
            credentials.usage.audit = log
            policy = credentials.restricted(policy)
        network = _network_service(policy, broker, nameservers)
        if network is not None:
            undo.callback(network.close)
        injected = _injected_files(dict(copies) if broker else {}, network)
        if injected is not None:
            undo.callback(injected.close)
        apart = frozenset() if injected is None else injected.paths
        floor = policy.floor(ruleset.RealTree(), floor_exclude() | apart)
        policy = policy.with_rules(floor.matched)
        ruleset_fd = ruleset.build(floor, abi)
        undo.callback(os.close, ruleset_fd)
        scope_fd = ruleset.build_scope(abi)
        if scope_fd >= 0:
            undo.callback(os.close, scope_fd)
        program = seccomp_filter.build(machine(), policy.network.mode.value, broker=broker)
        if log is not None:
            log.start(policy, tmpdir)
        enforcement = Enforcement(policy, floor, network, log, witness, credentials, injected)
        undo.pop_all()
        return Prepared(enforcement, ruleset_fd, scope_fd, program, broker, tmpdir)


def with_refusals(policy: Policy) -> Policy:
    """The policy, with what no sandbox may touch whatever it allows. Raises OSError."""
    return refuse_records(refuse_kernel_mounts(policy))


def with_private_tmpdir(policy: Policy, tmpdir: str) -> Policy:
    """The policy, with the right to all that is in the run's own TMPDIR."""
    origin = Origin(OriginKind.BUILTIN, "private TMPDIR")
    return policy.with_rules([Rule(Subtree(tmpdir), FLOOR_ACCESS, Effect.ALLOW, origin)])


def only_deciding(policy: Policy, tmpdir: str) -> Enforcement:
    """What a run with this policy and this private TMPDIR would decide by, with nothing started."""
    policy = with_private_tmpdir(with_refusals(policy), tmpdir)
    floor = policy.floor(ruleset.RealTree(), floor_exclude())
    return Enforcement(policy.with_rules(floor.matched), floor)


def _open_audit(options: AuditOptions | None) -> Audit | None:
    if options is None:
        return None
    from nono.supervisor.audit import open_audit

    return open_audit(options)


def _credential_proxy(
    services: Sequence[Service], broker: bool, nameservers: Sequence[tuple[str, int]]
) -> CredentialProxy | None:
    if not services:
        return None
    if not broker:
        raise UsageError(
            "services need the broker, which --floor-only leaves out",
            "leave out --proxy-credential, or --floor-only",
        )
    from nono.supervisor.credentials.proxy import CredentialProxy

    return CredentialProxy(services, os.environ, nameservers)


def _network_service(
    policy: Policy, broker: bool, nameservers: Sequence[tuple[str, int]]
) -> NetworkService | None:
    if policy.network.mode is not Mode.FILTERED or not broker:
        return None
    from nono.supervisor.network.service import NetworkService

    return NetworkService(nameservers)


def _injected_files(
    contents: dict[str, bytes], network: NetworkService | None
) -> InjectedFiles | None:
    if network is not None:
        from nono.supervisor.network.files import resolver_files

        contents |= resolver_files()
    if not contents:
        return None
    from nono.supervisor.injected_files import InjectedFiles

    return InjectedFiles(contents)


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
