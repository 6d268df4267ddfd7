"""Python's own machinery for processes, threads, temporary files and shared memory."""

import pytest

from tests.conftest import BY_A_USER, program_beside
from tests.programs.conftest import Alike

POOL = program_beside(__file__, "pool.py")
MANAGER = program_beside(__file__, "manager.py")
FILES = program_beside(__file__, "temporary_files.py")
THREADS = program_beside(__file__, "threads.py")
CHILDREN = program_beside(__file__, "children.py")


@BY_A_USER
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(alike: Alike, method: str) -> None:
    done = alike("python3", "pool.py", method, files={"pool.py": POOL})
    assert (done.returncode, "from the child" in done.stdout) == (0, True)


@BY_A_USER
def test_managers_semaphores_and_shared_memory(alike: Alike) -> None:
    done = alike("python3", "manager.py", files={"manager.py": MANAGER})
    assert (done.returncode, "gone" in done.stdout) == (0, True)


@BY_A_USER
def test_temporary_files(alike: Alike) -> None:
    assert alike("python3", "files.py", files={"files.py": FILES}).returncode == 0


@BY_A_USER
def test_fifty_threads_opening_files_at_once(alike: Alike) -> None:
    assert alike("python3", "-c", THREADS).stdout == "1000 []\n"


@BY_A_USER
def test_subprocesses(alike: Alike) -> None:
    done = alike("python3", "-c", CHILDREN)
    assert (done.returncode, "over time" in done.stdout) == (0, True)
