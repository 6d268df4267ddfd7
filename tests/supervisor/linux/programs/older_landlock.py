"""What works inside as on a newer kernel: signals to one's own, truncating, sockets; one line each.

Argument: a process outside. Printed: a name, a tab, what came of it.
"""

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

OUTSIDE = int(sys.argv[1])
USR1, TERM = signal.SIGUSR1, signal.SIGTERM
SLEEP = ["/usr/bin/sleep", "600"]
libc = ctypes.CDLL(None, use_errno=True)


def told(name, what):
    try:
        print(name, what(), sep="\t", flush=True)
    except OSError as error:
        print(name, error.strerror, sep="\t", flush=True)


def call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def child(**options):
    return subprocess.Popen(SLEEP, **options)


def ends(send, **options):
    started = child(**options)
    send(started.pid)
    return signal.Signals(-started.wait()).name


def by_pidfd(pid):
    signal.pidfd_send_signal(os.pidfd_open(pid), TERM)


def queued(pid):
    info = struct.pack("=iii", TERM, 0, -1) + bytes(116)
    call(SIGQUEUEINFO, pid, int(TERM), info)


SIGQUEUEINFO = 129 if os.uname().machine == "x86_64" else 138
TKILL = 200 if os.uname().machine == "x86_64" else 130

heard = []
signal.signal(USR1, lambda number, frame: heard.append(number))


def hears(send):
    heard.clear()
    send()
    return len(heard)


def group():
    """A shell's job: all of the group at once, and nobody else."""
    job = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 600 & sleep 600 & echo $!; wait"],
        process_group=0,
        stdout=subprocess.PIPE,
    )
    job.stdout.readline()
    bystander = child()
    os.killpg(job.pid, TERM)
    # The pipe ends with the last of the group.
    left = job.stdout.read()
    stands = bystander.poll() is None
    bystander.kill()
    bystander.wait()
    return signal.Signals(-job.wait()).name, left, stands


def own_group():
    """kill(0): the caller is in the group as well."""
    script = "import os, signal, time; os.setpgid(0, 0); os.kill(0, 15); time.sleep(600)"
    return signal.Signals(-subprocess.run([sys.executable, "-c", script]).returncode).name


def everybody():
    others = [child() for _ in range(3)]
    os.kill(-1, TERM)
    return [signal.Signals(-each.wait()).name for each in others]


def thread():
    """pthread_kill is heard by the thread that it is for."""
    waiting = threading.Event()
    got = []

    def wait():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
        waiting.set()
        got.append(signal.sigwait({signal.SIGUSR2}))

    started = threading.Thread(target=wait)
    started.start()
    waiting.wait()
    signal.pthread_kill(started.ident, signal.SIGUSR2)
    started.join()
    return got == [signal.SIGUSR2]


def tkill():
    call(TKILL, threading.get_native_id(), int(USR1))


def asynchronous():
    """SIGIO for one's own pipe."""
    reader, writer = os.pipe()
    got = []
    signal.signal(signal.SIGIO, lambda number, frame: got.append(number))
    fcntl.fcntl(reader, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(writer, b"x")
    select.select([reader], [], [], 5)
    return len(got)


def others_hear():
    reader, _ = os.pipe()
    fcntl.fcntl(reader, fcntl.F_SETOWN, OUTSIDE)


def file(name="file"):
    with open(name, "w") as made:
        made.write("0123456789")
    return name


def truncated():
    os.truncate(file(), 4)
    return os.stat("file").st_size


def emptied():
    os.close(os.open(file(), os.O_RDONLY | os.O_TRUNC))
    return os.stat("file").st_size


def shortened():
    with open(file(), "r+") as opened:
        opened.truncate(3)
    return os.stat("file").st_size


def in_memory():
    fd = os.memfd_create("memory")
    os.truncate(f"/proc/self/fd/{fd}", 7)
    return os.fstat(fd).st_size


def unix():
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        name = os.path.abspath("own.socket")
        server.bind(name)
        server.listen()
        client.connect(name)
        return server.getsockname() == client.getpeername() == name


told("kill", lambda: ends(lambda pid: os.kill(pid, TERM)))
told("tkill of a process", lambda: ends(lambda pid: call(TKILL, pid, int(TERM))))
told("pidfd", lambda: ends(by_pidfd))
told("queued", lambda: ends(queued))
told("raise", lambda: hears(lambda: signal.raise_signal(USR1)))
told("self", lambda: hears(lambda: os.kill(os.getpid(), USR1)))
told("tkill", lambda: hears(tkill))
told("thread", thread)
told("group", group)
told("own group", own_group)
told("everybody", everybody)
told("asynchronous", asynchronous)
told("truncated", truncated)
told("emptied", emptied)
told("shortened", shortened)
told("in memory", in_memory)
told("unix", unix)
told("outside: kill", lambda: os.kill(OUTSIDE, 0))
told("outside: group", lambda: os.killpg(OUTSIDE, 0))
told("outside: owner", others_hear)
told("nobody: kill", lambda: os.kill(2**22 + 1, 0))
told("nobody: group", lambda: os.killpg(2**22 + 1, 0))
told("no signal", lambda: os.kill(os.getppid(), 99))
