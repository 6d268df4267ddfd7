"""A kernel that answers no sock_diag: /proc/net tells the same, about real sockets."""

import errno
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.shims.errors import failure
from nono.shims.linux import inet_diag, proc_net, sock_diag, unix_diag
from nono.shims.linux.inet_diag import Listening

ESTABLISHED, LISTEN = 1, 10


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (inet_diag, unix_diag):
        module.is_told.cache_clear()

    def no_module(*arguments: object) -> Iterator[list[bytes]]:
        raise failure(errno.ENOENT)

    monkeypatch.setattr(sock_diag, "dump", no_module)
    monkeypatch.setattr(sock_diag, "ask", no_module)
    assert not inet_diag.is_told()
    assert not unix_diag.is_told()
    yield
    for module in (inet_diag, unix_diag):
        module.is_told.cache_clear()


def test_an_error_of_another_kind_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*arguments: object) -> Iterator[list[bytes]]:
        raise failure(errno.EMFILE)

    inet_diag.is_told.cache_clear()
    monkeypatch.setattr(sock_diag, "dump", none_left)
    with pytest.raises(OSError, match="Too many open files"):
        inet_diag.is_told()


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_who_listens(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
        address, family = "127.1.2.3", socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        assert inet_diag.listening(port) == [Listening(address, inet_diag.identity(server))]
    assert inet_diag.listening(port) == []


def test_a_connection_from_both_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    with client, accepted:
        for one, other in ((client, accepted), (accepted, client)):
            ends = one.getsockname(), other.getsockname()
            assert inet_diag.state(*ends) == ESTABLISHED
            assert inet_diag.cookie_of(*ends) == inet_diag.identity(one)
        assert inet_diag.state(client.getsockname(), ("127.0.0.1", 1)) is None


def unix_server(name: str | bytes) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen()
    return server


def test_unix_sockets(tmp_path: Path) -> None:
    tag = secrets.token_bytes(8).hex().encode()
    abstract, odd = b"\0nono-" + tag, b"\0nono\n0: 1 2 " + tag
    path = str(tmp_path / "socket").encode()
    with unix_server(abstract) as one, unix_server(path) as two, unix_server(odd) as three:
        found = {each.cookie: each for each in unix_diag.listening()}
        assert found[unix_diag.identity(one)].may_have(abstract)
        assert found[unix_diag.identity(two)].may_have(path)
        assert not found[unix_diag.identity(two)].may_have(abstract)
        # What a name says of itself on a line of its own makes nothing.
        assert unix_diag.identity(three) in found
        assert not [each for each in found.values() if each.may_have(odd)]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            assert unix_diag.identity(client) not in {each.identity for each in proc_net.unix()}
    assert not [each for each in unix_diag.listening() if each.may_have(abstract)]
