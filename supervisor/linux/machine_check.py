"""What this machine gives a sandbox, finding by finding, for `nono setup --check`."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator

from nono.shims.errors import ShimError
from nono.shims.linux import inet_diag, landlock, lane, launcher, unix_diag
from nono.shims.linux.libseccomp import SONAME
from nono.shims.linux.syscall_classes import machine
from nono.supervisor.decisions.preloaded import library
from nono.supervisor.finding import Finding
from nono.supervisor.linux import account_check, process_bounds, refused_calls, tracing, wsl
from nono.supervisor.linux.confine import not_enforced, weaker
from nono.supervisor.linux.limits import check as limits
from nono.supervisor.linux.network.datagrams import Datagrams


def examine() -> list[Finding]:
    """Every finding, in the order in which a run needs them."""
    found = [_architecture(), *wsl.findings(), *_landlock(), *_notification()]
    found += [
        _lane(),
        _starts(),
        _opens(),
        *refused_calls.findings(),
        tracing.finding(),
        _libseccomp(),
    ]
    found += [_datagrams(), _sockets()]
    return [*found, *account_check.findings(), process_bounds.finding(), *limits.findings()]


def _architecture() -> Finding:
    try:
        return Finding("architecture", machine(), True)
    except ShimError as error:
        return Finding("architecture", platform.machine(), False, str(error))


def _landlock() -> Iterator[Finding]:
    try:
        abi = landlock.abi_version()
    except OSError as error:
        yield Finding("Landlock", f"refused: {error.strerror}", False, "by a seccomp filter")
        return
    if not abi:
        cost = "nono cannot run: the floor is made of Landlock (Linux 5.13, enabled at boot)"
        yield Finding("Landlock", "none", False, cost)
        return
    lost = not_enforced(abi, broker=True)
    cost = f"{weaker(abi)}; nono run needs --best-effort" if lost else weaker(abi)
    yield Finding("Landlock ABI", str(abi), not lost, cost)
    yield Finding("Landlock errata fixed", f"{landlock.errata():#b}", True)


def _notification() -> Iterator[Finding]:
    release = _kernel_release()
    version = ".".join(map(str, release))
    yield Finding(
        "seccomp notification",
        f"Linux {version}",
        release >= (5, 19),
        "" if release >= (5, 19) else "WAIT_KILLABLE_RECV came with Linux 5.19",
    )
    yield Finding(
        "synchronous wake-up",
        "yes" if release >= (6, 6) else "no",
        release >= (6, 6),
        "" if release >= (6, 6) else "each brokered call takes some 10 times longer before 6.6",
        needed=False,
    )
    nested = _filters_of_this_process()
    yield Finding(
        "seccomp filters around this shell",
        str(nested),
        nested == 0,
        "if one of them has a listener, the kernel allows no second one" if nested else "",
        needed=False,
    )


def _kernel_release() -> tuple[int, int]:
    major, minor = platform.release().split(".")[:2]
    return int(major), int("".join(digit for digit in minor if digit.isdigit()) or 0)


def _filters_of_this_process() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("Seccomp_filters:"):
                return int(line.split()[1])
    return 0


def _lane() -> Finding:
    """What answers the commonest calls."""
    compiled, why = lane.library()
    cost = (
        "the lane in Python serves, which takes longer: install nono again where there is a C"
        " compiler, or from a wheel for this platform"
    )
    found = why or "yes"
    good = compiled is not None
    return Finding("fast lane in C", found, good, "" if good else cost, needed=False)


def _starts() -> Finding:
    """What starts sandboxes."""
    good = launcher.is_there()
    cost = (
        "a start takes longer, by the library twice as long, and each running program some MB more:"
        " install"
        " nono again where there is a C compiler, or from a wheel for this platform"
    )
    found = "yes" if good else "not compiled, or not executable"
    return Finding("starts in C", found, good, "" if good else cost, needed=False)


def _libseccomp() -> Finding:
    try:
        version = _Version.in_dll(SONAME)
    except OSError:
        return Finding("libseccomp", "not found", False, "apt-get install libseccomp2")
    return Finding("libseccomp", version, True)


def _datagrams() -> Finding:
    """Whether a sandbox with named hosts gets a network of its own for them."""
    made = Datagrams()
    made.start()
    made.close()
    refused = os.strerror(made.refused) if made.refused else "yes"
    cost = (
        "programs have no UDP socket where hosts are named: this account may make no user namespace"
        " (kernel.unprivileged_userns_clone, user.max_user_namespaces, AppArmor, a container, or a"
        " chroot)"
    )
    what = "datagram sockets under a filter"
    return Finding(what, refused, not made.refused, cost if made.refused else "", needed=False)


def _sockets() -> Finding:
    """Whether the kernel tells whose sockets listen: the modules tcp_diag and unix_diag."""
    known = {"tcp_diag": inet_diag.is_told(), "unix_diag": unix_diag.is_told()}
    missing = [name for name, is_told in known.items() if not is_told]
    cost = f"/proc/net is read instead, which takes longer: modprobe {' '.join(missing)}"
    found = f"without {', '.join(missing)}" if missing else "yes"
    what = "sockets told by the kernel"
    return Finding(what, found, not missing, cost if missing else "", needed=False)


def _opens() -> Finding:
    """Whether programs can be given the library that makes their opens for reading the kernel's."""
    found = "yes" if library() else "no library"
    cost = "nono is asked about each: it was installed without a C compiler, or its path is unusual"
    what = "opens for reading without nono"
    return Finding(what, found, bool(library()), "" if library() else cost, needed=False)


class _Version(ctypes.Structure):
    """struct scmp_version: three unsigned ints, from seccomp_version(3)."""

    _fields_ = (("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint))

    @staticmethod
    def in_dll(library: str) -> str:
        function = ctypes.CDLL(library).seccomp_version
        function.restype = ctypes.POINTER(_Version)
        version = function().contents
        return f"{version.major}.{version.minor}.{version.micro}"
