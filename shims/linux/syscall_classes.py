"""The class of every system call: what the seccomp filter does with it.

One table for both architectures. A number it does not know gets ENOSYS, so that a newer kernel
opens no hole. What each call does: section 2 of the man pages.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Mapping

from nono.shims.enumeration import StrEnum
from nono.shims.errors import UnsupportedMachineError
from nono.shims.linux.syscall_numbers import NUMBERS
from nono.shims.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final, Literal

    Arch = Literal["x86_64", "aarch64"]
    Network = Literal["unrestricted", "filtered", "blocked", "proxied"]
    """The last is for a program without a broker that has a network namespace of its own, or that
    Landlock holds to a port."""
else:
    Arch = Network = str


ARCHES: Final[tuple[Arch, ...]] = ("x86_64", "aarch64")


class SyscallClass(StrEnum):
    """What the filter does with a call."""

    NATIVE = "native"
    """Allowed."""
    NOTIFY = "notify"
    """Handed to the supervisor."""
    ARGUMENTS = "arguments"
    """Allowed unless an argument is one of the refused ones (arguments.py).

    Of those, some the supervisor hears of.
    """
    ENOSYS = "enosys"
    """Refused as if the kernel did not have it, so that the program falls back."""
    EPERM = "eperm"
    """Refused."""
    TOLD = "told"
    """Refused, by the supervisor, if there is one, which tells of it."""


class Syscall(NamedTuple):
    """A system call of one architecture."""

    number: int
    syscall_class: SyscallClass


_NOTIFY: Final = """
open openat openat2 creat
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
mknod mknodat truncate
chmod fchmodat fchmodat2 chown lchown fchownat utime utimes futimesat utimensat
setxattr lsetxattr setxattrat removexattr lremovexattr removexattrat file_setattr
getxattr lgetxattr getxattrat
inotify_add_watch
execve execveat
fchmod fchown fsetxattr fremovexattr
setpriority ioprio_set sched_setaffinity sched_setattr sched_setparam sched_setscheduler
landlock_restrict_self capset
"""
# For fchmod and its line a read-only fd is enough in the kernel: a grant to read must not give
# them. The line after it can be aimed at every process of the same user. By the last one a program
# gives up rights, which the supervisor must not give back.

_ARGUMENTS: Final = """
socket socketpair sendto sendmsg sendmmsg setsockopt getsockopt
clone ioctl prctl prlimit64 personality fcntl flock
"""

# clone3 and io_uring pass their arguments in memory, out of a filter's sight. System V IPC and
# POSIX message queues are the user's and not the process's, and Landlock does not know them: a
# segment of shared memory is the memory of other processes (what makes one is told of, below). The
# others are gone from Linux (or from these architectures), or, uretprobe and uprobe, are the
# kernel's own.
_ENOSYS: Final = """
clone3 io_uring_setup io_uring_enter io_uring_register
shmat shmctl shmdt semop semctl semtimedop msgsnd msgrcv msgctl mq_unlink
_sysctl create_module get_kernel_syms query_module nfsservctl lookup_dcookie uselib
afs_syscall tuxcall security vserver getpmsg putpmsg epoll_ctl_old epoll_wait_old
get_thread_area set_thread_area uretprobe uprobe
"""

# Refused in silence: libraries ask for these on the way, do without, and nobody misses them
# (comparing descriptors and mounts, advice about memory, reading the clock's state or a quota).
_EPERM: Final = """
userfaultfd vhangup adjtimex clock_adjtime quotactl quotactl_fd modify_ldt
process_madvise kcmp move_pages migrate_pages lsm_set_self_attr
"""

# What a program is missed for: it says so itself, seldom in words that tell why.
_TOLD: Final = """
mount umount2 open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr
chroot pivot_root unshare setns open_by_handle_at
bpf perf_event_open add_key request_key keyctl fanotify_init fanotify_mark
kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff
acct syslog settimeofday clock_settime sethostname setdomainname iopl ioperm
ptrace process_vm_readv process_vm_writev pidfd_getfd
shmget semget msgget mq_open
"""

_NATIVE: Final = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range
sendfile splice tee vmsplice copy_file_range readahead fadvise64
dup dup2 dup3 pipe pipe2 ftruncate fallocate
fsync fdatasync sync syncfs sync_file_range msync
stat lstat fstat newfstatat statx statfs fstatfs ustat sysfs access faccessat faccessat2
readlink readlinkat name_to_handle_at getdents getdents64 getcwd chdir fchdir umask
fgetxattr listxattr llistxattr flistxattr listxattrat file_getattr
statmount listmount
inotify_init inotify_init1 inotify_rm_watch
select pselect6 poll ppoll
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime
io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents
mmap munmap mremap mprotect brk madvise mincore mlock mlock2 munlock mlockall munlockall mseal
remap_file_pages pkey_alloc pkey_free pkey_mprotect map_shadow_stack
memfd_create memfd_secret membarrier cachestat
mbind set_mempolicy get_mempolicy set_mempolicy_home_node
fork vfork exit exit_group wait4 waitid process_mrelease
getpid getppid gettid getpgid getpgrp getsid setpgid setsid set_tid_address
getuid geteuid getgid getegid getresuid getresgid getgroups
setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capget
seccomp landlock_create_ruleset landlock_add_rule
lsm_get_self_attr lsm_list_modules arch_prctl
getrlimit setrlimit getrusage times getpriority ioprio_get
sched_yield sched_getparam sched_getscheduler
sched_get_priority_max sched_get_priority_min sched_rr_get_interval
sched_getaffinity sched_getattr getcpu
futex futex_waitv futex_wake futex_wait futex_requeue get_robust_list set_robust_list rseq
kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal
rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait rt_sigsuspend rt_sigreturn
sigaltstack pause alarm restart_syscall
time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer setitimer
timer_create timer_settime timer_gettime timer_getoverrun timer_delete
mq_timedsend mq_timedreceive mq_notify mq_getsetattr
listen accept accept4 getsockname getpeername shutdown recvfrom recvmsg recvmmsg
uname sysinfo getrandom
"""

_CLASSES: Final[dict[SyscallClass, str]] = {
    SyscallClass.NATIVE: _NATIVE,
    SyscallClass.NOTIFY: _NOTIFY,
    SyscallClass.ARGUMENTS: _ARGUMENTS,
    SyscallClass.ENOSYS: _ENOSYS,
    SyscallClass.EPERM: _EPERM,
    SyscallClass.TOLD: _TOLD,
}

_NETWORK_CLASSES: Final[dict[Network, dict[str, SyscallClass]]] = {
    "unrestricted": {"connect": SyscallClass.NOTIFY, "bind": SyscallClass.NOTIFY},
    # listen(2) on a socket without an address binds it to every one.
    "filtered": dict.fromkeys(("connect", "bind", "listen"), SyscallClass.NOTIFY),
    "blocked": {"connect": SyscallClass.NOTIFY, "bind": SyscallClass.NOTIFY},  # unix sockets
    "proxied": dict.fromkeys(("connect", "bind", "listen"), SyscallClass.NOTIFY),
}

# Landlock keeps these inside from ABI 6 on; before, the supervisor does.
_SIGNALS: Final = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal"

# What Landlock checks by itself: without a broker these are safe, and nothing else of NOTIFY is.
_HELD_BY_LANDLOCK: Final = """
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2
link linkat symlink symlinkat truncate execve execveat
landlock_restrict_self capset
"""

_WITHOUT_BROKER: Final[dict[str, SyscallClass]] = {
    **dict.fromkeys(_HELD_BY_LANDLOCK.split(), SyscallClass.NATIVE),
    # Held but for flags and modes that Landlock does not look at: the filter does.
    **dict.fromkeys(["open", "openat", "creat", "mknod", "mknodat"], SyscallClass.ARGUMENTS),
    # Programs do without what there is not.
    **dict.fromkeys(
        ["openat2", "getxattr", "lgetxattr", "getxattrat", "shmget", "semget", "msgget", "mq_open"],
        SyscallClass.ENOSYS,
    ),
}


# Where the broker cannot copy a descriptor (pidfd_getfd), it makes the sockets itself and follows
# them; of what tells about files (inotify) it could have no copy, so there is none.
_WITHOUT_COPIES: Final[dict[str, SyscallClass]] = {
    "listen": SyscallClass.NOTIFY,
    **dict.fromkeys(["inotify_init", "inotify_init1"], SyscallClass.TOLD),
}


MAKING_PROCESSES: Final = ("clone", "fork", "vfork")
"""What makes processes and threads; clone3 is not there."""


@functools.cache
def classes(
    network: Network = "unrestricted",
    *,
    broker: bool = True,
    scoped: bool = True,
    copies: bool = True,
    counted: bool = False,
) -> Mapping[str, SyscallClass]:
    """Name -> class of every system call that any of the architectures has.

    A name that `NUMBERS` has and no class names is left out: it gets ENOSYS. Without a `broker`
    nothing is notified: what Landlock holds is allowed, the rest is refused. `scoped` says that
    Landlock keeps signals inside, `copies` whether a broker can have a copy of what a program has
    open. With `counted`, which needs a broker, it hears of every new process and thread.
    """
    named = {name: which for which, names in _CLASSES.items() for name in names.split()}
    named |= _NETWORK_CLASSES[network]
    if broker and not scoped:
        named |= dict.fromkeys(_SIGNALS.split(), SyscallClass.NOTIFY)
    if broker and not copies:
        named |= _WITHOUT_COPIES
    if counted:
        named |= dict.fromkeys(MAKING_PROCESSES, SyscallClass.NOTIFY)
    if not broker:
        for name, which in named.items():
            if which in (SyscallClass.NOTIFY, SyscallClass.TOLD):
                named[name] = _WITHOUT_BROKER.get(name, SyscallClass.EPERM)
        if network == "proxied":
            # There are no unix sockets then, and what TCP reaches is the floor's.
            named["connect"] = SyscallClass.NATIVE
    return types.MappingProxyType(named)


@functools.cache
def table(
    arch: Arch,
    network: Network = "unrestricted",
    *,
    broker: bool = True,
    scoped: bool = True,
    copies: bool = True,
    counted: bool = False,
) -> Mapping[str, Syscall]:
    """Name -> number and class of every system call of `arch`. Pure."""
    numbers = _numbers(arch)
    known = classes(network, broker=broker, scoped=scoped, copies=copies, counted=counted)
    new = tuple.__new__  # what `Syscall` comes to: there are four hundred
    return types.MappingProxyType(
        {
            name: new(Syscall, (numbers[name], which))
            for name, which in known.items()
            if name in numbers
        }
    )


def number(arch: Arch, name: str) -> int:
    """The number of the system call on `arch`. Raises KeyError if there is none."""
    found = NUMBERS[name][ARCHES.index(arch)]
    if found is None:
        raise KeyError(name)
    return found


def name(arch: Arch, number: int) -> str | None:
    """The name of the system call, None for a number that the table does not know."""
    return _names(arch).get(number)


@functools.cache
def _numbers(arch: Arch) -> dict[str, int]:
    column = ARCHES.index(arch)
    pairs = ((name, numbers[column]) for name, numbers in NUMBERS.items())
    return {name: number for name, number in pairs if number is not None}


@functools.cache
def _names(arch: Arch) -> dict[int, str]:
    return {number: name for name, number in _numbers(arch).items()}


@functools.cache
def machine() -> Arch:
    """The architecture of this process. Raises UnsupportedMachineError for any other."""
    reported = os.uname().machine
    for arch in ARCHES:
        if reported == arch and sys.maxsize > 2**32:  # not a 32-bit Python on a 64-bit kernel
            return arch
    raise UnsupportedMachineError(reported, sys.maxsize.bit_length() + 1)


def own_number(name: str) -> int:
    """The number of the system call on this machine. Raises KeyError if there is none.

    -1 on a machine without a table, so that modules can be imported there: every kernel
    answers it with ENOSYS.
    """
    try:
        return number(machine(), name)
    except UnsupportedMachineError:
        return -1
