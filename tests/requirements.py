"""What a test needs of the machine: `@pytest.mark.requires(kernel="6.9", commands=["node"])`.

What is lacking is said in the words that a person needs to get it.
"""

import ctypes
import os
import platform
import shutil
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_CREATE_RULESET_VERSION = 1


def require(**what: Any) -> None:
    """Skip the test, or fail it in CI, where the machine lacks something of `lacking`'s."""
    missing = list(lacking(**what))
    if missing:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"this machine lacks {', '.join(missing)}")


def lacking(
    kernel: str | None = None,
    landlock: int = 0,
    commands: Sequence[str] = (),
    files: Sequence[str] = (),
    ports: Sequence[int] = (),
    root: bool = False,
    preload: bool = False,
) -> Iterator[str]:
    """Name what this machine lacks of what a test requires; ports are to listen on."""
    if kernel and _version(platform.release()) < _version(kernel):
        yield f"Linux {kernel} (it is {platform.release()})"
    if landlock and landlock_abi() < landlock:
        yield f"Landlock ABI {landlock} (it is {landlock_abi()})"
    for command in commands:
        if shutil.which(command, path=SYSTEM_PATH) is None:
            yield f"the command {command}"
    for file in files:
        if not os.path.exists(file):
            yield f"the file {file}"
    for port in filter(None, ports):  # 0 is any
        if not _may_listen(port):
            yield f"the right to listen on port {port}"
    if root and os.geteuid():
        yield "root to run the tests"
    if preload and os.environ.get("NONO_PRELOAD") == "no":
        yield "the library that programs load, which NONO_PRELOAD=no leaves out"


def landlock_abi() -> int:
    """The kernel's Landlock ABI, 0 without Landlock; landlock_create_ruleset(2)."""
    syscall = ctypes.CDLL(None).syscall
    return max(0, int(syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)))


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split("-")[0].split(".")[:2]
    return int(major), int(minor)


def _may_listen(port: int) -> bool:
    """Below net.ipv4.ip_unprivileged_port_start it takes CAP_NET_BIND_SERVICE; ip(7)."""
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except PermissionError:
            return False
        except OSError:  # somebody has it: not for lack of a right
            return True
    return True
