"""The Windows Subsystem for Linux: which one this is, and what its kernel lacks for a run.

Every kernel of Microsoft's since 5.15 has Landlock built in and enabled, so its version decides:
docs/wsl2.md has the sources.
"""

from __future__ import annotations

import errno
import platform
from collections.abc import Iterator

from nono.shims.linux import landlock
from nono.supervisor.errors import StartError
from nono.supervisor.finding import Finding

_FILTERED = "\nSeccomp:\t2\n"
_INIT = "/proc/1/status"
_UPDATE = "in Windows: wsl --update, then wsl --shutdown"
_MAX_STATUS = 8192


def is_wsl(release: str) -> bool:
    """By the release of the kernel, such as `6.6.87.2-microsoft-standard-WSL2`."""
    return "microsoft" in release.lower()


def findings() -> Iterator[Finding]:
    """Nothing on another machine."""
    release = platform.release()
    if is_wsl(release):
        yield _kernel(release)
        if "wsl2" in release.lower():
            yield _listener()


def _kernel(release: str) -> Finding:
    what = "WSL"
    if "wsl2" not in release.lower() and release.endswith("-Microsoft"):
        cost = "WSL 1 has no Linux kernel, so neither Landlock nor seccomp: "
        return Finding(what, "1", False, f"{cost}in Windows: wsl --set-version DISTRIBUTION 2")
    found = f"2, {release}"
    try:
        abi = landlock.abi_version()
    except OSError:
        abi = 0
    if not abi:
        cost = (
            "its kernel is built with Landlock, so .wslconfig has a kernelCommandLine with an lsm="
            " that leaves it out, or a kernel of your own: see docs/wsl2.md"
        )
        return Finding(what, found, False, cost)
    if landlock.lost(abi):
        cost = f"kernel 6.18 has all of Landlock that a run uses: {_UPDATE}"
        return Finding(what, found, False, cost, needed=False)
    return Finding(what, found, True)


def listener_error() -> StartError:
    """The error for a filter with a listener around this process."""
    error = StartError.of_step("seccomp", errno.EBUSY)
    if not is_wsl(platform.release()):
        return error
    return StartError(f"{error.message}; in WSL {_CAUSE}", error.hint)


_CAUSE = (
    "that is WSL's own where networkingMode=mirrored in .wslconfig makes it follow every bind(2):"
    " networkingMode=nat leaves it to others"
)


def _listener() -> Finding:
    try:
        with open(_INIT, encoding="utf-8", errors="replace") as file:
            taken = _FILTERED in file.read(_MAX_STATUS)
    except OSError:
        taken = False
    what = "listener of seccomp"
    if not taken:
        return Finding(what, "free", True)
    return Finding(what, "taken", False, f"nono runs with --floor-only alone: {_CAUSE}")
