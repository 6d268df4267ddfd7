"""Makes processes and threads until it is refused, then tries each other way; tells what came.

`fork`, `double` (whose makers are gone at once) and `threads` fill up, one after the other: what one
has made is gone before the next begins.
"""
import ctypes
import errno
import os
import platform
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE, CLONE3, FORK, VFORK = {"x86_64": (56, 435, 57, 58), "aarch64": (220, 435, -1, -1)}[
    platform.machine()]
SIGCHLD, CLONE_VM, CLONE_PARENT, CLONE_VFORK, CLONE_NEWUSER = 17, 0x100, 0x8000, 0x4000, 0x10000000
MOST = 400


def raw(number, *arguments):
    made = LIBC.syscall(number, *[ctypes.c_long(each) for each in arguments])
    if made == 0:
        os._exit(0)
    return errno.errorcode[ctypes.get_errno()] if made < 0 else "made"


def fork(reader, writer):
    if os.fork() == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)


def double(reader, writer):
    child = os.fork()
    if child == 0:
        try:
            fork(reader, writer)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    if number := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise OSError(number, "")


def fill(way):
    """How many could be made before one was refused; then the pipe's end ends them."""
    reader, writer = os.pipe()
    made, why = 0, ""
    try:
        while made < MOST:
            way(reader, writer)
            made += 1
    except OSError as error:
        why = errno.errorcode[error.errno]
    print(way.__name__, made, why)
    if way is fork:
        others()
    os.close(writer)
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        os.close(reader)


def others():
    """Every other way is refused alike."""
    ways = {"clone": (CLONE, SIGCHLD), "vfork": (VFORK,), "raw": (FORK,), "clone3": (CLONE3, 0),
            "sibling": (CLONE, CLONE_PARENT | SIGCHLD), "lent": (CLONE, CLONE_VM | CLONE_VFORK | SIGCHLD),
            "namespace": (CLONE, CLONE_NEWUSER | SIGCHLD)}
    for name, (number, *arguments) in ways.items():
        if number >= 0:
            print(name, raw(number, *arguments, *[0] * (5 - len(arguments))))
    try:
        os.posix_spawn("/bin/true", ["true"], os.environ)
    except OSError as error:
        print("spawn", errno.errorcode[error.errno])


def threads():
    """What was an orphan is gone a moment later."""
    gate, made = threading.Event(), []
    for _ in range(500):
        try:
            threading.Thread(target=int).start()
            break
        except RuntimeError:
            time.sleep(0.01)
    try:
        while len(made) < MOST:
            made.append(threading.Thread(target=gate.wait))
            made[-1].start()
    except RuntimeError:
        print("threads", len(made) - 1)
    gate.set()


for way in (fork, double):
    fill(way)
threads()
sys.stdout.flush()
