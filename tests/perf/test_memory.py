"""What a process holds, as the kernel counts it."""

import os
import subprocess

import pytest

from nono.perf.memory import held, named, resident


def test_this_process() -> None:
    before = held(os.getpid())
    assert 0 < before.share <= before.resident
    assert before.threads >= 1
    reader, writer = os.pipe()
    try:
        assert held(os.getpid()).descriptors == before.descriptors + 2
    finally:
        os.close(reader)
        os.close(writer)
    assert resident(os.getpid()) > 1000


def test_what_is_gone() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        # Until it is executed it has our name.
        while not named(os.getpid(), "sleep"):
            pass
        assert process.pid in named(os.getpid(), "sleep")
        assert named(process.pid, "sleep") == []
    finally:
        process.kill()
        process.wait()
    assert process.pid not in named(os.getpid(), "sleep")
    with pytest.raises(OSError):
        held(process.pid)
