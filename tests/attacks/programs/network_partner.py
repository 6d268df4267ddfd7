"""The other side of attacks on the network: a partner that also has servers, and gives sockets away."""

import array
import contextlib
import socket
import threading

from . import partner

_SERVERS: dict[int, socket.socket] = {}
_MPTCP = 262


def serve(host: str, port: int = 0, share: bool = False) -> int:
    """Give the secret to whoever connects; the port. `share` sets SO_REUSEPORT."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.create_server((host, port), family=family, backlog=1024, reuse_port=share)
    number: int = server.getsockname()[1]
    _SERVERS[number] = server
    threading.Thread(target=_give_the_secret, args=(server,), daemon=True).start()
    return number


def _give_the_secret(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, peer = server.accept()
            partner.TALKED.append(str(peer))
            with client, contextlib.suppress(OSError):
                client.send(partner.SECRET.encode())


def visit(host: str, port: int, times: int) -> int:
    """Connect as a client of its own does; how often the secret came back, and not something else."""
    found = 0
    for _ in range(times):
        with socket.create_connection((host, port)) as client, contextlib.suppress(OSError):
            found += client.recv(100) == partner.SECRET.encode()
    partner.TALKED.clear()
    return found


def hand_over(path: str) -> None:
    """Give sockets of this process to whoever connects to a unix socket: TCP, MPTCP, UDP."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    partner.KEPT.append(server)

    def give() -> None:
        client, _ = server.accept()
        kinds = ((socket.SOCK_STREAM, 0), (socket.SOCK_STREAM, _MPTCP), (socket.SOCK_DGRAM, 0))
        made = [socket.socket(socket.AF_INET, *kind) for kind in kinds]
        fds = array.array("i", [each.fileno() for each in made])
        client.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        partner.KEPT.append(client)

    threading.Thread(target=give, daemon=True).start()


def netlink() -> int:
    """A netlink socket that listens to a group; its address."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    sock.bind((0, 1))
    sock.setblocking(False)
    partner.KEPT.append(sock)
    _NETLINK.append(sock)
    number: int = sock.getsockname()[0]
    return number


_NETLINK: list[socket.socket] = []


def heard() -> list[str]:
    """What came to the netlink socket from other processes (the kernel's own address is 0)."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            data, (sender, _) = _NETLINK[0].recvfrom(1 << 16)
            if sender:
                found.append(data.hex())
    return found


partner.COMMANDS += (serve, visit, hand_over, netlink, heard)

if __name__ == "__main__":
    partner.main()
