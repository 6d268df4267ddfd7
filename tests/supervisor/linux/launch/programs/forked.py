"""A fork while a thread starts a program: it has no end of that sandbox's, nor of the server's."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nono


def ends():
    """Sockets, pipes and what counts as such, by what they refer to."""
    found = set()
    for each in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{each}"))
        except OSError:
            pass
    return {each for each in found if each.startswith(("socket:", "pipe:"))}


def until(condition):
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)


def start(box):
    with box.start(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        program.stdin.write(b"said")
        program.stdin.close()
        print(program.wait(), program.stdout.read())


def underway():
    """Two pipes, whose ends are one to readlink(2), and two ends of a socket pair are open."""
    return len(ends() - before) == 4


policy = nono.Policy()
with nono.Sandbox(policy) as box:
    box.run(["true"])
    (server,) = children(os.getpid())
    os.kill(server, signal.SIGSTOP)
    before = ends()
    thread = threading.Thread(target=start, args=(box,))
    thread.start()
    until(underway)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        mine = {f"pipe:[{os.fstat(reader).st_ino}]"}
        print(sorted(ends() - before - mine), flush=True)
        os.read(reader, 1)
        os._exit(0)
    # The server ends with its connection, though a fork of this process goes on.
    os.kill(server, signal.SIGCONT)
    thread.join()
from nono.supervisor.linux.launch.fork_server import SERVER

for each in (SERVER._in_c, SERVER._in_python):
    each._close()
until(lambda: Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
print("the server has ended")
os.close(writer)
os.waitpid(pid, 0)
