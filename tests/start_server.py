"""A program that starts nono again and again, each time in a fork of itself.

    python -P -c TEXT SOCKET command|library

Its first children run nono and tell which modules that has loaded; what any run loads, and what
reads a command line that is not plain, is loaded here, and nothing of nono's is ever run here. So a
child is as far as `python -P -m nono.supervisor` is once it has loaded that; or as far as
`python -P -c` is with a program that has begun to use the library. Each request is a message of
JSON with four descriptors: the three streams and a pipe, which is told the child's pid and later
how it ended.

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
import types
from collections.abc import Callable
from typing import Any

CANNOT = "cannot"
MAX_MESSAGE = 100_000
"""Bytes: a packet of a socket of the kernel's own size holds twice as many."""
_UMASK = 0o022


_OF_KEPT_STARTS = "nono.supervisor.session.kept_objects"


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
    """Be what is wanted: a program of Python's, or nono, started with those words."""
    os.environ.clear()
    os.environ.update(wanted["environment"])
    if wanted["program"] is None:
        be_the_command(wanted["arguments"], wanted["searched"])
    else:
        be_a_host(wanted["program"], wanted["arguments"], wanted["searched"])


def be_the_command(arguments: list[str], searched: list[str]) -> None:
    """Ends the process."""
    from nono.supervisor.cli import main

    # What it loads says nothing about what a start of its kind does: none is told of it.
    sys.dont_write_bytecode = True
    sys.path[:0] = main._SEARCHED[:0] = searched
    room = os.path.dirname(os.path.dirname(main.__file__))
    sys.argv[:] = [os.path.join(room, "__main__.py"), *arguments]
    sys.orig_argv[:] = [sys.executable, "-P", "-m", "nono.supervisor", *arguments]
    main.main()


def be_a_host(program: str, arguments: list[str], searched: list[str]) -> None:
    """It ends as any program of Python's does."""
    sys.path[:0] = searched
    sys.argv[:] = ["-c", *arguments]
    sys.orig_argv[:] = [sys.executable, "-P", "-c", program, *arguments]
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=__builtins__, __annotations__={})
    sys.modules["__main__"] = main
    exec(compile(program, "<string>", "exec"), main.__dict__)


def _of(run: Callable[[Callable[[], None]], None]) -> list[str]:
    """The modules that are loaded when this tells so, and ends."""
    read, write = os.pipe()
    if not os.fork():
        run(lambda: _tell_modules(write))
        os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as pipe:
        names = pipe.read().split()
    os.wait()
    return names


def _tell_modules(told: int) -> None:
    os.write(told, "\n".join(sys.modules).encode())


def _of_command(*arguments: str) -> list[str]:
    """The modules that nono has loaded when it ends."""

    def run(tell: Callable[[], None]) -> None:
        from nono.supervisor.cli import main

        ended = main._end_at_once

        def told(code: int) -> None:
            tell()
            ended(code)

        main._end_at_once = told
        os.environ["NONO_KEPT_START"] = "no"  # what makes policies is a part of it
        be_the_command([*arguments], [])

    return _of(run)


def _of_library() -> list[str]:
    """What a program has loaded that uses the public names, and has opened a sandbox."""

    def run(tell: Callable[[], None]) -> None:
        import nono
        from nono import supervisor
        from nono.supervisor.session import loaded

        for face in (nono, supervisor):
            for name in face.__all__:
                getattr(face, name)
        loaded.load_everything()
        tell()

    return _of(run)


def _reads_words(name: str) -> bool:
    return name.startswith("nono.supervisor.cli.") or not name.startswith("nono.")


def _what_any_loads(kind: str) -> list[str]:
    if kind == "library":
        return _of_library()
    reads_words = filter(_reads_words, _of_command("why", "--path", "/"))
    return [*_of_command("run", "--", "true"), *reads_words, _OF_KEPT_STARTS]


def main() -> None:
    requests = socket.socket(fileno=int(sys.argv[1]))
    os.umask(_UMASK)
    for name in _what_any_loads(sys.argv[2]):
        importlib.import_module(name)
    gc.freeze()
    wanted = serve(requests)
    if wanted is not None:
        requests.detach()
        start(wanted)


if __name__ == "__main__":
    main()
