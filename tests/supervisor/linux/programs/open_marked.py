"""Open files, some of them while nono is stopped. Arguments: one to read, and a refused one."""

import os
import subprocess
import sys

readable, refused = sys.argv[1:]


def said(path: str, flags: int = os.O_RDONLY) -> str:
    try:
        fd = os.open(path, flags, 0o600)
    except OSError as error:
        return error.strerror or ""
    try:
        return os.read(fd, 100).decode() if not flags else "written" * bool(os.write(fd, b"x"))
    finally:
        os.close(fd)


print("LD_PRELOAD" in os.environ, flush=True)
sys.stdin.readline()
print(said(readable), said("no-such-file"), flush=True)
sys.stdin.readline()
print(said(refused), said(refused), said("made", os.O_CREAT | os.O_WRONLY), said("made"))
print("Name" in said("/proc/self/status"), bool(os.listdir("/proc/self/fd")), flush=True)
cat = ("/bin/cat", readable)
for env in ({}, {"LD_PRELOAD": ""}, {"LD_PRELOAD": os.environ["LD_PRELOAD"] + ":/no/such.so"}):
    done = subprocess.run(cat, env=env, capture_output=True, text=True)
    print(done.stdout, "no/such.so" in done.stderr, flush=True)
