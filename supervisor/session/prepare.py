"""From a policy to everything that a sandbox needs before a process can be started in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nono.broker import Mode, Policy
from nono.supervisor.decisions.always import Complete, complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux import ruleset
from nono.supervisor.linux.calls.own_objects import OwnObjects
from nono.supervisor.linux.confine import check_kernel, filter_program
from nono.supervisor.session.tmpdir import make_tmpdir, remove_tree

if TYPE_CHECKING:
    from nono.broker.credentials.services import Service
    from nono.supervisor.audit.writer import Audit, AuditOptions
    from nono.supervisor.credentials.proxy import CredentialProxy
    from nono.supervisor.decisions.witness import Witness
    from nono.supervisor.linux.network.service import NetworkService


@dataclass(frozen=True, slots=True)
class Prepared:
    """Close it when no process can be started in it any more."""

    decisions: Decisions
    own: OwnObjects
    network: NetworkService | None
    """What has to be served beside the broker."""
    credentials: CredentialProxy | None
    """What has to be served where services are used."""
    audit: Audit | None
    """Where decisions are written down, if they are."""
    ruleset: int
    scope: int
    program: bytes
    broker: bool
    tmpdir: str

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment of a program that is to get `env`."""
        made = {**env, "TMPDIR": self.tmpdir}
        return made if self.credentials is None else self.credentials.environment(made)

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
        self.own.close()
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
    missing, UsageError where services cannot be used.
    """
    abi = check_kernel(best_effort)
    tmpdir = make_tmpdir()
    with contextlib.ExitStack() as undo:
        undo.callback(remove_tree, tmpdir)
        log = _open_audit(audit) if broker else None
        if log is not None:
            undo.callback(log.close)
        credentials = _credential_proxy(services, nameservers) if broker else None
        if credentials is not None:
            undo.callback(credentials.close)
            credentials.issued.usage.audit = log
        made = complete(
            policy,
            services,
            broker=broker,
            tmpdir=tmpdir,
            proxy_port=None if credentials is None else credentials.port,
            env=None if audit is None else audit.env,
        )
        network = _network_service(made, nameservers) if broker else None
        if network is not None:
            undo.callback(network.close)
        ruleset_fd = ruleset.build(made.floor, abi)
        undo.callback(os.close, ruleset_fd)
        scope_fd = ruleset.build_scope(abi)
        if scope_fd >= 0:
            undo.callback(os.close, scope_fd)
        program = filter_program(made.policy.network.mode.value, broker)
        if log is not None:
            log.start(made.policy, tmpdir)
        decisions = made.decisions(log if witness is None else witness)
        undo.pop_all()
        return Prepared(
            decisions,
            OwnObjects(),
            network,
            credentials,
            log,
            ruleset_fd,
            scope_fd,
            program,
            broker,
            tmpdir,
        )


def _open_audit(options: AuditOptions | None) -> Audit | None:
    if options is None:
        return None
    from nono.supervisor.audit.writer import open_audit

    return open_audit(options)


def _credential_proxy(
    services: Sequence[Service], nameservers: Sequence[tuple[str, int]]
) -> CredentialProxy | None:
    if not services:
        return None
    from nono.supervisor.credentials.proxy import CredentialProxy

    return CredentialProxy(services, os.environ, nameservers)


def _network_service(
    made: Complete, nameservers: Sequence[tuple[str, int]]
) -> NetworkService | None:
    if made.policy.network.mode is not Mode.FILTERED:
        return None
    from nono.supervisor.linux.network.service import NetworkService

    return NetworkService(made.copies, nameservers)
