"""The table of system calls: complete, without contradictions, and the running kernel's."""

import os
import sys
from types import SimpleNamespace

import pytest

from nono.shims.errors import UnsupportedMachineError
from nono.shims.linux import landlock
from nono.shims.linux import refused_arguments as arguments
from nono.shims.linux import syscall_classes as syscalls
from nono.shims.linux.libc import syscall
from nono.shims.linux.syscall_classes import ARCHES, Arch, SyscallClass
from nono.shims.linux.syscall_numbers import NUMBERS
from tests.shims.linux.filters import NETWORKS

# Facts checked by hand; together they touch every stretch of both numberings.
KNOWN: dict[str, tuple[int, int | None]] = {
    "read": (0, 63),
    "openat": (257, 56),
    "open": (2, None),
    "clone": (56, 220),
    "execve": (59, 221),
    "connect": (42, 203),
    "ioctl": (16, 29),
    "prctl": (157, 167),
    "truncate": (76, 45),
    "utimensat": (280, 88),
    "renameat2": (316, 276),
    "execveat": (322, 281),
    "statx": (332, 291),
    "rseq": (334, 293),
    "pidfd_send_signal": (424, 424),
    "clone3": (435, 435),
    "openat2": (437, 437),
    "landlock_restrict_self": (446, 446),
    "file_setattr": (469, 469),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_numbers(name: str) -> None:
    assert NUMBERS[name] == KNOWN[name]
    for arch, expected in zip(ARCHES, KNOWN[name], strict=True):
        if expected is None:
            with pytest.raises(KeyError):
                syscalls.number(arch, name)
        else:
            assert syscalls.number(arch, name) == expected
            assert syscalls.name(arch, expected) == name


@pytest.mark.parametrize("arch", ARCHES)
def test_numbers_name_one_call_each(arch: Arch) -> None:
    numbers = [call.number for call in syscalls.table(arch).values()]
    assert len(numbers) == len(set(numbers))


def test_no_number_is_skipped() -> None:
    """The gaps are the kernel's: numbers kept free, or of other architectures."""
    gaps: dict[Arch, set[int]] = {
        "x86_64": set(range(337, 424)),
        "aarch64": {*range(244, 260), *range(295, 424)},
    }
    for arch in ARCHES:
        numbers = {call.number for call in syscalls.table(arch).values()}
        assert set(range(470)) - numbers == gaps[arch]


@pytest.mark.parametrize("network", NETWORKS)
def test_every_call_has_exactly_one_class(network: syscalls.Network) -> None:
    assert set(syscalls.classes(network)) == set(NUMBERS)
    named = [name for names in syscalls._CLASSES.values() for name in names.split()]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("broker", [True, False])
@pytest.mark.parametrize("network", NETWORKS)
def test_rules_on_arguments_are_those_of_the_class(network: syscalls.Network, broker: bool) -> None:
    classes = syscalls.classes(network, broker=broker)
    of_class = {name for name, which in classes.items() if which is SyscallClass.ARGUMENTS}
    assert set(arguments.rules(network, broker=broker)) == of_class


def test_siblings_share_a_class() -> None:
    """A call that does another's work through other parameters must not be a way around it."""
    families = """
        open openat openat2 creat execve execveat; mkdir mkdirat mknod mknodat symlink symlinkat
        link linkat rename renameat renameat2 unlink unlinkat rmdir truncate; chmod fchmod
        fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat; setxattr
        lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
        file_setattr; mount fsopen move_mount open_tree open_tree_attr mount_setattr; connect bind;
        sendto sendmsg sendmmsg; process_vm_readv process_vm_writev ptrace pidfd_getfd kcmp;
        unshare setns chroot pivot_root; io_uring_setup io_uring_enter io_uring_register clone3;
        socket socketpair
    """
    for family in families.split(";"):
        classes = {syscalls.classes()[name] for name in family.split()}
        refused = classes <= {SyscallClass.EPERM, SyscallClass.TOLD}
        assert refused or len(classes) == 1, family


def test_landlock_uses_the_table_s_numbers() -> None:
    for arch in ARCHES:
        table = syscalls.table(arch)
        assert table["landlock_create_ruleset"].number == landlock.CREATE_RULESET
        assert table["landlock_add_rule"].number == landlock.ADD_RULE
        assert table["landlock_restrict_self"].number == landlock.RESTRICT_SELF


def test_the_running_kernel_agrees() -> None:
    arch = syscalls.machine()
    assert syscall(syscalls.number(arch, "getpid")) == os.getpid()
    assert syscall(syscalls.number(arch, "getppid")) == os.getppid()
    assert syscall(syscalls.number(arch, "getsid"), 0) == os.getsid(0)
    assert syscall(syscalls.number(arch, "getpgid"), 0) == os.getpgid(0)


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        syscalls.table("x86_64")["read"] = None  # type: ignore[index]


@pytest.mark.parametrize(
    ("reported", "maxsize", "said"),
    [("riscv64", 2**63 - 1, "64-bit process on riscv64"), ("x86_64", 2**31 - 1, "32-bit")],
)
def test_other_machines_are_refused(
    monkeypatch: pytest.MonkeyPatch, reported: str, maxsize: int, said: str
) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=reported))
    monkeypatch.setattr(sys, "maxsize", maxsize)
    with pytest.raises(UnsupportedMachineError, match=f"{said}.*\nhint: "):
        syscalls.machine.__wrapped__()
