"""Words for system calls that no policy allows: what they are for, and what to do instead."""

from __future__ import annotations

from typing import Final

from nono.broker.named_tuple import NamedTuple
from nono.broker.visible import visible


class _Kind(NamedTuple):
    """`calls` by name, what one wants with them, and why not."""

    calls: str
    purpose: str
    reason: str


_KINDS: Final = (
    _Kind(
        "unshare setns clone chroot pivot_root mount umount2 open_tree open_tree_attr move_mount"
        " fsopen fsconfig fsmount fspick mount_setattr",
        "make namespaces or mounts of its own",
        "nobody inside gets them. Programs that bring a sandbox of their own (bubblewrap, Chromium,"
        " Codex) have to be told to do without it, such as by --no-sandbox: nono is the sandbox",
    ),
    _Kind(
        "ptrace process_vm_readv process_vm_writev pidfd_getfd",
        "look into another process",
        "no program inside traces another. strace, gdb and py-spy have to be started outside. What"
        " was built with -fsanitize=address or leak does so at its end, to find leaks, and goes"
        " without by ASAN_OPTIONS=detect_leaks=0 or LSAN_OPTIONS=detect_leaks=0",
    ),
    _Kind(
        "add_key request_key keyctl",
        "use the kernel's keyrings",
        "they belong to the user and hold the keys of other programs",
    ),
    _Kind(
        "landlock_restrict_self capset",
        "use what nono grants beyond the kernel, after it gave up rights",
        "a program that restricted itself with Landlock, or may take back capabilities that it gave"
        " up, gets what the kernel grants it and no more: nono would undo what it did. Grant the"
        " whole directory, so that no part of it needs nono's help, or tell the program to do"
        " without a sandbox of its own",
    ),
    _Kind(
        "shmget semget msgget mq_open",
        "share memory, semaphores or messages by System V's or POSIX's IPC",
        "they are the user's and not the run's, so that any process outside has them, too. Most"
        " programs do with memory of their own instead (shm_open, mmap); PostgreSQL has to be"
        " started outside",
    ),
    _Kind(
        "flock",
        "lock a file for itself alone",
        "this container refuses nono pidfd_getfd(2), without which it cannot lock what the program"
        " has open. In Docker: docker run --cap-add SYS_PTRACE, or --security-opt"
        " seccomp=contrib/containers/seccomp.json",
    ),
    _Kind(
        "inotify_init inotify_init1",
        "be told of changes to files",
        "this container refuses nono pidfd_getfd(2), without which it cannot say of which files."
        " Most programs look by themselves instead. In Docker: docker run --cap-add SYS_PTRACE, or"
        " --security-opt seccomp=contrib/containers/seccomp.json",
    ),
    _Kind(
        "bpf perf_event_open fanotify_init fanotify_mark open_by_handle_at",
        "see what the whole machine does or has",
        "it would see beyond the sandbox. perf and bpftrace have to be started outside",
    ),
)
_BY_CALL: Final = {call: kind for kind in _KINDS for call in kind.calls.split()}
_OTHER: Final = _Kind("", "change the machine", "that is for programs outside")


_UNREADABLE: Final = " in the unreadable "


def unreadable(call: str, program: str) -> str:
    """For a call whose arguments cannot be read, what stands for its name in a request."""
    return f"{call}{_UNREADABLE}{program}"


def summary(call: str) -> str:
    """What was asked for, safe to show."""
    if _UNREADABLE in call:
        return visible(call)
    return f"{_BY_CALL.get(call, _OTHER).purpose} ({visible(call)})"


def why_denied(call: str) -> str:
    """The reason, and the remedy where there is one."""
    if _UNREADABLE in call:
        return (
            "it may be run and not read, so nono cannot see what it asks for. Make it readable"
            " (chmod +r), or run a copy that is"
        )
    return _BY_CALL.get(call, _OTHER).reason
