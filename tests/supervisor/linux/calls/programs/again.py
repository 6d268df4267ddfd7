"""Opens the same again and again: what is refused, and what is its own in /tmp. Starts in `work`."""

import fcntl
import itertools
import os
import subprocess
import sys

outside, shared = sys.argv[1:3]
TIMES = 5
READ, WRITE = os.O_RDONLY, os.O_WRONLY
own = f"{shared}-own"


def describe(path, flags):
    try:
        fd = os.open(path, flags, 0o600)
    except OSError as error:
        return f"errno {error.errno}"
    found = f"{fcntl.fcntl(fd, fcntl.F_GETFL):o} {fcntl.fcntl(fd, fcntl.F_GETFD)}"
    found += f" {os.fstat(fd).st_size} {os.readlink(f'/proc/self/fd/{fd}')}"
    if flags & os.O_ACCMODE != READ:
        os.write(fd, b"x")
    os.close(fd)
    return found


def again(what, *cases):
    for (path, flags), time in itertools.product(cases, range(TIMES)):
        print(what, path, f"{flags:o}", time, describe(path, flags), sep="\t")


REFUSED = [f"{outside}/{name}" for name in ("file", "denied", "to-denied", "sub-denied")]
REFUSED += ["carved/denied/file", "carved/denied", f"{shared}-other", "/etc/shadow", "/root"]
FLAGS = (READ, WRITE, os.O_RDWR | os.O_CREAT, READ | os.O_DIRECTORY, READ | os.O_NOFOLLOW)
again("refused", *itertools.product(REFUSED, FLAGS))
again("long", (f"{outside}/{'d' * 200}/{'f' * 100}", READ), ("", READ), ("missing", READ))
INSTEAD = ("/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts")
WAYS = (READ, READ | os.O_CLOEXEC, READ | os.O_CREAT, READ | os.O_NONBLOCK | os.O_APPEND, *FLAGS)
again("instead", *itertools.product(INSTEAD, WAYS))
if sys.argv[3:]:
    sys.exit()
again_by_another = [sys.executable, *sys.orig_argv[1:], "another"]
sys.stdout.flush()
subprocess.run(again_by_another, check=True)

with open(own, "x") as made:
    made.write("own")
again("own", *((own, flags) for flags in (READ, WRITE, WRITE | os.O_APPEND, WRITE | os.O_TRUNC)))
again("own, made", (own, os.O_RDWR | os.O_CREAT), (own, WRITE | os.O_CREAT | os.O_EXCL))
os.link(own, f"{own}-link")
again("link", (f"{own}-link", READ), (own, READ))
os.rename(f"{own}-link", f"{own}-moved")
again("moved", (f"{own}-link", READ), (f"{own}-moved", READ))
os.unlink(own)
again("gone", (own, READ), (f"{own}-moved", READ))
os.unlink(f"{own}-moved")
for _ in range(3):  # likely with the same inode number
    open(own, "x").close()
    again("another", (own, READ))
    os.unlink(own)
for target in (f"{outside}/file", f"{shared}-other", "file"):
    os.symlink(target, own)
    again("link to", (own, READ), (own, READ | os.O_NOFOLLOW))
    os.unlink(own)
os.mkdir(own)
again("directory", (own, READ), (own, WRITE), (own, READ | os.O_DIRECTORY))
os.rmdir(own)
os.mkfifo(own)
again("fifo", (own, os.O_RDWR))
os.unlink(own)
sys.stdout.flush()
child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    again("forked", *((path, READ) for path in REFUSED[:3]))
