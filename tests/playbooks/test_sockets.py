"""socket, connect, bind and listen: decided by the kind of the caller's own socket."""

import errno
import socket
import struct

import pytest

from nono.broker import Access, Effect, Mode, Network, Origin, OriginKind, Policy, Rule
from nono.broker.rules.rule import Anything
from nono.shims.linux import inet_diag
from nono.shims.linux.inet_diag import Listening
from nono.shims.linux.sock_diag import cookie
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Fail, Later
from nono.supervisor.linux.network.service import NetworkService
from tests.playbooks.peers import (
    HERE,
    inet,
    inet6,
    server,
    stream,
    tcp,
    unix,
)
from tests.playbooks.scene import Argument, At, Scene, Waits, line

AF_PACKET = 17
NOWHERE = struct.pack("=H14x", socket.AF_UNSPEC)


def accepted(listener: socket.socket) -> bool:
    """Whether somebody has connected."""
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.fixture
def filtered(scene: Scene) -> Scene:
    """A scene in which hosts are known by their names."""
    scene.network = NetworkService()
    return scene


@pytest.mark.parametrize(
    ("domain", "name"), [(socket.AF_INET, "IPv4"), (socket.AF_INET6, "IPv6"), (AF_PACKET, "17")]
)
@pytest.mark.parametrize("refused", [0, errno.EACCES])
def test_a_family_that_the_filter_holds_back(
    scene: Scene, domain: int, name: str, refused: int
) -> None:
    """The policy says why, and when it says nothing there is no such family."""
    scene.script.refused |= {f"socket {name}": refused}
    answer = scene.play("socket", domain, socket.SOCK_STREAM, 0)
    assert answer == Fail(refused or errno.EAFNOSUPPORT)
    assert scene.script.said == [f"require socket {name}"]


def test_connect_is_performed_on_our_copy(scene: Scene) -> None:
    listener, port = server(scene)
    sock = tcp(scene)
    assert scene.play("connect", sock.fileno(), inet(HERE, port), 16) == DONE
    assert scene.script.said == ["require connect 127.0.0.1 PORT", "waiting"]
    assert sock.getpeername() == (HERE, port)
    assert accepted(listener)


def test_connect_is_refused(scene: Scene) -> None:
    listener, port = server(scene)
    scene.script.refused["connect 127.0.0.1 PORT"] = errno.ECONNREFUSED
    answer = scene.play("connect", tcp(scene).fileno(), inet(HERE, port), 16)
    assert answer == Fail(errno.ECONNREFUSED)
    assert scene.script.said == ["require connect 127.0.0.1 PORT"]
    assert not accepted(listener)


def test_nothing_is_connected_for_a_caller_that_is_gone(scene: Scene) -> None:
    listener, port = server(scene)
    scene.script.is_gone = True
    answer = scene.play("connect", tcp(scene).fileno(), inet(HERE, port), 16)
    assert answer == Fail(errno.ESRCH)
    assert not accepted(listener)


def test_to_disconnect_is_not_decided(scene: Scene) -> None:
    sock = scene.hold(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.connect((HERE, 9))
    assert scene.play("connect", sock.fileno(), NOWHERE, 16) == DONE
    assert scene.script.said == ["waiting"]
    with pytest.raises(OSError, match="not connected"):
        sock.getpeername()


@pytest.mark.parametrize(
    ("address", "length", "number"),
    [
        (inet(HERE, 80), -1, errno.EINVAL),
        (inet(HERE, 80), 129, errno.EINVAL),
        (inet(HERE, 80), 17, errno.EFAULT),
        (inet(HERE, 80), 15, errno.EINVAL),
        (inet(HERE, 80), 1, errno.EINVAL),
        (inet6("::1", 80), 28, errno.EAFNOSUPPORT),
        (unix("/run/x"), 8, errno.EINVAL),
        (unix("/run/x").ljust(16, b"\0"), 16, errno.EAFNOSUPPORT),
        (0, 16, errno.EFAULT),
    ],
)
def test_an_address_that_is_none(scene: Scene, address: Argument, length: int, number: int) -> None:
    assert scene.play("connect", tcp(scene).fileno(), address, length) == Fail(number)
    assert scene.play("bind", tcp(scene).fileno(), address, length) == Fail(number)
    assert scene.script.said == []


@pytest.mark.parametrize(
    ("descriptor", "number"),
    [
        (-1, errno.EBADF),
        (At("carved/file"), errno.ENOTSOCK),
        (At("carved/file", 0o10000000), errno.EBADF),
    ],
    ids=str,
)
def test_a_socket_that_is_none(scene: Scene, descriptor: Argument, number: int) -> None:
    assert scene.play("connect", descriptor, inet(HERE, 80), 16) == Fail(number)
    assert scene.play("bind", descriptor, inet(HERE, 0), 16) == Fail(number)
    assert scene.play("listen", descriptor, 1) == Fail(number)
    assert scene.script.said == []


@pytest.mark.skipif(not socket.has_ipv6, reason="an IPv6 socket")
def test_an_ipv6_socket_takes_no_ipv4_address(scene: Scene) -> None:
    """By its length, as the kernel says; one that is long enough, by its family."""
    sock = scene.hold(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
    scene.script.refused["connect ::1 80"] = errno.EACCES
    for address, length, number in (
        (inet(HERE, 80), 16, errno.EINVAL),
        (inet(HERE, 80).ljust(28, b"\0"), 28, errno.EAFNOSUPPORT),
        (inet6("::1", 80), 28, errno.EACCES),
        (inet6("::1", 80), 24, errno.EACCES),
    ):
        assert scene.play("connect", sock.fileno(), address, length) == Fail(number)
    assert scene.script.said == ["require connect ::1 80"] * 2


def test_where_names_are_known_the_name_server_is_our_stub(filtered: Scene) -> None:
    network = filtered.network
    assert network is not None
    sock = tcp(filtered)
    assert filtered.play("connect", sock.fileno(), inet(HERE, 53), 16) == DONE
    assert sock.getpeername() == (HERE, network.stub_port)
    assert filtered.script.said == ["waiting"]


def test_an_address_that_is_allowed_is_asked_about_once(filtered: Scene) -> None:
    _, port = server(filtered)
    assert filtered.play("connect", tcp(filtered).fileno(), inet(HERE, port), 16) == DONE
    assert filtered.script.said == ["admit connect 127.0.0.1 PORT", "waiting"]


@pytest.mark.parametrize("host", [HERE, "0.0.0.0"])
def test_what_only_the_sandbox_listens_on_is_its_own(filtered: Scene, host: str) -> None:
    """And connect(2) takes the unspecified address for loopback, wherever the socket is bound."""
    listener, port = server(filtered)
    filtered.script.own_sockets.add(cookie(listener))
    filtered.script.refused[f"connect {host} PORT"] = errno.ECONNREFUSED
    sock = tcp(filtered)
    assert filtered.play("connect", sock.fileno(), inet(host, port), 16) == DONE
    assert filtered.script.said == [
        f"admit connect {host} PORT",
        f"require connect {host} PORT, own",
        "waiting",
    ]
    assert sock.getpeername() == (HERE, port)


@pytest.mark.parametrize(
    ("others", "number"),
    [
        ([Listening(HERE, 1)], errno.EACCES),
        ([Listening(HERE, 7), Listening("0.0.0.0", 1)], errno.EACCES),
        ([Listening("127.0.0.2", 7)], errno.ECONNREFUSED),
        ([], errno.ECONNREFUSED),
        (OSError(errno.EOPNOTSUPP, "the kernel does not tell"), errno.EACCES),
    ],
)
def test_what_somebody_else_listens_on_is_not(
    filtered: Scene,
    monkeypatch: pytest.MonkeyPatch,
    others: list[Listening] | OSError,
    number: int,
) -> None:
    def listening(port: int) -> list[Listening]:
        if isinstance(others, OSError):
            raise others
        return others

    monkeypatch.setattr(inet_diag, "listening", listening)
    filtered.script.own_sockets.add(7)
    filtered.script.refused["connect 127.0.0.1 80"] = errno.EACCES
    assert filtered.play("connect", tcp(filtered).fileno(), inet(HERE, 80), 16) == Fail(number)
    asked = ["admit connect 127.0.0.1 80"]
    if number == errno.EACCES:
        asked.append("require connect 127.0.0.1 80")
    assert filtered.script.said == asked


def test_an_attempt_that_takes_time_is_a_task(scene: Scene) -> None:
    """A port whose backlog is full: nothing there answers."""
    listener, port = server(scene)
    listener.listen(0)
    for _ in range(3):
        filler = tcp(scene, blocks=False)
        filler.connect_ex((HERE, port))
    answer = scene.play("connect", tcp(scene).fileno(), inet(HERE, port), 16)
    assert answer == Waits(Later)
    patient = tcp(scene, blocks=False)
    assert scene.play("connect", patient.fileno(), inet(HERE, port), 16) == Fail(errno.EINPROGRESS)


def test_bind(scene: Scene) -> None:
    sock = tcp(scene)
    assert scene.play("bind", sock.fileno(), inet(HERE, 0), 16) == DONE
    assert sock.getsockname()[1] != 0
    scene.script.refused["bind 0.0.0.0 8000"] = errno.EACCES
    assert scene.play("bind", tcp(scene).fileno(), inet("0.0.0.0", 8000), 16) == Fail(errno.EACCES)
    assert scene.script.said == ["require bind 127.0.0.1 0", "waiting", "require bind 0.0.0.0 8000"]


def test_every_address_is_this_machine_s_where_no_port_is_open_to_others(filtered: Scene) -> None:
    """It is bound as asked, and tied to loopback before it listens."""
    sock = tcp(filtered)
    filtered.script.refused["bind 0.0.0.0 PORT"] = errno.EACCES
    assert filtered.play("bind", sock.fileno(), inet("0.0.0.0", 0), 16) == DONE
    filtered.script.replaced[str(sock.getsockname()[1])] = "PORT"
    assert device(sock) == b""
    assert filtered.play("listen", sock.fileno(), 5) == DONE
    assert (sock.getsockname()[0], device(sock)) == ("0.0.0.0", b"lo")
    assert filtered.script.said == [
        "require bind 127.0.0.1 0",
        "waiting",
        "admit bind 0.0.0.0 PORT",
        "require bind 127.0.0.1 PORT",
        "bound",
        "waiting",
    ]


def test_a_port_that_is_open_to_others_is(filtered: Scene) -> None:
    sock = tcp(filtered)
    sock.bind(("0.0.0.0", 0))
    filtered.script.replaced[str(sock.getsockname()[1])] = "PORT"
    assert filtered.play("listen", sock.fileno(), 5) == DONE
    assert device(sock) == b""
    assert filtered.script.said == ["admit bind 0.0.0.0 PORT", "bound", "waiting"]


SHARING = line(
    "setsockopt", -1, socket.SOL_SOCKET, socket.SO_REUSEPORT, b"", 4,
    said=["ports are shared"], answer=CONTINUE,
)  # fmt: skip


def test_a_port_that_others_may_share_is_known_as_one(filtered: Scene) -> None:
    filtered.check(SHARING)
    sock = tcp(filtered)
    sock.bind((HERE, 0))
    filtered.script.said.clear()
    assert filtered.play("listen", sock.fileno(), 5) == DONE
    assert "ports are shared" not in filtered.script.said
    given = tcp(filtered)  # from outside, where the option was set
    given.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    given.bind((HERE, 0))
    assert filtered.play("listen", given.fileno(), 5) == DONE
    assert filtered.script.said[-3:] == ["ports are shared", "bound", "waiting"]


def device(sock: socket.socket) -> bytes:
    tied: bytes = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    return tied.rstrip(b"\0")


def test_bind_of_a_socket_to_the_kernel_is_performed(scene: Scene) -> None:
    netlink = scene.hold(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
    address = struct.pack("=HHII", socket.AF_NETLINK, 0, 0, 0)
    assert scene.play("bind", netlink.fileno(), address, len(address)) == DONE
    assert scene.script.said == ["waiting"]


def test_listen(scene: Scene) -> None:
    sock = tcp(scene)
    sock.bind((HERE, 0))
    scene.script.replaced[str(sock.getsockname()[1])] = "PORT"
    assert scene.play("listen", sock.fileno(), 5) == DONE
    assert scene.script.said == ["require bind 127.0.0.1 PORT", "bound", "waiting"]
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


def test_listen_without_an_address_would_take_every_one(scene: Scene) -> None:
    scene.script.refused["bind 0.0.0.0 0"] = errno.EACCES
    sock = tcp(scene)
    assert scene.play("listen", sock.fileno(), 5) == Fail(errno.EACCES)
    assert scene.script.said == ["require bind 0.0.0.0 0"]
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 0


@pytest.mark.parametrize("other", [HERE, "0.0.0.0", "::"])
def test_listen_shares_no_port_with_somebody_else(
    filtered: Scene, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """With SO_REUSEPORT it would get a part of the connections."""
    monkeypatch.setattr(inet_diag, "listening", lambda port: [Listening(other, 1)])
    sock = tcp(filtered)
    sock.bind((HERE, 0))
    assert filtered.play("listen", sock.fileno(), 5) == Fail(errno.EADDRINUSE)
    filtered.script.own_sockets.add(1)
    assert filtered.play("listen", sock.fileno(), 5) == DONE


def test_listen_of_a_unix_socket_is_performed(scene: Scene) -> None:
    sock = stream(scene)
    sock.bind("")  # an abstract name of the kernel's choice
    assert scene.play("listen", sock.fileno(), 5) == DONE
    assert scene.script.said == ["waiting"]


def test_where_all_is_allowed_who_watches_learns_what_is_own(filtered: Scene) -> None:
    origin = Origin(OriginKind.BUILTIN, "learning")
    rest = Rule(Anything(), Access.CONNECT, Effect.ALLOW, origin)
    filtered.decisions.policy = Policy(network=Network(Mode.FILTERED, rest=rest))
    listener, port = server(filtered)
    filtered.script.own_sockets.add(cookie(listener))
    assert filtered.play("connect", tcp(filtered).fileno(), inet(HERE, port), 16) == DONE
    assert filtered.script.said == ["require connect 127.0.0.1 PORT, own", "waiting"]
