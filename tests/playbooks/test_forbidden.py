"""What leads out of a sandbox: told of by its name, and refused whatever the policy says."""

import errno

import pytest

from nono.shims.linux.syscall_classes import SyscallClass, classes, machine, table
from nono.supervisor.linux.calls.answers import Fail
from tests.playbooks.scene import Scene

CALLS = [
    "mount",
    "umount2",
    "open_tree",
    "open_tree_attr",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "chroot",
    "pivot_root",
    "unshare",
    "setns",
    "open_by_handle_at",
    "bpf",
    "perf_event_open",
    "add_key",
    "request_key",
    "keyctl",
    "fanotify_init",
    "fanotify_mark",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "syslog",
    "settimeofday",
    "clock_settime",
    "sethostname",
    "setdomainname",
    "iopl",
    "ioperm",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "shmget",
    "semget",
    "msgget",
    "mq_open",
    "clone",
]
ABSENT = {"shmget", "semget", "msgget", "mq_open"}
"""Programs fall back on something else where the kernel does not have them."""


def test_the_list_is_the_tables() -> None:
    told = {name for name, which in classes().items() if which is SyscallClass.TOLD}
    assert set(CALLS) == {*told, "clone"}


@pytest.mark.parametrize("name", [name for name in CALLS if name in table(machine())])
def test_it_is_refused_even_if_it_were_allowed(scene: Scene, name: str) -> None:
    expected = errno.ENOSYS if name in ABSENT else errno.EPERM
    assert scene.play(name, 0x10000000) == Fail(expected)
    assert scene.script.said == [f"require forbidden {name}"]
