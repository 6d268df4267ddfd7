"""A program that starts nono again and again, each time in a fork of itself.

    python -P -c TEXT SOCKET

Its first children run nono and tell which modules that has loaded; what any run loads, and what
reads a command line that is not plain, is loaded here, and nothing of nono's is ever run here. So a
child is as far as `python -P -m nono.supervisor` is once it has loaded that. Each request is a
message of JSON with four descriptors: the three streams and a pipe, which is told the child's pid
and later how it ended.

Needs nothing but nono: an account of the tests gets the text, and may be unable to read the file.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import socket
import sys
from typing import Any

from nono.supervisor.cli import main as command

CANNOT = "cannot"
MAX_MESSAGE = 100_000
"""Bytes: a packet of a socket of the kernel's own size holds twice as many."""
_UMASK = 0o022
_MAIN = os.path.join(os.path.dirname(os.path.dirname(command.__file__)), "__main__.py")


def serve(requests: socket.socket) -> dict[str, Any] | None:
    """Start one child after another. Returns in a child, with what it is to do; None: the end."""
    children: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as ready:
        ready.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is requests:
                    text, descriptors, *_ = socket.recv_fds(requests, MAX_MESSAGE, 4)
                    if not text:
                        return None
                    *streams, told = descriptors
                    pid = os.fork()
                    if not pid:
                        return _become(json.loads(text), streams, told)
                    for each in streams:
                        os.close(each)
                    _tell(told, pid)
                    pidfd = os.pidfd_open(pid)
                    children[pidfd] = (pid, told)
                    ready.register(pidfd, selectors.EVENT_READ)
                else:
                    ready.unregister(key.fd)
                    pid, told = children.pop(key.fd)
                    _tell(told, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    os.close(told)
                    os.close(key.fd)


def _tell(told: int, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody waits for it any more
        os.write(told, f"{number}\n".encode())


def _become(wanted: dict[str, Any], streams: list[int], told: int) -> dict[str, Any]:
    """Be what subprocess would make: a session of its own, these streams and no others."""
    try:
        os.chdir(wanted["cwd"])
    except OSError:
        os.write(told, f"{CANNOT}\n".encode())
        os._exit(1)
    os.setsid()
    for number, each in enumerate(streams):
        os.dup2(each, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    return wanted


def start(wanted: dict[str, Any]) -> None:
    """Be nono, started with those words. Ends the process."""
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.path[:0] = command._SEARCHED[:0] = wanted["searched"]
    sys.argv[:] = [_MAIN, *wanted["arguments"]]
    sys.orig_argv[:] = [sys.executable, "-P", "-m", "nono.supervisor", *wanted["arguments"]]
    # What it loads says nothing about what a start of its kind does: none is told of it.
    sys.dont_write_bytecode = True
    command.main()


def _of(*arguments: str) -> list[str]:
    """The modules that nono has loaded when it ends."""
    read, write = os.pipe()
    if not os.fork():
        ended = command._end_at_once

        def told(code: int) -> None:
            os.write(write, "\n".join(sys.modules).encode())
            ended(code)

        command._end_at_once = told
        start({"environment": dict(os.environ), "searched": [], "arguments": arguments})
    os.close(write)
    with open(read, encoding="utf-8") as pipe:
        names = pipe.read().split()
    os.wait()
    return names


def _reads_words(name: str) -> bool:
    return name.startswith("nono.supervisor.cli.") or not name.startswith("nono.")


def main() -> None:
    requests = socket.socket(fileno=int(sys.argv[1]))
    os.umask(_UMASK)
    reads_words = filter(_reads_words, _of("why", "--path", "/"))
    for name in (*_of("run", "--", "true"), *reads_words):
        importlib.import_module(name)
    gc.freeze()
    wanted = serve(requests)
    if wanted is not None:
        requests.detach()
        start(wanted)


if __name__ == "__main__":
    main()
