"""What processes use, as /proc tells it, and what is made of numbers that shrink."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from nono.supervisor.linux.limits import use
from nono.supervisor.linux.limits.looks import PACE_SECONDS, Look, Looks, Measured

MANY = 700


CROWD = f"""
import os, signal
for _ in range({MANY}):
    if os.fork() == 0:
        os._exit(0)
print("up", flush=True)
signal.pause()
"""


@pytest.fixture
def crowd() -> Iterator[int]:
    """A process with many dead children, which are no less processes for that."""
    command = [sys.executable, "-S", "-E", "-c", CROWD]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_a_list_that_is_longer_than_a_page(crowd: int) -> None:
    assert use.tasks([crowd]) == MANY
    assert use.tasks([]) == use.tasks([1 << 22]) == 0


def test_threads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use, "processes", lambda inits: {os.getpid()})
    before, done = use.tasks([0]), threading.Event()
    one = threading.Thread(target=done.wait)
    one.start()
    assert use.tasks([0]) == before + 1
    done.set()
    one.join()
    memory, pid = use.memory_bytes([0], 1)
    assert pid == os.getpid() and 1 << 20 < memory < 1 << 36
    assert use.cpu_seconds([0]) > 0 and use.written_bytes([0]) >= 0


def test_a_loss_counts_once_it_stays() -> None:
    seen = iter([4, 9, 3, 9, 2, 2, 2, 3, 12])
    look = Look("written", 18, lambda: Measured(next(seen)), adds_up=True)
    assert [look.is_over() for _ in range(9)] == [False] * 8 + [True]
    assert look.last.used == 7 + 12


def test_the_next_look_is_as_late_as_can_be() -> None:
    look = Look("cpu_time", 10, lambda: Measured(4.0), per_second=2)
    assert not look.is_over() and look.pause() == 3
    assert Look("written", 10, lambda: Measured(4.0)).pause() == PACE_SECONDS


def test_what_cannot_be_looked_at_is_not_let_go_on() -> None:
    reached: list[Look] = []

    def broken() -> Measured:
        raise OSError

    looks = Looks([Look("memory", 1, broken)], reached.append)
    looks.start()
    looks._thread.join()
    assert len(reached) == 1 and "OSError" in looks.faults.texts[0]
    looks.close()
