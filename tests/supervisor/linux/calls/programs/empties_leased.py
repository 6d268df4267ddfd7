"""Empty a file that was made after the start and that a lease is on; its holder gives it up."""

import fcntl
import os
import signal
import sys

print("ready", flush=True)
sys.stdin.readline()
file = os.open("leased", os.O_RDONLY)
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    os.read(reading, 1)
    for name in ("other", "other", "leased"):  # the first change is never the lane's
        os.close(os.open(name, os.O_WRONLY | os.O_TRUNC))
    os._exit(0)
signal.signal(signal.SIGIO, lambda *_: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK))
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
os.write(writing, b"x")
print(os.waitpid(child, 0)[1], os.stat("leased").st_size)
