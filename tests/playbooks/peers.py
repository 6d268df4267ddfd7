"""Sockets of the caller's, and of others, for the playbooks of connect, bind and listen."""

import os
import socket
import struct

from tests.playbooks.scene import Scene

HERE = "127.0.0.1"


def inet(host: str, port: int) -> bytes:
    """A struct sockaddr_in: ip(7)."""
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(host))


def inet6(host: str, port: int) -> bytes:
    """A struct sockaddr_in6: ipv6(7)."""
    packed = socket.inet_pton(socket.AF_INET6, host)
    return struct.pack("=H", socket.AF_INET6) + struct.pack("!HI16sI", port, 0, packed, 0)


def unix(name: str | bytes) -> bytes:
    """A struct sockaddr_un: unix(7)."""
    return struct.pack("=H", socket.AF_UNIX) + os.fsencode(name)


def tcp(scene: Scene, *, blocks: bool = True) -> socket.socket:
    """A socket of the caller's."""
    sock = scene.hold(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    sock.setblocking(blocks)
    return sock


def stream(scene: Scene) -> socket.socket:
    """A unix socket of the caller's."""
    return scene.hold(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))


def server(scene: Scene) -> tuple[socket.socket, int]:
    """A listening socket, and its port, which the script calls PORT."""
    sock = scene.hold(socket.create_server((HERE, 0)))
    port: int = sock.getsockname()[1]
    scene.script.replaced[str(port)] = "PORT"
    return sock, port


def unix_server(scene: Scene, path: str, backlog: int = 5) -> socket.socket:
    """A listening unix socket. `path` is below the scene, which may be too deep for sun_path."""
    sock = scene.hold(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    directory = os.open((scene.top / path).parent, os.O_PATH)
    try:
        sock.bind(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
    finally:
        os.close(directory)
    sock.listen(backlog)
    return sock
