"""The library when things end early: cancelled anywhere, killed from outside."""

from pathlib import Path

import pytest

from tests.conftest import Account
from tests.supervisor.session.library import program

pytestmark = pytest.mark.requires(landlock=6)


def test_cancelled_at_any_moment(as_user: Account, project: Path) -> None:
    """From before the fork to after the end, the program and its daemon are gone afterwards."""
    text = """
DAEMON = "setsid sh -c 'while :; do : > alive; done' & sleep 1000"
async def main():
    async with open_sandbox(policy) as box:
        await box.run(["true"])
        for number in range(40):
            with trio.move_on_after(number * 0.0015) as scope:
                await box.run(["sh", "-c", DAEMON], capture_output=True, input=b"x")
            assert scope.cancelled_caught
            await_that(lambda: len(below(os.getpid())) == 1)
        assert (await box.run(["true"])).returncode == 0
trio.run(main)
assert not [thread for thread in threading.enumerate() if thread.name == "nono-loop"]
"""
    program(as_user, project, text)


def test_cancelled_while_calls_wait(as_user: Account, project: Path) -> None:
    """Nobody ever opens the other ends; calls may arrive while the run is being ended."""
    text = """
OPENERS = '''
import os, threading
os.path.exists("fifo") or os.mkfifo("fifo")
for number in range(60):
    threading.Thread(target=os.open, args=("fifo", os.O_WRONLY)).start()
'''
async def main():
    async with open_sandbox(policy) as box:
        with trio.move_on_after(1):
            await box.run([PYTHON, "-S", "-c", OPENERS])
        fds = len(os.listdir("/proc/self/fd"))
        async with trio.open_nursery() as nursery:
            for number in range(30):
                async def one(number=number):
                    with trio.move_on_after(0.02 + number * 0.004) as scope:
                        await box.run([PYTHON, "-S", "-c", OPENERS])
                    assert scope.cancelled_caught
                if number % 3 == 2:
                    await one()
                else:
                    nursery.start_soon(one)
        assert len(os.listdir("/proc/self/fd")) == fds
trio.run(main)
await_that(lambda: len(below(os.getpid())) == 1)
"""
    program(as_user, project, text)


DAEMONS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        break
open(f"up-{os.getpid()}", "w").close()
time.sleep(1000)
"""


def test_an_init_that_is_killed(as_user: Account, project: Path) -> None:
    """One of two: its processes end, and the other does not notice."""
    text = f"""
DAEMONS = {DAEMONS!r}
async def broken(box):
    try:
        await box.run([PYTHON, "-S", "-c", DAEMONS])
    except BrokenError as error:
        print(error)

async def main():
    async with open_sandbox(policy) as box, open_sandbox(policy) as other:
        await box.run(["true"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(broken, box)
            while len([name for name in os.listdir(".") if name.startswith("up-")]) < 4:
                await trio.sleep(0.01)
            (init,) = [pid for pid, parent in parents().items() if parent == server()]
            nursery.start_soon(other.run, ["sh", "-c", ": > ready; read line < fifo; : > read"])
            while not os.path.exists("ready"):
                await trio.sleep(0.01)
            os.kill(init, signal.SIGKILL)
            while len(below(os.getpid())) > 3:  # fork server, the other's init and shell
                await trio.sleep(0.01)
            with open("fifo", "w") as fifo:
                fifo.write("go\\n")
        assert os.path.exists("read")
        assert (await box.run(["true"])).returncode == 0
os.mkfifo("fifo")
trio.run(main)
"""
    done = program(as_user, project, text)
    assert done.stdout == "the sandbox's init was killed, and every process with it\n"


def test_a_fork_server_that_is_killed(as_user: Account, project: Path) -> None:
    """What runs goes on, and the next run starts another server."""
    text = """
async def main():
    async with open_sandbox(policy) as box, trio.open_nursery() as nursery:
        async def running():
            done = await box.run(["sh", "-c", ": > ready; cat fifo"], capture_output=True)
            assert (done.returncode, done.stdout) == (0, b"go\\n")
        nursery.start_soon(running)
        while not os.path.exists("ready"):
            await trio.sleep(0.01)
        killed = server()
        os.kill(killed, signal.SIGKILL)
        while state_of(killed) not in ("Z", ""):
            await trio.sleep(0.01)
        assert (await box.run(["echo", "again"], capture_output=True)).stdout == b"again\\n"
        with open("fifo", "w") as fifo:
            fifo.write("go\\n")
os.mkfifo("fifo")
trio.run(main)
"""
    program(as_user, project, text)


def test_a_program_that_is_killed_takes_its_sandboxes_along(
    as_user: Account, project: Path
) -> None:
    text = f"""
DAEMONS = {DAEMONS!r}
pid = os.fork()
if pid == 0:
    run([PYTHON, "-S", "-c", DAEMONS], policy)
await_that(lambda: len([name for name in os.listdir(".") if name.startswith("up-")]) == 4)
every = below(os.getpid())
assert len(every) >= 7  # the program, its fork server, the init, four processes
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
await_that(lambda: not set(every) & set(parents()))
"""
    program(as_user, project, text)
