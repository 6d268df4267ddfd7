"""What was running ends with its init and with nobody else's; a server that was killed is replaced."""

import os
import signal
import sys
from pathlib import Path

import trio

from nono.supervisor import BrokenError, Options, make_plan, open_sandbox
from nono.supervisor.linux.processes import state_of

PYTHON = "/usr/bin/python3"
LEFT = """
import os, time
for number in range(6):
    if os.fork() == 0:
        os.setsid()
        if number % 2 and os.fork():
            os._exit(0)
        open(f"up-{number}", "w").close()
        time.sleep(1000)
time.sleep(1000)
"""
policy = make_plan(Options(allow_cwd=True), [PYTHON]).policy


async def until(condition):
    with trio.fail_after(30):
        while not condition():
            await trio.sleep(0.01)


async def broken(box):
    try:
        await box.run([PYTHON, "-S", "-c", LEFT])
    except BrokenError as error:
        print(error)


async def main():
    async with open_sandbox(policy) as box, open_sandbox(policy) as other:
        await box.run(["true"])
        (server,) = children(os.getpid())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(broken, box)
            await until(lambda: len(list(Path().glob("up-*"))) == 6)
            (init,) = children(server)
            nursery.start_soon(other.run, ["sh", "-c", ": > ready; read line < fifo; : > read"])
            await until(Path("ready").exists)
            os.kill(init, signal.SIGKILL)
            await until(lambda: len(children(server)) == 1)
            os.kill(server, signal.SIGKILL)
            await until(lambda: state_of(server) in ("Z", ""))
            done = await box.run(["echo", "again"], capture_output=True)
            assert done.stdout == b"again\n"
            await trio.to_thread.run_sync(lambda: Path("fifo").write_text("go\n"))
        assert Path("read").exists()
        (another,) = [each for each in children(os.getpid()) if each != server]
        assert another != server
        assert (await box.run(["true"])).returncode == 0


os.mkfifo("fifo")
trio.run(main)
