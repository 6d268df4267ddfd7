"""What holds a program: its Landlock ruleset, its filter, its capabilities; and what is its own."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nono.broker import Mode
from nono.shims.errors import ShimError
from nono.shims.linux import capabilities, landlock, notify, process
from nono.shims.linux.syscall_classes import machine
from nono.supervisor.errors import StartError
from nono.supervisor.linux import ruleset
from nono.supervisor.linux.calls.own_objects import OwnObjects

if TYPE_CHECKING:
    from nono.shims.linux.syscall_classes import Network
    from nono.supervisor.decisions.always import Complete
    from nono.supervisor.linux.injected_files import InjectedFiles
    from nono.supervisor.linux.network.service import NetworkService
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

KEPT_CAPABILITIES = frozenset(
    capabilities.NUMBERS[name] for name in ("CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER")
)
"""What root keeps: the rights over files. Where they reach is Landlock's and the broker's.

Without CAP_FSETID a write clears the set-id bits of a file, as for everybody else."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Of one sandbox; shared by all its programs. Close it when none of them is left."""

    ruleset: int
    scope: int
    """The ruleset of the init; -1 where the kernel has no scopes."""
    program: bytes
    """The seccomp filter."""
    broker: bool
    """False: the floor is everything that the program may do."""
    own: OwnObjects
    network: NetworkService | None
    """What has to be served beside the broker, where hosts are known by their names."""
    injected: InjectedFiles | None
    """The files that are others inside, if any."""

    def close(self) -> None:
        if self.network is not None:
            self.network.close()
        if self.injected is not None:
            self.injected.close()
        os.close(self.ruleset)
        if self.scope >= 0:
            os.close(self.scope)
        self.own.close()


def check_proc() -> None:
    """Raise StartError when /proc shows the processes of another pid namespace than ours.

    The threads that call would be looked up there by numbers that mean others: pid_namespaces(7).
    """
    try:
        ours, namespace = os.readlink("/proc/self"), os.readlink("/proc/self/ns/pid")
        same = ours == str(os.getpid()) and namespace == os.readlink(f"/proc/{ours}/ns/pid")
    except OSError:
        same = False
    if not same:
        raise StartError(
            "/proc belongs to another pid namespace than this process, or is not mounted",
            "unshare --pid --fork --mount-proc",
        )


_ALLOW_ALL = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
"""BPF_RET | BPF_K with SECCOMP_RET_ALLOW: seccomp(2)."""


def check_listener() -> None:
    """Raise StartError when no filter with a listener can be added to those of this process.

    A copy of this process tries. For a process without threads.
    """
    child = os.fork()
    if child == 0:
        number = 0
        try:
            process.set_no_new_privs()
            notify.install(_ALLOW_ALL)
        except OSError as error:
            number = error.errno or 0
        os._exit(number)
    number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number == errno.EBUSY:
        raise StartError.of_step("seccomp", number)


def check_kernel(best_effort: bool) -> int:
    """The running Landlock ABI. Raises StartError for what it cannot enforce."""
    check_proc()
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


def confine(
    made: Complete,
    abi: int,
    *,
    broker: bool,
    nameservers: Sequence[tuple[str, int]],
    proxy: UpstreamProxy | None = None,
) -> Confinement:
    """Make the ruleset and the filter, and what the network needs. Raises StartError, OSError.

    `nameservers` are asked for the hosts that the policy allows, instead of the machine's own;
    `proxy` is what these are reached through, if anything.
    """
    mode = made.policy.network.mode
    with contextlib.ExitStack() as undo:
        is_served = mode is Mode.FILTERED and broker
        network = _network_service(nameservers, proxy) if is_served else None
        if network is not None:
            undo.callback(network.close)
        injected = _injected_files(made)
        if injected is not None:
            undo.callback(injected.close)
        ruleset_fd = ruleset.build(made.floor, abi)
        undo.callback(os.close, ruleset_fd)
        scope_fd = ruleset.build_scope(abi)
        if scope_fd >= 0:
            undo.callback(os.close, scope_fd)
        program = filter_program(mode.value, broker)
        undo.pop_all()
        return Confinement(ruleset_fd, scope_fd, program, broker, OwnObjects(), network, injected)


def filter_program(network: Network, broker: bool) -> bytes:
    """The seccomp filter for this machine. Raises StartError where none can be built.

    Here the errors of the shims become ours.
    """
    from nono.shims.linux import filter as seccomp_filter

    try:
        copies = process.copies_descriptors()
        return seccomp_filter.build(machine(), network, broker=broker, copies=copies)
    except ShimError as error:
        raise StartError(error.message, error.hint) from error


def _network_service(
    nameservers: Sequence[tuple[str, int]], proxy: UpstreamProxy | None
) -> NetworkService:
    from nono.supervisor.linux.network.service import NetworkService

    return NetworkService(nameservers, proxy)


def _injected_files(made: Complete) -> InjectedFiles | None:
    contents = dict(made.cleaned)
    if made.copies:
        from nono.supervisor.linux.network.resolver_files import resolver_files

        contents |= resolver_files(made.copies)
    if not contents:
        return None
    from nono.supervisor.linux.injected_files import InjectedFiles

    return InjectedFiles(contents)
