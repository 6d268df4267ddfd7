"""Let somebody outside listen on a port of ours as well, after nono knows it for ours alone.

Argument: a directory to write in.
"""

import os
import socket
import threading
from collections.abc import Callable

from .attempt import arguments, attempt
from .outside import Outside

HOST = "127.0.0.1"
KNOWN_AFTER = 5
TIMES = 24
SECONDS = 10


def converse(made: socket.socket) -> bool:
    """A whole conversation with a server of ours."""
    with socket.create_connection(made.getsockname(), SECONDS) as client:
        accepted, _ = made.accept()
        with accepted:
            accepted.send(b"hello")
            return client.recv(16) == b"hello"


def set_option(made: socket.socket) -> None:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def set_by_a_thread(made: socket.socket) -> None:
    thread = threading.Thread(target=set_option, args=[made])
    thread.start()
    thread.join()


def set_by_a_child(made: socket.socket) -> None:
    child = os.fork()
    if child == 0:
        set_option(made)
        os._exit(0)
    os.waitpid(child, 0)


def shared(outside: Outside, share: Callable[[socket.socket], None]) -> None:
    """Who connects to our port gets one or the other, as the kernel chooses."""
    with socket.create_server((HOST, 0)) as made:
        assert all(converse(made) for _ in range(KNOWN_AFTER))
        share(made)
        outside.serve(*made.getsockname(), True)
        for number in range(TIMES):
            with socket.socket() as client:
                client.setblocking(not number % 2)
                attempt(f"{share.__name__} {number}", lambda c=client: reach(c, made))


def reach(client: socket.socket, made: socket.socket) -> object:
    try:
        client.connect(made.getsockname())
    except BlockingIOError:
        client.settimeout(SECONDS)
        client.send(b"x")
    return client.getpeername()


def main() -> None:
    (work,) = arguments()
    outside = Outside(work)
    for share in (set_option, set_by_a_thread, set_by_a_child):
        shared(outside, share)
    print("talked", outside.talked(), sep="\t")


if __name__ == "__main__":
    main()
