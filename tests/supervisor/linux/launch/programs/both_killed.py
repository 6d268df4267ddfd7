"""An init is killed together with the server that would end what it leaves."""

import os
import signal
import sys
from pathlib import Path

import trio

from nono.supervisor import BrokenError, Options, make_plan, open_sandbox
from nono.supervisor.linux.processes import state_of

LEFT = "setsid sh -c 'echo $$ > left; exec sleep 1000' & while :; do sleep 1; done"
policy = make_plan(Options(allow_cwd=True), ["sh"]).policy


async def broken(box):
    try:
        await box.run(["sh", "-c", LEFT])
    except BrokenError as error:
        print(error)


async def main():
    async with open_sandbox(policy) as box, trio.open_nursery() as nursery:
        await box.run(["true"])
        (server,) = children(os.getpid())
        nursery.start_soon(broken, box)
        left = Path("left")
        with trio.fail_after(30):
            while not (left.exists() and left.read_text()):
                await trio.sleep(0.01)
        (init,) = children(server)
        os.kill(server, signal.SIGSTOP)
        os.kill(init, signal.SIGKILL)
        os.kill(server, signal.SIGKILL)
    pid = int(left.read_text())
    assert state_of(pid) not in ("Z", "")
    os.kill(pid, signal.SIGKILL)


trio.run(main)
