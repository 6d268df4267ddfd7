"""prctl, pidfds and unshare, each by its effect on a real process."""

import os
import select
import signal
import threading
from pathlib import Path

import pytest

from nono.shims.linux import process
from tests.shims.linux.forked import USERS, error_of, in_child


def test_no_new_privs() -> None:
    def work() -> list[bool]:
        before = "NoNewPrivs:\t1" in status()
        process.set_no_new_privs()
        return [before, "NoNewPrivs:\t1" in status()]

    assert in_child(work) == [False, True]


def status() -> str:
    return Path("/proc/thread-self/status").read_text()


def test_a_subreaper_gets_the_orphans() -> None:
    def work() -> bool:
        process.set_child_subreaper()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                os.read(reader, 1)
                os._exit(9)
            os._exit(0)
        os.waitpid(child, 0)
        os.write(writer, b"x")
        orphan, code = os.wait()
        return orphan != child and os.waitstatus_to_exitcode(code) == 9

    assert in_child(work) is True


def test_a_child_dies_with_its_parent() -> None:
    ended, lives = os.pipe()
    child = os.fork()
    if child == 0:
        ready, said = os.pipe()
        if os.fork() == 0:
            process.set_pdeathsig(signal.SIGKILL)
            os.write(said, b"x")
            signal.pause()
        os.read(ready, 1)
        os._exit(0)
    os.close(lives)
    os.waitpid(child, 0)
    assert os.read(ended, 1) == b""  # the last writer is gone
    os.close(ended)


def test_not_dumpable_is_closed_to_its_own_user() -> None:
    def work() -> list[int]:
        process.set_dumpable(True)  # changing the user took it away
        before = os.stat("/proc/self/mem").st_uid
        process.set_dumpable(False)
        closed = os.stat("/proc/self/mem").st_uid
        process.set_dumpable(True)
        return [before, closed, os.stat("/proc/self/mem").st_uid]

    user = USERS[-1]
    if user == 0:
        pytest.skip("there is no ordinary user")
    assert in_child(work, user) == [user, 0, user]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("nono", "nono"),
        ("a name longer than fifteen bytes", "a name longer t"),
        ("", ""),
        ("cut\0here", "cut"),
    ],
)
def test_names(name: str, shown: str) -> None:
    def work() -> str:
        process.set_name(name)
        return Path("/proc/thread-self/comm").read_text()

    assert in_child(work) == f"{shown}\n"


def test_close_range() -> None:
    def work() -> list[str]:
        fds = [os.dup(0) for _ in range(4)]
        process.close_range(fds[1], fds[2])
        process.close_range(fds[3], fds[3], process.CLOSE_RANGE_CLOEXEC)
        errors = [error_of(lambda fd=fd: os.fstat(fd)) for fd in fds]  # type: ignore[misc]
        return [*errors, error_of(lambda: process.close_range(5, 4))]

    assert in_child(work) == ["", "EBADF", "EBADF", "", "EINVAL"]


def test_a_pidfd_tells_the_end() -> None:
    child = os.fork()
    if child == 0:
        signal.pause()
    pidfd = process.pidfd_open(child)
    assert not os.get_inheritable(pidfd)
    assert select.select([pidfd], [], [], 0)[0] == []
    os.kill(child, signal.SIGKILL)
    assert select.select([pidfd], [], [], 60)[0] == [pidfd]
    os.waitpid(child, 0)
    assert error_of(lambda: process.pidfd_open(child)) == "ESRCH"
    os.close(pidfd)


@pytest.mark.requires(kernel="6.9")
def test_a_pidfd_of_a_thread() -> None:
    go, started = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        go.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    assert thread.native_id is not None
    tid = thread.native_id
    assert error_of(lambda: process.pidfd_open(tid)) in ("EINVAL", "ENOENT")
    pidfd = process.pidfd_open(tid, process.PIDFD_THREAD)
    go.set()
    thread.join()
    assert select.select([pidfd], [], [], 60)[0] == [pidfd]
    os.close(pidfd)


def test_a_descriptor_of_a_child() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        mine = os.memfd_create("theirs")
        os.write(mine, b"hello")
        os.write(writer, str(mine).encode())
        signal.pause()
    pidfd = process.pidfd_open(child)
    copy = process.pidfd_getfd(pidfd, int(os.read(reader, 16)))
    assert os.pread(copy, 5, 0) == b"hello"
    assert not os.get_inheritable(copy)
    assert error_of(lambda: process.pidfd_getfd(pidfd, 999_999)) == "EBADF"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert error_of(lambda: process.pidfd_getfd(pidfd, 0)) == "ESRCH"
    for fd in (pidfd, copy, reader, writer):
        os.close(fd)


def test_a_thread_with_its_own_directory(tmp_path: Path) -> None:
    before = os.getcwd()
    seen: list[str] = []

    def work() -> None:
        process.unshare(process.CLONE_FS)
        os.chdir(tmp_path)
        seen.append(os.getcwd())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [str(tmp_path)]
    assert os.getcwd() == before
