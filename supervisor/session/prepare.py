"""From a policy to everything that a sandbox needs before a process can be started in it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nono.broker import (
    Mode,
    Policy,
    floor_exclude,
)
from nono.supervisor.decisions.always import with_private_tmpdir, with_refusals
from nono.supervisor.decisions.decide import Enforcement
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.errors import UsageError
from nono.supervisor.linux import ruleset
from nono.supervisor.linux.confine import check_kernel, filter_program
from nono.supervisor.session.tmpdir import remove_tree

if TYPE_CHECKING:
    from nono.broker.credentials.services import Service
    from nono.supervisor.audit.writer import Audit, AuditOptions
    from nono.supervisor.credentials.proxy import CredentialProxy
    from nono.supervisor.decisions.witness import Witness
    from nono.supervisor.linux.network.service import NetworkService


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
) -> Prepared:
    """Compute the floor, make the ruleset and the filter, and the private TMPDIR.

    Without a `broker` the floor is everything that the program may do. Raises StartError when
    the kernel cannot enforce the policy, unless `best_effort`. `nameservers`, addresses and ports,
    are asked for the hosts that the policy allows, instead of the machine's own. With `audit`
    every decision is recorded; there is none without a broker. A `witness` is told instead.
    The keys of `services` are loaded, and added to requests by a proxy: NonoError when one is
    missing.
    """
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
        injected = network.files.paths if network is not None else frozenset()
        floor = policy.floor(RealTree(), floor_exclude() | injected)
        policy = policy.with_rules(floor.matched)
        ruleset_fd = ruleset.build(floor, abi)
        undo.callback(os.close, ruleset_fd)
        scope_fd = ruleset.build_scope(abi)
        if scope_fd >= 0:
            undo.callback(os.close, scope_fd)
        program = filter_program(policy.network.mode.value, broker)
        if log is not None:
            log.start(policy, tmpdir)
        enforcement = Enforcement(policy, floor, network, log, witness, credentials)
        undo.pop_all()
        return Prepared(enforcement, ruleset_fd, scope_fd, program, broker, tmpdir)


def _open_audit(options: AuditOptions | None) -> Audit | None:
    if options is None:
        return None
    from nono.supervisor.audit.writer import open_audit

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
    from nono.supervisor.linux.network.service import NetworkService

    return NetworkService(nameservers)
