"""Processes that start each other in unusual ways, and what becomes of them."""

import os
from pathlib import Path

import pytest

from tests.conftest import Nono, program_beside
from tests.programs.conftest import Alike

FORKS_AND_EXITS_FIRST = program_beside(__file__, "daemon.py")

CHAIN = """
import os, subprocess, sys
depth = int(sys.argv[1])
print(depth, flush=True)
if depth:
    subprocess.run([sys.executable, __file__, str(depth - 1)], check=True)
os.execvp("sh", ["sh", "-c", f"echo {depth} again"])
"""

IN_MEMORY = """
import os
fd = os.memfd_create("program")
os.write(fd, open("/bin/true", "rb").read())
os.execve(fd, ["true"], {})
"""

SELF = program_beside(__file__, "executes_itself.c")


def test_a_program_that_forks_and_exits_first(alike: Alike) -> None:
    """Its orphan is served like any other process, as long as the session lasts."""
    script = """
        python3 daemon.py $$
        until [ -e answer.txt ]; do sleep 0.01; done
        cat answer.txt; ls
    """
    files = {"daemon.py": FORKS_AND_EXITS_FIRST, "question.txt": "question "}
    assert alike("sh", "-c", script, files=files).stdout.startswith("question answered")


def test_orphans_end_with_the_session(nono: Nono, project: Path) -> None:
    orphan = "(trap '' TERM HUP; : > started; exec sleep 600)"
    script = f"exec 9<> end; {orphan} & until [ -e started ]; do sleep 0.01; done; echo over"
    fifo = project / "end"
    os.mkfifo(fifo)
    fifo.chmod(0o666)
    done = nono("run", "--allow-cwd", "--", "sh", "-c", script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\n", "")
    # Nobody is left who has the FIFO open: a writer would find a reader otherwise.
    with pytest.raises(OSError, match="No such device or address"):
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))


@pytest.mark.requires(commands=["gcc"])
@pytest.mark.parametrize("linking", ["-static", "-pie"])
def test_a_program_that_executes_itself(alike: Alike, linking: str) -> None:
    build = f"gcc {linking} -o self self.c && ./self; echo $?; cd / && exec $OLDPWD/self"
    done = alike("sh", "-c", build, files={"self.c": SELF})
    assert (done.returncode, done.stdout.count("round 4 of self")) == (9, 2)


def test_a_chain_of_interpreters(alike: Alike) -> None:
    done = alike("python3", "chain.py", "3", files={"chain.py": CHAIN})
    assert (done.returncode, done.stdout.count("again")) == (0, 4)


def test_a_program_in_memory_runs(alike: Alike) -> None:
    assert alike("python3", "-c", IN_MEMORY).returncode == 0
