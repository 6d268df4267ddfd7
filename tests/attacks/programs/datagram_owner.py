"""Use the rights of whoever owns the network that a datagram socket is in, and leave that network.

The user namespace around it was made by the same user, who has every capability over it. With the
argument `own` the sockets are made so here, to show what the kernel allows; then no process of
others is tried.
"""

import array
import ctypes
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt, call

Made = tuple[str, Callable[[], object]]
NEW_USER, NEW_NET = 0x10000000, 0x40000000
GET_NAMESPACE = 0x894C  # SIOCGSKNS
USER_NAMESPACE, PARENT_NAMESPACE = 0xB701, 0xB702
IP_PKTINFO = 8
PIDFD_NAMESPACES = range(0xFF01, 0xFF0B)
HIGH = 1 << 32
NAMESPACES = ("net", "user", "mnt", "pid", "pid_for_children", "uts", "ipc", "cgroup", "time")
REQUESTS = {
    "SIOCADDRT": 0x890B,
    "SIOCSIFFLAGS": 0x8914,
    "SIOCSIFADDR": 0x8916,
    "SIOCSIFMTU": 0x8922,
    "SIOCSIFNAME": 0x8923,
    "SIOCSARP": 0x8955,
    "SIOCBRADDBR": 0x89A0,
    "SIOCDEVPRIVATE": 0x89F0,
}
SET = {
    socket.AF_INET: (0, (16, 17, 64, 65, 96, 97, 128, 200, 1152)),
    socket.AF_INET6: (41, (34, 35, 64, 65, 128, 200)),
}
GET = {
    socket.AF_INET: (0, (64, 65, 66, 67, 96, 97, 98, 99, 128, 1152)),
    socket.AF_INET6: (41, (64, 65, 68, 69, 128, 200)),
}


def handed_over(family: int) -> socket.socket:
    """One as nono makes it, by a process in namespaces of its own."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        call("unshare", NEW_USER | NEW_NET)
        with socket.socket(family, socket.SOCK_DGRAM) as made:
            socket.send_fds(theirs, [b"\0"], [made.fileno()])
        os._exit(0)
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    os.wait()
    return socket.socket(fileno=fds[0])


def request(sock: socket.socket, number: int) -> int:
    buffer = ctypes.create_string_buffer(b"lo".ljust(16, b"\0") + b"\1".ljust(112, b"\0"))
    return call("ioctl", sock.fileno(), number, buffer)


def entered(namespace: int) -> object:
    """What a namespace's descriptor leads to: it, its owner, and being in them."""
    try:
        held = [namespace]
        for number in (USER_NAMESPACE, PARENT_NAMESPACE):
            try:
                held.append(call("ioctl", namespace, number, 0))
            except OSError:
                continue
        return [os.readlink(f"/proc/self/fd/{fd}") for fd in held if call("setns", fd, 0) == 0]
    finally:
        os.close(namespace)


def administered(sock: socket.socket) -> Iterator[Made]:
    level, options = SET[sock.family]
    for name, number in REQUESTS.items():
        for high in (0, HIGH):
            yield f"request {name} {high:x}", lambda n=number | high: request(sock, n)
    for option in options:
        for high in (0, HIGH):
            words = (level | high, option | high, bytes(300), 300)
            yield (
                f"set {option} {high:x}",
                lambda w=words: call("setsockopt", sock.fileno(), *w),
            )
    level, options = GET[sock.family]
    for option in options:
        asked = (level, option, ctypes.create_string_buffer(300), struct.pack("=i", 300))
        yield f"get {option}", lambda w=asked: call("getsockopt", sock.fileno(), *w)


def left(sock: socket.socket) -> Iterator[Made]:
    """The namespace by the socket, from everywhere."""
    for high in (0, HIGH, 1 << 63):
        yield f"by the socket {high:x}", lambda h=high: request(sock, GET_NAMESPACE | h)
    yield "by a thread", lambda: in_a_thread(lambda: request(sock, GET_NAMESPACE))
    yield "by a child", lambda: in_a_child(lambda: request(sock, GET_NAMESPACE))
    yield "by whom it is passed to", lambda: passed(sock)


def own_namespaces() -> Iterator[Made]:
    for name in NAMESPACES:
        path = f"/proc/self/ns/{name}"
        yield f"own {name}", lambda p=path: entered(os.open(p, os.O_RDONLY | os.O_CLOEXEC))
    yield "unshare", lambda: call("unshare", NEW_USER | NEW_NET)
    yield "clone", lambda: call("clone", NEW_USER | NEW_NET | signal.SIGCHLD, 0, 0, 0, 0)


def in_a_thread(attack: Callable[[], object]) -> object:
    said: list[object] = []

    def run() -> None:
        try:
            said.append(attack())
        except OSError as error:
            said.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(said[0], OSError):
        raise said[0]
    return said[0]


def in_a_child(attack: Callable[[], object]) -> object:
    child = os.fork()
    if child == 0:
        try:
            attack()
        except OSError as error:
            os._exit(error.errno or 255)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))
    return "a child"


def passed(sock: socket.socket) -> object:
    ours, theirs = socket.socketpair()

    def receive() -> object:
        fds = array.array("i", bytes(4))
        _, ancillary, _, _ = theirs.recvmsg(1, socket.CMSG_SPACE(4))
        fds.frombytes(ancillary[0][2])
        with socket.socket(fileno=fds[-1]) as received:
            return request(received, GET_NAMESPACE)

    socket.send_fds(ours, [b"\0"], [sock.fileno()])
    return in_a_child(receive)


def maker(before: int, after: int) -> Iterator[Made]:
    """Whoever made the sockets: a process between these two, and of the same user."""
    for pid in range(before + 1, after):
        yield f"{pid} pidfd", lambda p=pid: by_pidfd(p)
        yield f"{pid} setns", lambda p=pid: call("setns", os.pidfd_open(p), NEW_USER | NEW_NET)
        yield f"{pid} memory", lambda p=pid: os.open(f"/proc/{p}/mem", os.O_RDONLY)
        yield f"{pid} signal", lambda p=pid: os.kill(p, 0)
        yield f"{pid} trace", lambda p=pid: call("ptrace", 0x4206, p, 0, 0)
        for name in ("net", "user"):
            path = f"/proc/{pid}/ns/{name}"
            yield f"{pid} {name}", lambda p=path: os.open(p, os.O_RDONLY)
            yield f"{pid} {name} link", lambda p=path: os.readlink(p)


def by_pidfd(pid: int) -> object:
    """Every namespace that a pidfd gives. Raises the last refusal when there is none."""
    held = os.pidfd_open(pid)
    given: list[int] = []
    refused = OSError(0, "nothing was tried")
    for number in PIDFD_NAMESPACES:
        try:
            given.append(call("ioctl", held, number, 0))
        except OSError as error:
            refused = error
    os.close(held)
    if not given:
        raise refused
    return given


def sent(sock: socket.socket, host: str, port: int) -> None:
    """To a service of the machine's, in every way; whether it came is the service's to say."""
    where = (f"::ffff:{host}" if sock.family == socket.AF_INET6 else host, port)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for way in (
        lambda: sock.sendto(b"secret", where),
        lambda: sock.sendto(b"secret", ("127.255.255.255", port)),
        lambda: sock.sendmsg([b"secret"], [(0, IP_PKTINFO, struct.pack("=i8x", 1))], 0, where),
        lambda: (sock.connect(where), sock.send(b"secret")),
    ):
        try:
            way()
        except OSError:
            continue


def interface(sock: socket.socket) -> list[bytes]:
    """`lo`: flags, address, size of packets, index."""
    name = b"lo".ljust(40, b"\0")
    found = []
    for number in (0x8913, 0x8915, 0x8921, 0x8933):
        buffer = ctypes.create_string_buffer(name, 40)
        call("ioctl", sock.fileno(), number, buffer)
        found.append(buffer.raw[16:])
    return found


def main() -> None:
    host, port, *own = arguments()
    made = handed_over if own else lambda family: socket.socket(family, socket.SOCK_DGRAM)
    sockets = [made(family) for family in (socket.AF_INET, socket.AF_INET6)]
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    before = None if own else interface(sockets[0])
    for sock in sockets:
        for name, attack in administered(sock):
            attempt(f"administer: {sock.family:d} {name}", attack)
        for name, attack in left(sock):
            attempt(f"leave: {sock.family:d} {name}", attack)
    if not own:
        for name, attack in own_namespaces():
            attempt(f"enter: {name}", attack)
        for name, attack in maker(os.getpid(), child):
            attempt(f"maker: {name}", attack)
        for sock in sockets:
            sent(sock, host, int(port))
        print("interface", interface(sockets[0]) == before, sep="\t")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
