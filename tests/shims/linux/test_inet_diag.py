"""What the kernel tells about TCP sockets, asked about real ones."""

import contextlib
import errno
import os
import re
import socket
import struct
from collections.abc import Iterator

import pytest

from nono.shims.linux import inet_diag, sock_diag
from nono.shims.linux.inet_diag import Listening, cookie_of, listening, state
from nono.shims.linux.sock_diag import cookie
from tests.shims.linux.forked import USERS, in_child

ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE_WAIT, LISTEN = 1, 2, 4, 5, 6, 8, 10
MANY, TOO_MANY = 100, 400
"""Listeners on one port: more than a first batch has room for, more than any batch."""

ipv6 = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="a machine without IPv6")
as_each_user = pytest.mark.parametrize("user", USERS)


def server(address: str, port: int = 0, **options: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, **options)


def port_of(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port


def ends(sock: socket.socket) -> tuple[inet_diag.End, inet_diag.End]:
    return sock.getsockname()[:2], sock.getpeername()[:2]


@contextlib.contextmanager
def connection(address: str, target: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection to a server on `address`, which stops listening."""
    with server(address) as listener:
        client = socket.create_connection((target, port_of(listener)))
        accepted, _ = listener.accept()
    with client, accepted:
        yield client, accepted


@as_each_user
@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "0.0.0.0"])
def test_ipv4(address: str, user: int) -> None:
    """Whoever asks, and whoever listens."""
    with server(address) as sock:
        assert listening(port_of(sock)) == [Listening(address, cookie(sock))]
        found = in_child(lambda: listening(port_of(sock)), user)
        assert found == [[address, cookie(sock)]]


@ipv6
@pytest.mark.parametrize("both", [False, True])
def test_ipv6(both: bool) -> None:
    with server("::", dualstack_ipv6=both) as sock:
        assert listening(port_of(sock)) == [Listening("::", cookie(sock))]
    with server("::1") as sock:
        assert listening(port_of(sock)) == [Listening("::1", cookie(sock))]


@ipv6
def test_an_ipv6_socket_on_an_ipv4_address() -> None:
    with server("::ffff:127.0.0.1", dualstack_ipv6=True) as sock:
        assert listening(port_of(sock)) == [Listening("127.0.0.1", cookie(sock))]


@ipv6
def test_everything_on_one_port() -> None:
    with contextlib.ExitStack() as held:
        first = held.enter_context(server("127.0.0.1"))
        port = port_of(first)
        others = [
            held.enter_context(server(each, port)) for each in ("127.0.0.2", "127.0.0.3", "::1")
        ]
        group = [held.enter_context(server("127.0.0.4", port, reuse_port=True)) for _ in range(4)]
        expected = {Listening(each.getsockname()[0], cookie(each)) for each in others + group}
        found = listening(port)
        assert set(found) == expected | {Listening("127.0.0.1", cookie(first))}
        assert len(found) == len(set(found)) == 8


def test_other_ports_stay_out() -> None:
    with contextlib.ExitStack() as held:
        one = held.enter_context(server("127.0.0.1"))
        others = [held.enter_context(server("127.0.0.1")) for _ in range(MANY)]
        assert [each.cookie for each in listening(port_of(one))] == [cookie(one)]
        for each in others:
            assert listening(port_of(each)) == [Listening("127.0.0.1", cookie(each))]


def test_sockets_that_do_not_listen_stay_out() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert listening(port_of(bound)) == []
        bound.listen()
        assert [each.cookie for each in listening(port_of(bound))] == [cookie(bound)]
        bound.shutdown(socket.SHUT_RDWR)
        assert listening(port_of(bound)) == []
    with connection("127.0.0.1", "127.0.0.1") as (client, accepted):
        assert listening(port_of(client)) == listening(port_of(accepted)) == []


def test_a_closed_socket_is_gone_and_the_next_one_is_another() -> None:
    with server("127.0.0.1") as sock:
        port, first = port_of(sock), listening(port_of(sock))
    assert listening(port) == []
    with server("127.0.0.1", port) as sock:
        second = listening(port)
        assert second == [Listening("127.0.0.1", cookie(sock))]
    assert second != first


def listeners(held: contextlib.ExitStack, count: int) -> tuple[int, set[int]]:
    """The port, and the cookies, of so many listeners on one port."""
    port = port_of(held.enter_context(server("127.0.0.1")))
    (first,) = listening(port)
    addresses = [f"127.0.{1 + each // 200}.{1 + each % 200}" for each in range(count - 1)]
    others = [held.enter_context(server(each, port)) for each in addresses]
    return port, {first.cookie, *map(cookie, others)}


def test_many_on_one_port() -> None:
    with contextlib.ExitStack() as held:
        port, expected = listeners(held, MANY)
        assert {each.cookie for each in listening(port)} == expected


def test_too_many_for_one_answer_are_an_error() -> None:
    """Between two batches the kernel may skip one: then nobody may think that he saw all."""
    with contextlib.ExitStack() as held:
        port, _ = listeners(held, TOO_MANY)
        with pytest.raises(OSError, match=re.escape(os.strerror(errno.EOVERFLOW))) as failed:
            listening(port)
        assert failed.value.errno == errno.EOVERFLOW


def test_a_dump_that_the_kernel_cannot_do_is_an_error() -> None:
    """It says so at the end of an otherwise empty answer, which must not look like "nobody"."""
    no_such_protocol = struct.pack("=BBxxI", socket.AF_INET, 254, 1 << LISTEN) + bytes(48)
    with sock_diag.open_() as netlink:
        with pytest.raises(OSError, match=re.escape(os.strerror(errno.ENOENT))):
            list(sock_diag.dump(netlink, no_such_protocol))
        with pytest.raises(OSError, match=re.escape(os.strerror(errno.EINVAL))):
            list(sock_diag.dump(netlink, b""))


@as_each_user
def test_an_established_connection(user: int) -> None:
    with connection("127.0.0.1", "127.0.0.1") as (client, accepted):
        assert state(*ends(client)) == state(*ends(accepted)) == ESTABLISHED
        assert cookie_of(*ends(client)) == cookie(client) != cookie(accepted)
        assert in_child(lambda: state(*ends(client)), user) == ESTABLISHED


@ipv6
def test_an_established_ipv6_connection() -> None:
    with connection("::1", "::1") as (client, accepted):
        assert state(*ends(client)) == state(*ends(accepted)) == ESTABLISHED


@ipv6
def test_an_ipv6_socket_with_an_ipv4_connection() -> None:
    """Whether it is named in the mapped form, as IPv4, or as a mixture of both."""
    with (
        server("127.0.0.1") as listener,
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as client,
    ):
        client.connect(("::ffff:127.0.0.1", port_of(listener)))
        local, remote = ends(client)
        assert local[0] == remote[0] == "::ffff:127.0.0.1"
        plain = ("127.0.0.1", local[1]), ("127.0.0.1", remote[1])
        for each in ((local, remote), plain, (local, plain[1]), (plain[0], remote)):
            assert state(*each) == ESTABLISHED


def test_the_end_of_a_connection() -> None:
    with connection("127.0.0.1", "127.0.0.1") as (client, accepted):
        local, remote = ends(client)
        client.shutdown(socket.SHUT_WR)
        assert accepted.recv(1) == b""
        assert state(local, remote) in (FIN_WAIT1, FIN_WAIT2)
        assert state(remote, local) == CLOSE_WAIT
        accepted.close()
        assert client.recv(1) == b""
        assert state(local, remote) == TIME_WAIT


def test_a_reset_connection_is_none() -> None:
    with connection("127.0.0.1", "127.0.0.1") as (client, accepted):
        local, remote = ends(client)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
        accepted.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert state(local, remote) is None
        assert cookie_of(local, remote) is None
        assert state(remote, local) is None


def test_a_connection_that_nobody_answers() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
        socket.socket() as waiting,
    ):
        waiting.setblocking(False)
        assert waiting.connect_ex(full.getsockname()) == errno.EINPROGRESS
        local, remote = waiting.getsockname(), full.getsockname()
        assert state(local, remote) == SYN_SENT
        assert state(remote, local) is None  # and not the listener
        waiting.close()
        assert state(local, remote) is None


def test_no_such_connection() -> None:
    with connection("127.0.0.1", "127.0.0.1") as (client, _):
        (address, port), remote = ends(client)
        assert state((address, port), ("127.0.0.2", remote[1])) is None
        assert state(("127.0.0.2", port), remote) is None
        assert state((address, port), ("::1", remote[1])) is None


@pytest.mark.parametrize("address", ["", "localhost", "127.1", "fe80::1%lo", "1:2", "0.0.0.0\0"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match=r"not an IP address|null"):
        state((address, 1), ("127.0.0.1", 1))
