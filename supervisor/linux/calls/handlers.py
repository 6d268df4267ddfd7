"""Which handler serves which system call: the brokered rows of the syscall table."""

from __future__ import annotations

from collections.abc import Mapping

from nono.shims.linux.refused_arguments import F_SETFL, F_SETOWN, FIOASYNC
from nono.shims.linux.syscall_classes import SyscallClass, classes, table
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls import (
    entries,
    execute,
    file_flags,
    forbidden,
    giving_up,
    locks,
    metadata,
    moves,
    open_how,
    opens,
    scheduling,
    signals,
    socket_pairs,
    sockets,
    watches,
    xattr_values,
)
from nono.supervisor.linux.calls.answers import Answer
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.loop import Handler


def ioctl_(call: Call, decisions: Decisions) -> Answer:
    """ioctl(2): what chattr(1) asks for, or that a file signals. See there for which side."""
    is_signal = call.notification.b & 0xFFFFFFFF == FIOASYNC
    return (signals.asynchronous if is_signal else file_flags.set_flags)(call, decisions)


def fcntl_(call: Call, decisions: Decisions) -> Answer:
    """fcntl(2): the command, which is in a register, says whose it is."""
    return _COMMANDS.get(call.notification.b & 0xFFFFFFFF, locks.lease)(call, decisions)


_COMMANDS: Mapping[int, Handler] = {F_SETOWN: signals.owner, F_SETFL: signals.asynchronous}

HANDLERS: Mapping[str, Handler] = {
    **{
        name: forbidden.forbidden for name, which in classes().items() if which is SyscallClass.TOLD
    },
    "clone": giving_up.clone,
    "landlock_restrict_self": giving_up.landlock_restrict_self,
    "capset": giving_up.capset,
    "prctl": giving_up.prctl,
    "open": opens.open_,
    "openat": opens.openat,
    "openat2": open_how.openat2,
    "creat": opens.creat,
    "mkdir": entries.mkdir,
    "mkdirat": entries.mkdirat,
    "symlink": entries.symlink,
    "symlinkat": entries.symlinkat,
    "mknod": entries.mknod,
    "mknodat": entries.mknodat,
    "rmdir": entries.rmdir,
    "unlink": entries.unlink,
    "unlinkat": entries.unlinkat,
    "truncate": entries.truncate,
    "rename": moves.rename,
    "renameat": moves.renameat,
    "renameat2": moves.renameat2,
    "link": moves.link,
    "linkat": moves.linkat,
    "chmod": metadata.chmod,
    "fchmod": metadata.fchmod,
    "fchmodat": metadata.fchmodat,
    "fchmodat2": metadata.fchmodat2,
    "chown": metadata.chown,
    "lchown": metadata.lchown,
    "fchown": metadata.fchown,
    "fchownat": metadata.fchownat,
    "utime": metadata.utime,
    "utimes": metadata.utimes,
    "futimesat": metadata.futimesat,
    "utimensat": metadata.utimensat,
    "setxattr": metadata.setxattr,
    "lsetxattr": metadata.lsetxattr,
    "fsetxattr": metadata.fsetxattr,
    "setxattrat": metadata.setxattrat,
    "removexattr": metadata.removexattr,
    "lremovexattr": metadata.lremovexattr,
    "fremovexattr": metadata.fremovexattr,
    "removexattrat": metadata.removexattrat,
    "file_setattr": metadata.file_setattr,
    "getxattr": xattr_values.getxattr,
    "lgetxattr": xattr_values.lgetxattr,
    "getxattrat": xattr_values.getxattrat,
    "inotify_add_watch": watches.inotify_add_watch,
    "execve": execute.execve,
    "execveat": execute.execveat,
    "flock": locks.flock,
    "fcntl": fcntl_,
    "ioctl": ioctl_,
    "kill": signals.kill,
    "tkill": signals.tkill,
    "tgkill": signals.tgkill,
    "rt_sigqueueinfo": signals.rt_sigqueueinfo,
    "rt_tgsigqueueinfo": signals.rt_tgsigqueueinfo,
    "pidfd_send_signal": signals.pidfd_send_signal,
    "connect": sockets.connect,
    "bind": sockets.bind,
    "listen": sockets.listen,
    "socket": sockets.socket_,
    "socketpair": socket_pairs.socketpair,
    "sendto": sockets.sendto,
    "setpriority": scheduling.setpriority,
    "prlimit64": scheduling.prlimit,
    "ioprio_set": scheduling.ioprio_set,
    "sched_setaffinity": scheduling.of_thread,
    "sched_setattr": scheduling.of_thread,
    "sched_setparam": scheduling.of_thread,
    "sched_setscheduler": scheduling.of_thread,
}


def handlers(arch: str) -> dict[int, Handler]:
    """By number; an architecture lacks the calls that its table does not have."""
    known = table(arch)
    return {known[name].number: handler for name, handler in HANDLERS.items() if name in known}
