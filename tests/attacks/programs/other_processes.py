"""Get at processes outside the sandbox: their memory, environment, descriptors; signal them.

Argument: a directory to write in, where the partner listens. The others are the partner, the
sandbox's init, and nono itself.
"""

import ctypes
import fcntl
import os
import signal
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from .attempt import Argument, arguments, attempt, call, content
from .outside import Outside

FILES = (
    *("auxv", "cmdline", "environ", "io", "limits", "maps", "mem", "mountinfo", "net/unix"),
    *("pagemap", "personality", "smaps", "stack", "stat", "status", "syscall", "wchan"),
)
KNOBS = ("clear_refs", "comm", "coredump_filter", "oom_score_adj", "sched", "timerslack_ns", "mem")
LAST_DESCRIPTOR = 24
SIGINFO = struct.pack("=iii", signal.SIGUSR1, 0, -1) + bytes(116)
F_SETSIG, F_SETOWN_EX, F_OWNER_PID = 10, 15, 1
PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206

Made = tuple[str, Callable[[], object]]


def trees(pid: int) -> Iterator[str]:
    """Spellings of a process's directory."""
    yield f"/proc/{pid}"
    yield f"/proc/self/root/proc/{pid}"
    yield f"/proc/self/../{pid}"
    yield f"/proc/{pid}/task/{pid}"
    yield f"/proc/thread-self/../../../{pid}"
    yield f"/proc/self/fd/{os.open(f'/proc/{pid}', os.O_PATH)}"


def readings(pid: int, address: int) -> Iterator[Made]:
    directory = os.open(f"/proc/{pid}", os.O_PATH)
    for name in FILES:
        for tree in trees(pid):
            yield f"{tree}/{name}", lambda p=f"{tree}/{name}": look(p, None, address)
        yield f"{name} by a handle", lambda n=name: look(n, directory, address)
    for link in ("cwd", "root", "exe", "ns/net", "map_files"):
        for tree in trees(pid):
            path = f"{tree}/{link}"
            yield f"readlink {path}", lambda p=path: os.readlink(p)
            yield path, lambda p=path: content(os.open(p, os.O_RDONLY))
            yield f"{path}/..", lambda p=path: os.open(f"{p}/..", os.O_RDONLY)
    for tree in trees(pid):
        yield f"list {tree}/fd", lambda p=f"{tree}/fd": os.listdir(p)
    for number in range(LAST_DESCRIPTOR):
        for path in (f"/proc/{pid}/fd/{number}", f"/proc/{pid}/fdinfo/{number}"):
            yield path, lambda p=path: content(os.open(p, os.O_RDONLY | os.O_NONBLOCK))


def look(path: str, directory: int | None, address: int) -> object:
    fd = os.open(path, os.O_RDONLY, dir_fd=directory)
    return os.pread(fd, 64, address) if path.endswith("mem") else content(fd)


def writings(pid: int) -> Iterator[Made]:
    for name in KNOBS:
        yield f"write {name}", lambda n=name: os.open(f"/proc/{pid}/{n}", os.O_WRONLY)


def calls(pid: int, address: int, descriptors: list[int]) -> Iterator[Made]:
    room = ctypes.create_string_buffer(64)
    local = struct.pack("=QQ", ctypes.addressof(room), 64)
    remote = struct.pack("=QQ", address, 64)
    for name in ("process_vm_readv", "process_vm_writev"):
        yield name, lambda n=name: (call(n, pid, local, 1, remote, 1, 0), room.raw)
    for request in (PTRACE_ATTACH, PTRACE_SEIZE):
        yield f"ptrace {request}", lambda r=request: call("ptrace", r, pid, 0, 0)
    pidfd = os.pidfd_open(pid)
    for fd in descriptors:
        yield f"pidfd_getfd {fd}", lambda f=fd: content(call("pidfd_getfd", pidfd, f, 0))
    words: dict[str, tuple[Argument, ...]] = {
        "process_madvise": (pidfd, remote, 1, 4, 0),
        "process_mrelease": (pidfd, 0),
        "kcmp": (pid, os.getpid(), 0, 0, 0),
        "prlimit64": (pid, 7, struct.pack("=QQ", 3, 3), None),
        "get_robust_list": (pid, room, room),
        "move_pages": (pid, 0, None, None, None, 0),
        "setpriority": (os.PRIO_PROCESS, pid, 5),
        "setpriority of the user": (os.PRIO_USER, 0, 5),
        "setpriority of the group": (os.PRIO_PGRP, 0, 5),
        "ioprio_set": (1, pid, 3 << 13),
        "sched_setaffinity": (pid, 8, struct.pack("=Q", 1)),
        "sched_setscheduler": (pid, os.SCHED_BATCH, struct.pack("=i", 0)),
        "sched_setparam": (pid, struct.pack("=i", 0)),
        "sched_setattr": (pid, struct.pack("=IIQiIQQQ", 48, os.SCHED_BATCH, 0, 0, 0, 0, 0, 0), 0),
        "kill": (pid, signal.SIGUSR1),
        "tkill": (pid, signal.SIGUSR1),
        "tgkill": (pid, pid, signal.SIGUSR1),
        "rt_sigqueueinfo": (pid, signal.SIGUSR1, SIGINFO),
        "rt_tgsigqueueinfo": (pid, pid, signal.SIGUSR1, SIGINFO),
        "pidfd_send_signal": (pidfd, signal.SIGUSR1, None, 0),
    }
    for name, each in words.items():
        yield name, partial(call, name.split()[0], *each)
    yield "kill with no signal", lambda: os.kill(pid, 0)


def signal_by_descriptor(pid: int) -> None:
    """Name the process as the owner of a pipe, which then gets a signal for what happens to it."""
    for command, owner in (
        (fcntl.F_SETOWN, pid),
        (F_SETOWN_EX, struct.pack("=ii", F_OWNER_PID, pid)),
    ):
        reader, writer = os.pipe()
        try:
            fcntl.fcntl(reader, command, owner)
        except OSError:  # where Landlock does not keep the signal inside
            continue
        fcntl.fcntl(reader, F_SETSIG, signal.SIGUSR2)
        fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        os.write(writer, b"x")


def environment_of_others() -> object:
    """Every process that /proc shows and that is not ours."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fd = os.open(f"/proc/{name}/environ", os.O_RDONLY)
        except OSError:
            continue
        if int(name) != os.getpid():
            found.append(content(fd))
    if not found:
        raise PermissionError(1, "none")
    return found


def main() -> None:
    (work,) = arguments()
    outside = Outside(work)
    partner: dict[str, Any] = outside.itself()
    before = outside.standing()
    init = os.getppid()
    for pid in (partner["pid"], init, outside.parent(init)):
        for label, made in (
            *readings(pid, partner["address"]),
            *writings(pid),
            *calls(pid, partner["address"], partner["descriptors"]),
        ):
            attempt(f"{pid}: {label}", made)
    signal_by_descriptor(partner["pid"])
    attempt("environment of others", environment_of_others)
    print("standing", "kept" if outside.standing() == before else "WON", sep="\t")
    print("environment", dict(os.environ), sep="\t")


if __name__ == "__main__":
    main()
