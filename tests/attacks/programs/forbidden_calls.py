"""System calls that a sandboxed program has no business with, straight past libc.

Arguments: the handle of a denied file for open_by_handle_at(2), as its type and hexadecimal bytes.
"""

import ctypes
import os
import signal
import socket
import struct
from collections.abc import Iterator

from .attempt import AT_FDCWD, NUMBERS, Argument, arguments, attempt, call, content

CLONE_NEW = {
    "NEWNS": 0x00020000,
    "NEWCGROUP": 0x02000000,
    "NEWUTS": 0x04000000,
    "NEWIPC": 0x08000000,
    "NEWUSER": 0x10000000,
    "NEWPID": 0x20000000,
    "NEWNET": 0x40000000,
}
TERMINAL = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCCONS": 0x541D, "TIOCSETD": 0x5423}
MSG_FASTOPEN, TCP_FASTOPEN_CONNECT = 0x20000000, 30
PR_SET_MM, PR_SET_PTRACER, PTRACE_TRACEME, PTRACE_SEIZE = 35, 0x59616D61, 0, 0x4206
NEW_LISTENER = 1 << 3
UNKNOWN = (400, 600, 1023, 0x3FFFFFFF)
ROOM = ctypes.create_string_buffer(4096)
ALLOW = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
PROGRAM = struct.pack("@HP", 1, ctypes.addressof(ALLOW))

# Plain: with these arguments a privileged process would get something, or EFAULT or EINVAL.
CALLS: tuple[tuple[str | int, tuple[Argument, ...]], ...] = (
    ("mount", (b"none", b"/tmp", b"tmpfs", 0, None)),
    ("mount", (b"/", b"/tmp", None, 0x1000, None)),
    ("umount2", (b"/proc", 2)),
    ("open_tree", (AT_FDCWD, b"/", 1)),
    ("open_tree_attr", (AT_FDCWD, b"/", 1, ROOM, 32)),
    ("move_mount", (AT_FDCWD, b"/", AT_FDCWD, b"/tmp", 0)),
    ("fsopen", (b"tmpfs", 0)),
    ("fsconfig", (0, 6, None, None, 0)),
    ("fsmount", (0, 0, 0)),
    ("fspick", (AT_FDCWD, b"/", 0)),
    ("mount_setattr", (AT_FDCWD, b"/", 0, ROOM, 32)),
    ("pivot_root", (b"/tmp", b"/tmp")),
    ("chroot", (b"/",)),
    ("setns", (0, 0)),
    ("bpf", (0, ROOM, 72)),
    ("perf_event_open", (ROOM, 0, -1, -1, 0)),
    ("userfaultfd", (1,)),
    ("add_key", (b"user", b"attack", b"x", 1, -3)),
    ("request_key", (b"user", b"attack", None, -3)),
    ("keyctl", (0, -3, 1)),
    ("fanotify_init", (0, 0)),
    ("fanotify_mark", (0, 1, 2, AT_FDCWD, b"/")),
    ("kexec_load", (0, 0, None, 0)),
    ("kexec_file_load", (0, 0, 0, None, 0)),
    ("init_module", (ROOM, 0, b"")),
    ("finit_module", (0, b"", 0)),
    ("delete_module", (b"none", 0)),
    ("reboot", (0, 0, 0, None)),
    ("swapon", (b"/none", 0)),
    ("swapoff", (b"/none",)),
    ("acct", (None,)),
    ("quotactl", (0, None, 0, None)),
    ("quotactl_fd", (0, 0, 0, None)),
    ("syslog", (3, ROOM, 4096)),
    ("vhangup", ()),
    ("settimeofday", (None, None)),
    ("clock_settime", (0, ROOM)),
    ("adjtimex", (ROOM,)),
    ("clock_adjtime", (0, ROOM)),
    ("sethostname", (b"attack", 6)),
    ("setdomainname", (b"attack", 6)),
    ("iopl", (0,)),
    ("ioperm", (0, 1, 0)),
    ("modify_ldt", (0, ROOM, 16)),
    ("personality", (0x0040000,)),
    ("ptrace", (PTRACE_TRACEME, 0, 0, 0)),
    ("ptrace", (PTRACE_SEIZE, os.getppid(), 0, 0)),
    ("process_madvise", (0, ROOM, 0, 0, 0)),
    ("kcmp", (1, 1, 0, 0, 0)),
    ("move_pages", (0, 0, None, None, None, 0)),
    ("migrate_pages", (0, 0, None, None)),
    ("lsm_set_self_attr", (100, ROOM, 32, 0)),
    ("prctl", (PR_SET_MM, 1, 0, 0, 0)),
    ("prctl", (PR_SET_PTRACER, -1, 0, 0, 0)),
    ("prctl", (PR_SET_PTRACER | 1 << 32, -1, 0, 0, 0)),
    ("prlimit64", (os.getppid(), 7, None, ROOM)),
    ("io_uring_setup", (8, ROOM)),
    ("io_uring_enter", (0, 0, 0, 0, None, 0)),
    ("io_uring_register", (0, 0, None, 0)),
    ("clone3", (ROOM, 88)),
    ("shmget", (0, 4096, 0o1600)),
    ("shmat", (0, None, 0)),
    ("semget", (0, 1, 0o1600)),
    ("msgget", (0, 0o1600)),
    ("mq_open", (b"attack", os.O_CREAT | os.O_RDWR, 0o600, None)),
    ("mq_unlink", (b"attack",)),
    *((number, ()) for number in UNKNOWN),
)

SOCKETS = {
    "unix datagram, another protocol": (socket.AF_UNIX, socket.SOCK_DGRAM, 2),
    "unix raw": (socket.AF_UNIX, socket.SOCK_RAW, 0),
    "raw": (socket.AF_INET, socket.SOCK_RAW, 1),
    "raw, IPv6": (socket.AF_INET6, socket.SOCK_RAW, 58),
    "ping": (socket.AF_INET, socket.SOCK_DGRAM, 1),
    "MPTCP": (socket.AF_INET, socket.SOCK_STREAM, 262),
    "SCTP": (socket.AF_INET, socket.SOCK_SEQPACKET, 132),
    "packet": (socket.AF_PACKET, socket.SOCK_RAW, 0x300),
    "old packet": (socket.AF_INET, 10, 0x300),
    "audit": (socket.AF_NETLINK, socket.SOCK_RAW, 9),
    "generic netlink": (socket.AF_NETLINK, socket.SOCK_RAW, 16),
    "sock_diag": (socket.AF_NETLINK, socket.SOCK_RAW, 4),
    "crypto": (38, socket.SOCK_SEQPACKET, 0),
    "vsock": (40, socket.SOCK_STREAM, 0),
    "XDP": (44, socket.SOCK_RAW, 0),
    "key": (15, socket.SOCK_RAW, 2),
}


def clone(flags: int) -> None:
    if call("clone", flags | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


def by_handle(kind: str, text: str) -> object:
    data = bytes.fromhex(text)
    handle = struct.pack("=Ii", len(data), int(kind)) + data
    mount = os.open("/", os.O_RDONLY)
    return content(call("open_by_handle_at", mount, handle, os.O_RDONLY))


def fast_open() -> Iterator[tuple[str, tuple[Argument, ...]]]:
    tcp = socket.socket().detach()
    where = struct.pack("=HH4s8x", socket.AF_INET, 0x5000, bytes((169, 254, 169, 254)))
    yield "sendto", (tcp, b"x", 1, MSG_FASTOPEN, where, 16)
    yield "sendmsg", (tcp, ROOM, MSG_FASTOPEN)
    yield "sendmmsg", (tcp, ROOM, 1, MSG_FASTOPEN)
    yield "setsockopt", (tcp, socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, struct.pack("=i", 1), 4)


def main() -> None:
    for name, words in (*CALLS, *fast_open()):
        if isinstance(name, int) or name in NUMBERS:
            attempt(f"{name} {words}", lambda n=name, w=words: call(n, *w))
    for label, flag in CLONE_NEW.items():
        attempt(f"unshare {label}", lambda f=flag: call("unshare", f))
        attempt(f"clone {label}", lambda f=flag: clone(f))
        attempt(f"clone {label} and more", lambda f=flag: clone(f | 1 << 33))
    for label, request in TERMINAL.items():
        for high in (0, 1 << 32, 0xFFFFFFFF << 32):
            attempt(f"{label} {high:x}", lambda r=request | high: call("ioctl", 0, r, b"x"))
    for label, words in SOCKETS.items():
        attempt(f"socket {label}", lambda w=words: call("socket", *w))
    attempt("socketpair", lambda: call("socketpair", socket.AF_UNIX, socket.SOCK_RAW, 0, ROOM))
    attempt("seccomp listener", lambda: call("seccomp", 1, NEW_LISTENER, PROGRAM))
    attempt("open_by_handle_at", lambda: by_handle(*arguments()))


if __name__ == "__main__":
    main()
