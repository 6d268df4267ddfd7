"""connect to a synthetic address: the name is decided, and then each address that it leads to."""

import errno
import socket

import pytest

from nono.shims.linux import sockets as kernel
from nono.supervisor.linux.calls.answers import DONE, Fail, Later
from nono.supervisor.linux.network.service import NetworkService
from tests.playbooks.peers import HERE, inet, server, tcp
from tests.playbooks.scene import Scene, Waits

HOST = "api.example.org"


class Known(NetworkService):
    """A network whose resolver knows some hosts already."""

    def __init__(self, **hosts: tuple[str, ...]) -> None:
        super().__init__()
        self.hosts = hosts

    def known(self, host: str) -> tuple[str, ...] | None:
        return self.hosts.get(host.partition(".")[0])


@pytest.fixture
def network(scene: Scene) -> Known:
    """The scene's."""
    scene.network = made = Known()
    return made


def synthetic(network: Known, port: int) -> bytes:
    address = network.names.address_of(HOST)
    assert address is not None
    return inet(address, port)


def test_a_name_is_refused_before_it_is_looked_up(scene: Scene, network: Known) -> None:
    scene.script.refused[f"host {HOST} 443"] = errno.ECONNREFUSED
    sock = tcp(scene)
    answer = scene.play("connect", sock.fileno(), synthetic(network, 443), 16)
    assert answer == Fail(errno.ECONNREFUSED)
    assert scene.script.said == [f"require host {HOST} 443"]
    assert kernel.tcp_state(sock) == kernel.TCP_CLOSE


def test_a_socket_that_blocks_becomes_a_task(scene: Scene, network: Known) -> None:
    answer = scene.play("connect", tcp(scene).fileno(), synthetic(network, 443), 16)
    assert answer == Waits(Later)
    assert scene.script.said == [f"require host {HOST} 443", "waiting"]


def test_a_socket_that_does_not_block_is_on_its_way_to_a_tunnel(
    scene: Scene, network: Known
) -> None:
    sock = tcp(scene, blocks=False)
    answer = scene.play("connect", sock.fileno(), synthetic(network, 443), 16)
    assert answer == Fail(errno.EINPROGRESS)
    assert scene.script.said == [f"require host {HOST} 443", "waiting", "task"]
    assert kernel.tcp_state(sock) == kernel.TCP_SYN_SENT


def test_a_second_connect_only_asks_how_the_first_goes(scene: Scene, network: Known) -> None:
    sock = tcp(scene, blocks=False)
    address = synthetic(network, 443)
    scene.play("connect", sock.fileno(), address, 16)
    scene.script.said.clear()
    assert scene.play("connect", sock.fileno(), address, 16) == Fail(errno.EALREADY)
    assert scene.script.said == [f"require host {HOST} 443", "waiting"]


def test_a_host_with_one_known_address_is_connected_to_directly(
    scene: Scene, network: Known
) -> None:
    _, port = server(scene)
    network.hosts["api"] = (HERE,)
    sock = tcp(scene, blocks=False)
    answer = scene.play("connect", sock.fileno(), synthetic(network, port), 16)
    assert answer in (DONE, Fail(errno.EINPROGRESS))
    assert scene.script.said == [
        f"require host {HOST} PORT",
        "waiting",
        f"admit connect 127.0.0.1 PORT for {HOST}",
    ]
    assert sock.getpeername() == (HERE, port)


@pytest.mark.parametrize(
    ("addresses", "refused"),
    [
        ((HERE,), [HERE]),
        ((HERE, "127.0.0.2"), []),
        (("2001:db8::1",), []),
    ],
)
def test_otherwise_a_tunnel_is(
    scene: Scene, network: Known, addresses: tuple[str, ...], refused: list[str]
) -> None:
    """None that is allowed, several of which any may be dead, or one of another family."""
    network.hosts["api"] = addresses
    scene.script.refused |= {f"connect {each} 443 for {HOST}": errno.EACCES for each in refused}
    sock = tcp(scene, blocks=False)
    answer = scene.play("connect", sock.fileno(), synthetic(network, 443), 16)
    assert answer == Fail(errno.EINPROGRESS)
    assert scene.script.said == [
        f"require host {HOST} 443",
        "waiting",
        *(f"admit connect {each} 443 for {HOST}" for each in addresses),
        "task",
    ]


def test_there_are_only_so_many_tunnels(scene: Scene, network: Known) -> None:
    while network.tunnels.acquire(blocking=False):
        pass
    sock = tcp(scene, blocks=False)
    answer = scene.play("connect", sock.fileno(), synthetic(network, 443), 16)
    assert answer == Fail(errno.ENOBUFS)
    assert kernel.tcp_state(sock) == kernel.TCP_CLOSE


def test_nothing_is_begun_for_a_caller_that_is_gone(scene: Scene, network: Known) -> None:
    scene.script.is_gone = True
    sock = tcp(scene, blocks=False)
    answer = scene.play("connect", sock.fileno(), synthetic(network, 443), 16)
    assert answer == Fail(errno.ESRCH)
    assert kernel.tcp_state(sock) == kernel.TCP_CLOSE


def test_a_socket_that_is_no_tcp_socket(scene: Scene, network: Known) -> None:
    sock = scene.hold(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    answer = scene.play("connect", sock.fileno(), synthetic(network, 443), 16)
    assert answer == Fail(errno.EOPNOTSUPP)
    with pytest.raises(OSError, match="not connected"):
        sock.getpeername()
