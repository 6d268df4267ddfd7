"""Why each call that no filter looks at is no way out, whatever its arguments are made to be.

The names are the table's own; what has a reason of its own to be native stands under that reason.
"""

from nono.shims.linux import syscall_classes as syscalls
from nono.shims.linux.syscall_classes import SyscallClass

BY_DESCRIPTOR = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range
sendfile splice tee vmsplice copy_file_range readahead fadvise64 dup dup2 dup3 pipe pipe2
ftruncate fallocate fsync fdatasync sync syncfs sync_file_range msync getdents getdents64
fgetxattr flistxattr mmap munmap mremap mprotect remap_file_pages cachestat
"""
# They do what the descriptor was opened for, which the floor or the broker decided; one that was
# opened with O_PATH is for none of them (EBADF), one of access mode 3 neither reads nor writes.
# `sync` and `syncfs` cost time and change nothing.

SHOWS_WHAT_EXISTS = """
stat lstat fstat newfstatat statx statfs fstatfs ustat sysfs access faccessat faccessat2
readlink readlinkat getcwd chdir fchdir file_getattr statmount listmount
listxattr llistxattr listxattrat name_to_handle_at
"""
# That something exists, and what its inode says of it, can be seen: a choice of the design. The
# names of extended attributes are shown, their values are content. A handle opens nothing, since
# open_by_handle_at is refused.

OF_THE_CALLER_ALONE = """
umask brk madvise mincore mlock mlock2 munlock mlockall munlockall mseal pkey_alloc pkey_free
pkey_mprotect map_shadow_stack memfd_create memfd_secret membarrier mbind set_mempolicy
get_mempolicy set_mempolicy_home_node fork vfork exit exit_group wait4 waitid set_tid_address
setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capget
seccomp landlock_create_ruleset landlock_add_rule lsm_get_self_attr
lsm_list_modules arch_prctl getrlimit setrlimit getrusage times sched_yield getcpu
get_robust_list set_robust_list rseq rt_sigaction rt_sigprocmask rt_sigpending rt_sigtimedwait
rt_sigsuspend rt_sigreturn sigaltstack pause alarm restart_syscall getpid getppid gettid getuid
geteuid getgid getegid getresuid getresgid getgroups setsid futex futex_waitv futex_wake
futex_wait futex_requeue inotify_init inotify_init1 inotify_rm_watch select pselect6 poll ppoll
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd
signalfd4 timerfd_create timerfd_settime timerfd_gettime io_setup io_destroy io_submit io_cancel
io_getevents io_pgetevents time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep
getitimer setitimer timer_create timer_settime timer_gettime timer_getoverrun timer_delete
uname sysinfo getrandom mq_timedsend mq_timedreceive mq_notify mq_getsetattr
"""
# No capability is left for what would be more (setuid, seccomp without no_new_privs). A message
# queue cannot be opened, asynchronous reads and writes go by descriptor.

HELD_BY_SCOPE_OR_USER = """
kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal process_mrelease
getpgid getpgrp getsid setpgid getpriority ioprio_get sched_getparam sched_getscheduler
sched_get_priority_max sched_get_priority_min sched_rr_get_interval sched_getaffinity sched_getattr
"""
# Landlock's scope keeps signals inside, those that a descriptor sends (F_SETOWN) as well;
# the rest only look, or (setpgid) are for one's own children.

OF_A_CONNECTED_SOCKET = """
listen accept accept4 getsockname getpeername shutdown recvfrom recvmsg recvmmsg
"""
# Where a socket leads was decided when it was connected or bound.


def test_every_native_call_has_its_reason() -> None:
    reasons = (
        *(BY_DESCRIPTOR, SHOWS_WHAT_EXISTS, OF_THE_CALLER_ALONE),
        *(HELD_BY_SCOPE_OR_USER, OF_A_CONNECTED_SOCKET),
    )
    named = [name for names in reasons for name in names.split()]
    assert len(named) == len(set(named))
    native = {name for name, which in syscalls.classes().items() if which is SyscallClass.NATIVE}
    assert set(named) == native
