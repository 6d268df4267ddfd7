"""What holds a program: its Landlock ruleset, its filter, its capabilities; and what is its own."""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import sys
from collections.abc import Callable, Sequence

from nono.broker import Mode
from nono.broker.named_tuple import NamedTuple
from nono.shims.errors import ShimError
from nono.shims.linux import capabilities, landlock, notify, process
from nono.shims.linux.syscall_classes import machine
from nono.supervisor.errors import StartError
from nono.supervisor.linux import ruleset
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.kept_filter import kept_filter
from nono.supervisor.linux.tracing import check_tracing

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker import Process
    from nono.shims.linux.syscall_classes import Network
    from nono.supervisor.decisions.complete import Complete
    from nono.supervisor.linux.injected_files import InjectedFiles
    from nono.supervisor.linux.limits.holding import Holding
    from nono.supervisor.linux.network.service import NetworkService
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

KEPT_CAPABILITIES = frozenset(
    capabilities.NUMBERS[name] for name in ("CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER")
)
"""What root keeps: the rights over files. Where they reach is Landlock's and the broker's.

Without CAP_FSETID a write clears the set-id bits of a file, as for everybody else."""


class Confinement(NamedTuple):
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
    own_network: int = 0
    """The port of nono's proxy in a network of the program's own; 0 for the machine's network."""
    preload: str = ""
    """The library that programs load first, so that their opens for reading are the kernel's."""

    weaker: str = ""
    """One line about what of it is not as strong as it could be; empty where nothing is."""

    limits: Holding | None = None
    """What holds it to its limits, where it has any."""

    @property
    def may_have_changed(self) -> bool:
        """False when no program made a call that could make a name or write into a file."""
        return not self.broker or self.own.may_have_changed

    def remove_left_behind(self, is_granted: Callable[[str], bool]) -> list[str]:
        """As `OwnObjects.remove_left_behind`."""
        return self.own.remove_left_behind(is_granted)

    @property
    def client_of_proxy(self) -> Callable[[tuple[str, int]], Process] | None:
        """Tells whose a connection to nono's proxy is, where that is known."""
        return None if self.network is None else self.network.proxy_clients.of

    def close(self) -> None:
        if self.limits is not None:
            self.limits.close()
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
        # What only this needs is loaded only then.
        from nono.supervisor.linux.wsl import listener_error

        raise listener_error()


_MADE_UP_FOR = frozenset({3, 4, 6})
"""The ABI versions whose additions the broker enforces where the kernel lacks them: truncating
(`entries.py`, `open_flags.py`), TCP ports (`sockets.py`), signals (`signals.py`) and abstract unix
sockets (`unix_sockets.py`). If it dies, the filter refuses the calls: ENOSYS."""

_IOCTL = 5
"""The ABI version without which an `ioctl` on a device below a granted directory is not held."""

_OLDEST = 2
"""What the broker needs: from Linux 5.19 on a stopped call is not made twice by a signal."""


def not_enforced(abi: int, broker: bool) -> list[str]:
    """What this Landlock cannot enforce and nobody else does."""
    return landlock.lost(abi, {*_MADE_UP_FOR, _IOCTL} if broker and abi >= _OLDEST else ())


def weaker(abi: int, broker: bool = True) -> str:
    """One line about what is not as strong as on a newer kernel; empty where nothing is. Pure."""
    lost = not_enforced(abi, broker)
    if lost:
        return f"this kernel's Landlock (ABI {abi}) cannot refuse: {'; '.join(lost)}"
    if landlock.Scope.SIGNAL in landlock.supported(abi).scoped:
        return ""
    kept = [
        words
        for version, words in ((3, "truncation"), (4, "TCP ports"), (6, "signals"))
        if version > abi
    ]
    text = f"this kernel's Landlock (ABI {abi}) is an old one: {', '.join(kept)} are kept inside"
    text += " by nono alone"
    if abi < _IOCTL:
        text += ", and ioctl(2) on devices below granted directories by nobody"
    return f"{text} (Linux 6.12 does it)"


def check_kernel(best_effort: bool, broker: bool = True) -> int:
    """The running Landlock ABI. Raises StartError for what it cannot enforce.

    With a `broker` that is less, since it makes up for what an older kernel lacks.
    """
    check_proc()
    try:
        abi = landlock.abi_version()
    except OSError as error:  # a filter's answer, not the kernel's
        raise StartError.of_step("landlock_create_ruleset(2)", error.errno or 0) from error
    if abi == 0:
        raise StartError(
            "this kernel offers no Landlock, which the floor is made of (Linux 5.13, and"
            " `landlock` in the kernel's list of security modules)",
            "nono setup --check",
        )
    lost = not_enforced(abi, broker)
    if lost and not best_effort:
        raise StartError(
            f"this kernel's Landlock (ABI {abi}) cannot refuse: {'; '.join(lost)}",
            "add --best-effort to run with less",
        )
    return abi


def confine(
    made: Complete,
    *,
    broker: bool,
    best_effort: bool = False,
    nameservers: Sequence[tuple[str, int]],
    proxy: UpstreamProxy | None = None,
    own_proxy: int | None = None,
    preload: str = "",
    limits: Holding | None = None,
) -> Confinement:
    """Make the ruleset and the filter, and what the network needs. Raises StartError, OSError.

    `nameservers` are asked for the hosts that the policy allows, instead of the machine's own;
    `proxy` is what these are reached through, if anything, and `own_proxy` the port of nono's,
    where they are reached by that alone. `preload` is the library that programs load first, if they
    do: the opens that it marks are then for the floor alone. `limits` are closed with the rest.
    """
    abi = landlock.abi_version()
    if broker:
        check_tracing()
    mode = made.policy.network.mode
    with contextlib.ExitStack() as undo:
        if limits is not None:
            undo.callback(limits.close)
        is_served = mode is Mode.FILTERED and broker
        is_held = own_proxy is not None and not broker
        own_network = own_proxy if own_proxy and is_held and not is_shared(abi, best_effort) else 0
        network = _network_service(nameservers, proxy, own_proxy) if is_served else None
        if network is not None:
            undo.callback(network.close)
        injected = _injected_files(made)
        if injected is not None:
            undo.callback(injected.close)
        # Where there are datagram sockets, they are used without us.
        has_datagrams = mode is Mode.UNRESTRICTED or is_served
        ruleset_fd = ruleset.build(
            made.floor,
            abi,
            has_datagrams=has_datagrams,
            connect_port=own_proxy if is_held else None,
        )
        undo.callback(os.close, ruleset_fd)
        scope_fd = ruleset.build_scope(abi)
        if scope_fd >= 0:
            undo.callback(os.close, scope_fd)
        is_scoped = landlock.Scope.SIGNAL in landlock.supported(abi).scoped
        marked = bool(preload)
        own = OwnObjects()
        own.forks = None if limits is None else limits.forks
        counted = own.forks is not None
        which: Network = "proxied" if is_held else mode.value
        program = _kept_program(which, broker, is_scoped, marked, counted)
        undo.pop_all()
        parts = (ruleset_fd, scope_fd, program, broker, own, network, injected, own_network)
        weak = ONLY_A_PORT if is_held and not own_network else ""
        return Confinement(*parts, preload, weak, limits)


ONLY_A_PORT = (
    "no network of the program's own can be made here: the port of nono's proxy can be reached on"
    " every machine"
)


def is_shared(abi: int, best_effort: bool) -> bool:
    """Whether a program without a broker has the machine's network, of which only Landlock's rule
    for the port of the proxy keeps it. Raises StartError where that is not wanted, or not enough.
    """
    # What only a run by the proxy without a broker needs is loaded only then.
    from nono.supervisor.linux.own_network import why_not

    number = why_not()
    can_hold = landlock.Net.CONNECT_TCP in landlock.supported(abi).net
    if number and not (best_effort and can_hold):
        hint = "add --best-effort to run with less" if can_hold else "nono setup --check"
        raise StartError(f"{ONLY_A_PORT} (unshare(2): {os.strerror(number)})", hint)
    return bool(number)


def _kept_program(
    network: Network, broker: bool, scoped: bool, marked: bool, counted: bool
) -> bytes:
    """The filter, from an earlier run where there was one. Raises StartError."""
    parts = {
        "machine": [os.uname().machine, sys.maxsize],
        "network": network,
        "broker": broker,
        "scoped": scoped,
        "marked": marked,
        "counted": counted,
        "copies": process.copies_descriptors(),
    }
    return kept_filter(
        parts,
        lambda: filter_program(network, broker, scoped=scoped, marked=marked, counted=counted),
        os.environ,
    )


def filter_program(
    network: Network,
    broker: bool,
    *,
    scoped: bool = True,
    marked: bool = False,
    counted: bool = False,
) -> bytes:
    """The seccomp filter for this machine. Raises StartError where none can be built.

    `scoped` says that Landlock keeps signals inside, `marked` that marked opens are the kernel's,
    `counted` that every new process is reported.

    Here the errors of the shims become ours.
    """
    from nono.shims.linux import filter as seccomp_filter

    try:
        return seccomp_filter.build(
            machine(),
            network,
            broker=broker,
            scoped=scoped,
            copies=process.copies_descriptors(),
            marked=marked,
            counted=counted,
        )
    except ShimError as error:
        raise StartError(error.message, error.hint) from error


def _network_service(
    nameservers: Sequence[tuple[str, int]], proxy: UpstreamProxy | None, own_proxy: int | None
) -> NetworkService:
    from nono.supervisor.linux.network.service import NetworkService

    return NetworkService(nameservers, proxy, own_proxy)


def _injected_files(made: Complete) -> InjectedFiles | None:
    contents = dict(made.cleaned)
    if made.copies:
        from nono.supervisor.linux.network.resolver_files import resolver_files

        contents |= resolver_files(made.copies)
    if not contents:
        return None
    from nono.supervisor.linux.injected_files import InjectedFiles

    return InjectedFiles(contents)
