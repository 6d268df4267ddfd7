"""What is sent between `nono run` and `nono warm`: taken as it was sent, or not at all."""

import array
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.supervisor.places import control_directories
from nono.supervisor.warm import itself, wire


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(10)
        other.settimeout(10)
        yield one, other


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_what_is_sent_is_received(parts: list[bytes]) -> None:
    one, other = socket.socketpair()
    with one, other:
        wire.send(one, parts)
        assert wire.receive(other) == (parts, [])


@given(st.lists(st.lists(st.binary(max_size=5), max_size=5), min_size=1, max_size=5))
def test_lists_are_taken_as_they_were_counted(lists: list[list[bytes]]) -> None:
    parts = [part for each in lists for part in wire.counted(each)]
    assert [wire.take(parts) for _ in lists] == lists
    assert parts == []


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(data)
        one.close()
        try:
            parts, _ = wire.receive(other)
            while parts:
                wire.take(parts)
        except wire.WireError:
            pass


@pytest.mark.parametrize("length", [wire.MAX_BYTES + 1, -1, 0x7FFFFFFF, 0])
def test_a_length_that_is_too_much_is_not_waited_for(
    pair: tuple[socket.socket, socket.socket], length: int
) -> None:
    pair[0].sendall(length.to_bytes(4, "little", signed=True))
    with pytest.raises(wire.WireError):
        wire.receive(pair[1])


def test_who_says_one_byte_now_and_then_is_not_waited_for_without_end(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    over = threading.Event()

    def says() -> None:
        pair[0].sendall((8 << 20).to_bytes(4, "little"))
        while not over.wait(0.01):
            pair[0].sendall(b"x")

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(says)
        try:
            with pytest.raises(TimeoutError):
                wire.receive(pair[1], until=time.monotonic() + 0.3)
        finally:
            over.set()
        done.result()
    with pytest.raises(TimeoutError):
        wire.wait(pair[1], time.monotonic() - 1)


def test_descriptors_come_closed_on_execve_and_no_more_than_asked_for(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    wire.send(pair[0], [b"x"], [0, 1])
    _, fds = wire.receive(pair[1], 2)
    assert len(fds) == 2
    assert not any(map(os.get_inheritable, fds))
    before = os.listdir("/proc/self/fd")
    wire.send(pair[0], [b"x"], [0, 1, 2])
    with pytest.raises(wire.WireError):
        wire.receive(pair[1], 1)
    assert os.listdir("/proc/self/fd") == before
    for fd in fds:
        os.close(fd)


def test_descriptors_of_another_kind_of_message_are_not_taken(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))
    pair[0].sendmsg([(9).to_bytes(4, "little")], [rights])
    pair[0].close()
    with pytest.raises(wire.WireError):
        wire.receive(pair[1])


def test_only_a_file_in_memory_of_that_name_is_read_by_its_number() -> None:
    fd, content = wire.secret()
    assert wire.behind(os.getpid(), str(fd).encode()) == content
    os.close(fd)
    reading, writing = os.pipe()
    try:
        for number in (str(reading).encode(), b"../0", b"", b"99999", b"-1"):
            with pytest.raises((OSError, wire.WireError)):
                wire.behind(os.getpid(), number)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize(
    "env",
    [
        {"XDG_RUNTIME_DIR": "/run/user/7", "HOME": "/root"},
        {"XDG_RUNTIME_DIR": "relative", "HOME": "/root"},
        {"HOME": "/root/"},
        {"HOME": "/root", "XDG_STATE_HOME": "/var/state/../x"},
    ],
)
def test_the_places_are_those_that_every_sandbox_is_refused(env: dict[str, str]) -> None:
    places = wire.places(env)
    assert places
    assert places == [*control_directories(env)][: len(places)]


def test_a_process_is_as_itself_and_the_first_difference_is_named() -> None:
    told = itself.of_process()
    assert itself.difference(told, itself.of_process()) == ""
    assert itself.difference(told, [*told[:-1], b"personality 8"]) == "personality"
    assert itself.difference(told, told[:-1]) == "what is compared"
    python = itself.of_python(["/a"], "/b")
    assert itself.difference(python, itself.of_python(["/c"], "/b")) == "search path"


def test_a_run_by_it_loads_next_to_nothing() -> None:
    """What stands for a run: each module of Python's own takes as long as all that it does."""
    program = "import sys; before = {*sys.modules}; import nono.supervisor.warm.client;" + (
        "print(*sorted({*sys.modules} - before))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] != "nono"}
    assert loaded <= {"_socket", "__future__", "types"}, loaded
