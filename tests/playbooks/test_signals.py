"""Signals where Landlock does not keep them inside: to the sandbox's own processes and no other."""

import errno
import fcntl
import os
import select
import signal
import struct
from collections.abc import Callable, Iterator

import pytest

from nono.shims.linux.refused_arguments import FIOASYNC
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Answer, Fail
from tests.playbooks.scene import Argument, Line, Scene, line

OURS, ANOTHER = os.getpid(), 1
NOBODY = 2**22 + 1  # beyond every pid_max: proc_sys_kernel(5)
TERM = int(signal.SIGTERM)
INFO = struct.pack("=iii", TERM, 0, -1) + bytes(116)
F_SETOWN, F_SETFL = fcntl.F_SETOWN, fcntl.F_SETFL
REFUSED, ABSENT, INVALID = Fail(errno.EPERM), Fail(errno.ESRCH), Fail(errno.EINVAL)


@pytest.mark.parametrize(
    "line",
    [
        line("kill", OURS, TERM, answer=CONTINUE),
        line("tkill", OURS, TERM, answer=CONTINUE),
        line("tgkill", OURS, OURS, TERM, answer=CONTINUE),
        line("tgkill", OURS, NOBODY, TERM, answer=CONTINUE),
        line("rt_sigqueueinfo", OURS, TERM, INFO, answer=CONTINUE),
        line("rt_tgsigqueueinfo", OURS, OURS, TERM, INFO, answer=CONTINUE),
        line("kill", ANOTHER, 0, said=["waiting"], answer=REFUSED),
        line("kill", (1 << 32) + ANOTHER, 0, said=["waiting"], answer=REFUSED),
        line("kill", NOBODY, TERM, answer=ABSENT),
        line("kill", -NOBODY, 0, said=["waiting"], answer=ABSENT),
        line("kill", -(1 << 31), TERM, answer=ABSENT),
        line("tkill", ANOTHER, 0, said=["waiting"], answer=REFUSED),
        line("tkill", 0, TERM, answer=INVALID),
        line("tkill", NOBODY, TERM, answer=ABSENT),
        line("tgkill", ANOTHER, ANOTHER, 0, said=["waiting"], answer=REFUSED),
        line("tgkill", ANOTHER, NOBODY, TERM, answer=ABSENT),
        line("tgkill", 0, OURS, TERM, answer=INVALID),
        line("rt_sigqueueinfo", ANOTHER, 0, INFO, said=["waiting"], answer=REFUSED),
        line("rt_tgsigqueueinfo", ANOTHER, ANOTHER, 0, INFO, said=["waiting"], answer=REFUSED),
        line("rt_sigqueueinfo", ANOTHER, 0, 0, answer=Fail(errno.EFAULT)),
        line("pidfd_send_signal", -1, TERM, 0, 0, answer=Fail(errno.EBADF)),
        line("pidfd_send_signal", 0, TERM, 0, 0, answer=Fail(errno.EBADF)),
        line("pidfd_send_signal", 0, TERM, 0, 4, answer=INVALID),  # to the process's group
    ],
    ids=str,
)
def test_by_number(scene: Scene, line: Line) -> None:
    scene.check(line)


@pytest.fixture
def waiter() -> Iterator[Callable[[], int]]:
    """Start processes that wait for a signal, each in a process group of its own."""
    made: list[int] = []

    def start() -> int:
        pid = os.fork()
        if pid == 0:
            signal.signal(TERM, signal.SIG_DFL)
            os.setpgid(0, 0)
            signal.pause()
            os._exit(0)
        os.setpgid(pid, pid)
        made.append(pid)
        return pid

    yield start
    for pid in made:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def is_ended_by(pid: int, number: int) -> bool:
    """Without waiting for it, so that its number stays its own."""
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return ended is not None and ended.si_status == number


BY_NUMBER: dict[str, Callable[[int, int], tuple[Argument, ...]]] = {
    "kill": lambda pid, number: (pid, number),
    "tkill": lambda pid, number: (pid, number),
    "tgkill": lambda pid, number: (pid, pid, number),
    "rt_sigqueueinfo": lambda pid, number: (pid, number, INFO),
    "rt_tgsigqueueinfo": lambda pid, number: (pid, pid, number, INFO),
}


@pytest.mark.parametrize("name", [*BY_NUMBER, "pidfd_send_signal", "group"])
def test_to_one_of_the_sandboxs_own(scene: Scene, waiter: Callable[[], int], name: str) -> None:
    """Refused before it is one of them, sent then."""
    pid = waiter()
    pidfd = os.pidfd_open(pid)

    def send() -> Answer:
        if name == "pidfd_send_signal":
            answer = scene.play(name, pidfd, TERM, 0, 0)
        elif name == "group":
            answer = scene.play("kill", -pid, TERM)
        else:
            answer = scene.play(name, *BY_NUMBER[name](pid, TERM))
        assert isinstance(answer, Answer)
        return answer

    try:
        assert send() == REFUSED
        scene.script.threads.add(pid)
        assert send() == DONE
        assert is_ended_by(pid, TERM)
        scene.script.is_gone = True
        assert send() == ABSENT
    finally:
        os.close(pidfd)


def test_no_signal_is_invalid(scene: Scene, waiter: Callable[[], int]) -> None:
    pid = waiter()
    scene.script.threads.add(pid)
    assert scene.play("kill", pid, 99) == INVALID
    assert scene.play("kill", -pid, 99) == INVALID


def test_what_a_file_signals(scene: Scene) -> None:
    """The caller's own process, and never the process group of a terminal."""
    reader, writer = os.pipe()
    master, terminal = os.openpty()
    one = struct.pack("=i", 1)
    held = fcntl.fcntl(reader, fcntl.F_GETFL)
    try:
        scene.check(line("fcntl", reader, F_SETOWN, OURS, answer=CONTINUE))
        for other in (ANOTHER, -os.getpgrp(), NOBODY):
            scene.check(line("fcntl", reader, F_SETOWN, other, answer=REFUSED))
        for number, flags in ((reader, held), (writer, os.O_WRONLY)):
            wanted = flags | os.O_ASYNC
            scene.check(line("fcntl", number, F_SETFL, wanted, said=["waiting"], answer=DONE))
            assert fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ASYNC
            scene.script.said.clear()
        scene.check(line("fcntl", terminal, F_SETFL, os.O_ASYNC, answer=REFUSED))
        scene.check(line("ioctl", terminal, FIOASYNC, one, answer=REFUSED))
        assert not fcntl.fcntl(terminal, fcntl.F_GETFL) & os.O_ASYNC
        scene.check(line("ioctl", reader, FIOASYNC, bytes(4), said=["waiting"], answer=DONE))
        assert not fcntl.fcntl(reader, fcntl.F_GETFL) & os.O_ASYNC
        assert not select.select([reader], [], [], 0)[0]
    finally:
        for fd in (reader, writer, master, terminal):
            os.close(fd)
