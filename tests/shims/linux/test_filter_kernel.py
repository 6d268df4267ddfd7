"""The filter on the running kernel: it loads, and the kernel decides as the simulator does."""

import errno
import os
import select
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from nono.shims.linux import filter, notify, process
from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import Network, SyscallClass, machine, number, table
from tests.shims.linux.filters import DECIDED, NETWORKS, REFUSED, REFUSED_OPTIONS, UNKNOWN_COMMANDS
from tests.shims.linux.forked import USERS, ChildFailed, error_of, in_child
from tests.simulator import Program

ARCH = machine()
PROGRAMS = {network: filter.build(ARCH, network) for network in NETWORKS}
PROGRAM = PROGRAMS["unrestricted"]

pytestmark = pytest.mark.requires(kernel="5.19")
as_each_user = pytest.mark.parametrize("user", USERS)
in_every_mode = pytest.mark.parametrize("network", NETWORKS)


def under_filter(work: Callable[[], Any], user: int | None = None, program: bytes = PROGRAM) -> Any:
    """Run `work` under the filter with nobody listening: what would be notified gets ENOSYS."""

    def confined() -> Any:
        process.set_no_new_privs()
        os.close(notify.install(program))
        return work()

    return in_child(confined, user)


def errors(calls: list[tuple[int, tuple[int, ...]]]) -> list[int]:
    """The errno of each call, 0 for success."""
    return [_error(each, values) for each, values in calls]


def _error(each: int, values: tuple[int, ...]) -> int:
    try:
        syscall(each, *values[:5])
    except OSError as error:
        return error.errno or 0
    return 0


def predicted(network: Network, calls: list[tuple[int, tuple[int, ...]]]) -> list[int]:
    """The errno that the kernel must give to each call that the simulator does not let through."""
    simulated = Program(PROGRAMS[network])
    runs = [simulated.run(each, filter.AUDIT_ARCH[ARCH], values) for each, values in calls]
    assert {run.action for run in runs} <= {0x00050000, 0x7FC00000}
    return [run.errno if run.action == 0x00050000 else errno.ENOSYS for run in runs]


@in_every_mode
@as_each_user
def test_every_call_that_is_not_native(user: int, network: Network) -> None:
    """None of these is executed, so zeros for arguments (and reboot, kexec) are harmless."""
    stopped = [
        call.number
        for call in table(ARCH, network).values()
        # The kernel lets its own trampolines' calls, uretprobe and uprobe, past any filter.
        if call.syscall_class not in (SyscallClass.NATIVE, SyscallClass.ARGUMENTS)
        and call.number not in (335, 336)
    ]
    unknown = [-1, *range(337, 424), *range(470, 601)] if ARCH == "x86_64" else [-1, 470, 600]
    calls: list[tuple[int, tuple[int, ...]]] = [(each, ()) for each in stopped + unknown]
    result = under_filter(lambda: errors(calls), user, PROGRAMS[network])
    assert result == predicted(network, calls)


@in_every_mode
@as_each_user
def test_every_refused_argument(user: int, network: Network) -> None:
    refused = [*REFUSED, *UNKNOWN_COMMANDS, *(each[:2] for each in DECIDED)]
    calls = [(number(ARCH, name), values) for name, values in refused]
    if network != "unrestricted":
        setsockopt = number(ARCH, "setsockopt")
        calls += [(setsockopt, (0, *option, 0, 4)) for option in sorted(REFUSED_OPTIONS)]
    with_high_half = [(each, tuple(v | 5 << 32 for v in values)) for each, values in calls]
    both = calls + with_high_half
    result = under_filter(lambda: errors(both), user, PROGRAMS[network])
    assert result == predicted(network, both)


@as_each_user
def test_ordinary_work_goes_on(user: int) -> None:
    def work() -> list[str]:
        done: list[str] = []
        reader, writer = os.pipe()
        os.write(writer, b"x")
        done.append(os.read(reader, 1).decode())
        child = os.fork()
        if child == 0:
            os._exit(7)
        done.append(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
        thread = threading.Thread(target=lambda: done.append("thread"))  # clone3, then clone
        thread.start()
        thread.join()
        one, other = socket.socketpair()
        one.sendall(b"pair")
        done.append(other.recv(4).decode())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            done.append(str(datagram.family.name))
        done.append(str(os.stat("/").st_mode & 0o170000 == 0o040000))
        return done

    assert under_filter(work, user) == ["x", "7", "thread", "pair", "AF_INET", "True"]


def test_refused_sockets() -> None:
    def work() -> list[str]:
        return [
            error_of(lambda each=each: socket.socket(*each).close())  # type: ignore[misc]
            for each in (
                (socket.AF_INET, socket.SOCK_STREAM, 262),
                (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP),
                (socket.AF_INET, socket.SOCK_RAW, 6),
                (socket.AF_UNIX, socket.SOCK_RAW, 0),
                (socket.AF_PACKET, socket.SOCK_RAW, 0),
                (socket.AF_ALG, socket.SOCK_SEQPACKET, 0),
                (socket.AF_NETLINK, socket.SOCK_RAW, 9),
            )
        ]

    protocol, family = "EPROTONOSUPPORT", "EAFNOSUPPORT"
    assert under_filter(work) == [protocol] * 4 + [family] * 2 + [protocol]


@pytest.mark.skipif(ARCH != "x86_64", reason="x32 is x86_64's")
def test_x32_kills() -> None:
    with pytest.raises(ChildFailed) as failed:
        under_filter(lambda: syscall(0x40000000 | number(ARCH, "getpid")))
    assert failed.value.status == -signal.SIGSYS


def test_without_no_new_privs_an_ordinary_user_gets_no_filter() -> None:
    assert in_child(lambda: error_of(lambda: notify.install(PROGRAM)), USERS[-1]) == "EACCES"


@pytest.mark.requires(kernel="5.6")
def test_the_listener_hears_of_a_brokered_call() -> None:
    ready, said = os.pipe()
    mkdirat = number(ARCH, "mkdirat")
    path = ffi.new("char[]", b"/nowhere/at all")
    child = os.fork()
    if child == 0:
        process.set_no_new_privs()
        os.write(said, str(notify.install(PROGRAM)).encode())
        try:
            syscall(mkdirat, -100, address(path), 0o750)
        except OSError as error:
            os._exit(error.errno or 0)
        os._exit(0)
    pidfd = process.pidfd_open(child)
    listener = notify.Listener(process.pidfd_getfd(pidfd, int(os.read(ready, 16))))
    heard = listener.receive()
    assert heard is not None
    assert (heard.tid, heard.number) == (child, mkdirat)
    assert heard.arch == filter.AUDIT_ARCH[ARCH]
    assert (heard.b, heard.c) == (address(path), 0o750)
    listener.fail(heard.id, errno.ENOTDIR)
    assert select.select([pidfd], [], [], 60)[0]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == errno.ENOTDIR
    for fd in (pidfd, listener.fd, ready, said):
        os.close(fd)
