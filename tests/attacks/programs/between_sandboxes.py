"""Two sandboxes and somebody outside: who reaches the servers of the first one.

Arguments: the command that starts nono. It is itself what runs in both: with `serve` the servers,
with `visit`, an address of this machine's own and ports what comes to them.
"""

import contextlib
import json
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from .attempt import arguments, attempt

HOSTS = (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")
NEAR = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
FILTERED = "--allow-domain=allowed.example"
SECONDS = 5


def serve() -> None:
    """On every address, as programs do without thinking; say the ports, and then who came."""
    servers = [socket.create_server((host, 0), family=family) for family, host in HOSTS]
    with socket.socket() as unbound:
        unbound.listen()
        datagrams = [socket.socket(family, socket.SOCK_DGRAM) for family, _ in HOSTS]
        for sock, (_, host) in zip(datagrams, HOSTS, strict=True):
            sock.bind((host, 0))
        servers.append(unbound)
        ports = {
            "asked": [sock.getsockname()[0] for sock in (*servers, *datagrams)],
            "tcp": [sock.getsockname()[1] for sock in servers],
            "udp": [sock.getsockname()[1] for sock in datagrams],
        }
        print(json.dumps(ports), flush=True)
        for word in sys.stdin:
            came = select.select([*servers, *datagrams], [], [], 0)[0]
            print(json.dumps([word.strip(), len(came)]), flush=True)
            for sock in came:
                sock.accept()[0].close() if sock in servers else sock.recv(99)


def visit(name: str, own: str, tcp: list[int], udp: list[int]) -> None:
    """Every port, at every address under which it could be."""
    for port in tcp:
        for host in ("127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", own, f"::ffff:{own}"):
            attempt(f"{name}: {host} {port}", lambda h=host, p=port: reach(h, p))
    for port in udp:
        for family, host in ((2, "127.0.0.1"), (2, own), (10, "::1"), (10, f"::ffff:{own}")):
            with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.sendto(b"secret", (host, port))


def reach(host: str, port: int) -> object:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        sock.settimeout(SECONDS)
        sock.connect((host, port))
        return sock.getpeername()[1]


def own_address() -> str:
    """Where packets for other machines would come from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


@contextlib.contextmanager
def serving(nono: list[str]) -> Iterator["subprocess.Popen[str]"]:
    command = [*nono, FILTERED, "--", sys.executable, "-m", __spec__.name, "serve"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        yield process


def main() -> None:
    role, *words = arguments()
    if role == "serve":
        serve()
        return
    if role == "visit":
        visit(words[0], words[1], json.loads(words[2]), json.loads(words[3]))
        return
    nono, own = [role, *words], own_address()
    print("own", own, sep="\t")
    with serving(nono) as process:
        assert process.stdin and process.stdout
        ports = json.loads(process.stdout.readline())
        print("asked", ports["asked"], sep="\t", flush=True)
        visitor = ["--", sys.executable, "-m", __spec__.name, "visit"]
        told = [own, json.dumps(ports["tcp"]), json.dumps(ports["udp"])]
        opened = [f"--open-port={port}" for port in ports["tcp"]]
        for name, command in (
            ("closed", [*nono, FILTERED, *visitor]),
            ("opened", [*nono, FILTERED, *opened, *visitor]),
            ("outside", visitor[1:]),
        ):
            subprocess.run([*command, name, *told])
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
            print("came", process.stdout.readline().strip(), sep=f" {name}\t", flush=True)
        process.stdin.close()


if __name__ == "__main__":
    main()
