"""`contrib/containers/seccomp.json`: Docker's own refusals but for the two calls that nono uses.

`python -m tests.containers.docker_profile` prints it. It is made of our own table of system calls
and of the facts in `profiles.py`, in the form that Docker, podman and Kubernetes read
(Linux.Seccomp of the OCI runtime specification).
"""

import json

from nono.shims.linux.process import CLONE_FS
from nono.shims.linux.syscall_numbers import NUMBERS
from tests.containers.profiles import MOBY

PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
WIDE = """
accept alarm chown32 fadvise64_64 fchown32 fcntl64 fstat64 fstatat64 fstatfs64 ftruncate64
clock_getres_time64 clock_gettime64 clock_nanosleep_time64 futex_time64 getegid32 geteuid32 getgid32
getgroups32 getresgid32 getresuid32 getuid32 io_pgetevents_time64 ipc lchown32 _llseek lstat64 mmap2
mq_timedreceive_time64 mq_timedsend_time64 _newselect ppoll_time64 pselect6_time64 recv
recvmmsg_time64 rt_sigtimedwait_time64 sched_rr_get_interval_time64 semtimedop_time64 send
sendfile64 setfsgid32 setfsuid32 setgid32 setgroups32 setregid32 setresgid32 setresuid32 setreuid32
setuid32 sigprocmask sigreturn socketcall stat64 statfs64 timer_gettime64 timer_settime64
timerfd_gettime64 timerfd_settime64 truncate64 ugetrlimit utimensat_time64 waitpid
"""
"""What 32-bit programs have beside that."""


def argument(index: int, value: int, operator: str = "EQ", other: int = 0) -> dict[str, object]:
    """One condition."""
    condition = {"index": index, "value": value, "op": f"SCMP_CMP_{operator}"}
    return condition | ({"valueTwo": other} if operator == "MASKED_EQ" else {})


def profile() -> dict[str, object]:
    """The whole of it."""
    refused = {name for names in MOBY.refused.values() for name in names.split()}
    by_argument = {"clone", "socket", "personality", "unshare", "pidfd_getfd"}
    allowed = sorted(({*NUMBERS} | {*WIDE.split()}) - refused - by_argument)
    first, last = MOBY.refused_families
    conditions = [
        ("clone", argument(0, MOBY.refused_clone_flags, "MASKED_EQ")),
        *(("personality", argument(0, each)) for each in PERSONALITIES),
        ("socket", argument(0, first, "LT")),
        *(("socket", argument(0, each)) for each in range(first + 1, last)),
        ("socket", argument(0, last, "GT")),
        ("unshare", argument(0, CLONE_FS)),
    ]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": MOBY.error,
        "architectures": [
            *("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
            *("SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"),
        ],
        "syscalls": [
            {"names": [*allowed, "pidfd_getfd"], "action": "SCMP_ACT_ALLOW"},
            *(
                {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [condition]}
                for name, condition in conditions
            ),
            *(
                {"names": names.split(), "action": "SCMP_ACT_ERRNO", "errnoRet": number}
                for number, names in MOBY.refused.items()
                if number != MOBY.error
            ),
        ],
    }


def text() -> str:
    """As it lies in the tree."""
    return json.dumps(profile(), indent=1) + "\n"


if __name__ == "__main__":
    print(text(), end="")
