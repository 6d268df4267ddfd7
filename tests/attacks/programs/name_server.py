"""The sandbox's name server, from inside, and by somebody whom it is not for.

Arguments: `use` and a directory, where the address of the server is written and `go` is waited
for; or `ask` and a port.
"""

import os
import random
import socket
import time
from pathlib import Path

from .attempt import arguments, attempt

SECONDS = 10
QUERY = (
    bytes.fromhex("001d123401000001000000000000") + b"\x05other\x04test\x00" + b"\x00\x01\x00\x01"
)


def ask(address: tuple[str, int], source: int = 0) -> object:
    """What it answers. Raises OSError when that is nothing."""
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    with sock:
        sock.settimeout(SECONDS)
        if source:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("127.0.0.1", source))
        sock.connect(address)
        sock.sendall(len(QUERY[2:]).to_bytes(2, "big") + QUERY[2:])
        if not (answer := sock.recv(4096)):
            raise ConnectionResetError(104, "closed")
        return answer


def use(directory: str) -> None:
    here = Path(directory)
    attempt("own: look-up", lambda: socket.gethostbyname("first.example"))
    attempt("own: IPv6 socket", lambda: ask(("::ffff:127.0.0.1", 53)))
    # A port that the system gives nobody by itself: another has to get it afterwards.
    here_at = ("127.0.0.1", random.randrange(12000, 18000))
    with socket.create_connection(("127.0.0.1", 53), source_address=here_at) as sock:
        (here / "server.new").write_text(f"{sock.getpeername()[1]} {sock.getsockname()[1]}")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    (here / "server.new").rename(here / "server")
    while not (here / "go").exists():
        time.sleep(0.005)
    attempt("own: later", lambda: socket.gethostbyname("later.example"))
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(("127.0.0.1", 53))
    sock.settimeout(SECONDS)
    sock.sendall(len(QUERY[2:]).to_bytes(2, "big") + QUERY[2:])
    attempt("own: not blocking", lambda: sock.recv(4096))


def main() -> None:
    what, word = arguments()
    if what == "use":
        use(word)
        return
    os.umask(0)
    for number in range(8):
        attempt(f"ask {number}", lambda: ask(("127.0.0.1", int(word))))


if __name__ == "__main__":
    main()
