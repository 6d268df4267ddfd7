"""Unix sockets: by path objects of the policy, by an abstract name the sandbox's own or none."""

import errno
import os
import secrets
import socket

import pytest

from nono.broker import Policy
from nono.shims.linux import unix_diag
from nono.shims.linux.sock_diag import cookie
from nono.shims.linux.unix_diag import Listening
from nono.supervisor.decisions.denied_names import DeniedNames
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Fail, Retry
from tests.playbooks.peers import stream, unix, unix_server
from tests.playbooks.scene import Argument, Outcome, Scene, Waits


def path_address(scene: Scene, path: str) -> bytes:
    """The address of a path below the scene, by a directory of the caller's: it has to be short."""
    directory, _, name = path.rpartition("/")
    fd = scene.open(directory, os.O_PATH | os.O_DIRECTORY)
    return unix(f"/proc/{os.getpid()}/fd/{fd}/{name}")


def connect(scene: Scene, address: bytes) -> Outcome:
    return scene.play("connect", stream(scene).fileno(), address, len(address))


def bind(scene: Scene, address: bytes) -> Outcome:
    return scene.play("bind", stream(scene).fileno(), address, len(address))


@pytest.mark.parametrize("place", ["free", "carved"])
def test_connect_by_path_is_performed(scene: Scene, place: str) -> None:
    """Also in the floor, which does not cover where a socket connects."""
    unix_server(scene, f"{place}/socket")
    os.symlink("socket", scene.top / place / "to")
    assert connect(scene, path_address(scene, f"{place}/to")) == DONE
    assert scene.script.said == [f"admit unix {place}/socket", "waiting"]


def test_connect_to_what_the_sandbox_bound(scene: Scene) -> None:
    listener = unix_server(scene, "carved/socket")
    scene.script.own_sockets.add(cookie(listener))
    scene.script.refused["unix carved/socket"] = errno.EACCES
    assert connect(scene, path_address(scene, "carved/socket")) == DONE
    assert scene.script.said == [
        "admit unix carved/socket",
        "require unix carved/socket, own",
        "waiting",
    ]


def test_connect_to_what_somebody_else_bound(scene: Scene) -> None:
    unix_server(scene, "carved/socket")
    scene.script.refused["unix carved/socket"] = errno.EACCES
    assert connect(scene, path_address(scene, "carved/socket")) == Fail(errno.EACCES)
    assert scene.script.said == ["admit unix carved/socket", "require unix carved/socket"]


def test_where_the_kernel_does_not_tell_it_is_somebody_elses(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untold() -> list[Listening]:
        raise OSError(errno.ENOENT, "built without CONFIG_UNIX_DIAG")

    monkeypatch.setattr(unix_diag, "listening", untold)
    listener = unix_server(scene, "carved/socket")
    scene.script.own_sockets.add(cookie(listener))
    scene.script.refused["unix carved/socket"] = errno.EACCES
    assert connect(scene, path_address(scene, "carved/socket")) == Fail(errno.EACCES)


def test_connect_to_a_full_backlog_is_tried_again(scene: Scene) -> None:
    listener = unix_server(scene, "carved/socket", backlog=0)
    stream(scene).connect(f"/proc/self/fd/{scene.open('carved', os.O_PATH)}/socket")
    assert connect(scene, path_address(scene, "carved/socket")) == Waits(Retry)
    listener.accept()[0].close()
    assert connect(scene, path_address(scene, "carved/socket")) == DONE


@pytest.mark.parametrize("is_own", [True, False])
def test_connect_by_an_abstract_name(scene: Scene, is_own: bool) -> None:
    """The floor's scope holds it back unless the sandbox itself is there; the policy says why."""
    name = f"nono-test-{secrets.token_hex(8)}"
    listener = stream(scene)
    listener.bind(f"\0{name}")
    listener.listen()
    if is_own:
        scene.script.names.record(listener)
    else:
        scene.script.refused[f"unix @{name}"] = errno.EACCES
    answer = connect(scene, unix(f"\0{name}"))
    if is_own:
        assert answer == DONE
        assert scene.script.said == [f"native unix @{name}, own", "waiting"]
    else:
        assert answer == Fail(errno.EACCES)
        assert scene.script.said == [f"require unix @{name}"]


def test_a_name_is_of_one_type_and_no_list_says_whose(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program can have its own socket of another type, and make the kernel's list lack others."""
    name = f"nono-test-{secrets.token_hex(8)}"
    others, own = stream(scene), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own:
        for each in (others, own):
            each.bind(f"\0{name}")
            each.listen()
        scene.script.names.record(own)
        scene.script.own_sockets.add(cookie(own))
        only = Listening(cookie(own), b"\0" + name.encode(), None)
        monkeypatch.setattr(unix_diag, "listening", lambda: iter([only]))
        scene.script.refused[f"unix @{name}"] = errno.EACCES
        assert connect(scene, unix(f"\0{name}")) == Fail(errno.EACCES)


def test_a_name_is_own_as_long_as_its_socket(scene: Scene) -> None:
    name = f"\0nono-test-{secrets.token_hex(8)}"
    own = stream(scene)
    own.bind(name)
    names = scene.script.names
    names.record(own)
    holder = names.holder(socket.SOCK_STREAM, name.encode())
    assert holder is not None
    assert names.holder(socket.SOCK_DGRAM, name.encode()) is None
    own.close()
    assert names.holder(socket.SOCK_STREAM, name.encode()) is None
    other = stream(scene)
    other.bind(name)
    assert names.holder(socket.SOCK_STREAM, name.encode()) is None


def test_connect_where_there_is_nothing_to_connect_to(scene: Scene) -> None:
    for address, number in (
        (path_address(scene, "carved/absent"), errno.ENOENT),
        (path_address(scene, "carved/file"), errno.ECONNREFUSED),
        (unix(b"\0nono-test-" + secrets.token_bytes(8)), errno.ECONNREFUSED),
        (unix(""), errno.EINVAL),
        (unix("n" * 109), errno.EINVAL),
    ):
        assert connect(scene, address) == Fail(number)
    assert scene.script.said == []


def test_a_socket_that_nobody_listens_at(scene: Scene) -> None:
    unix_server(scene, "carved/socket").close()
    scene.script.refused["unix carved/socket"] = errno.EACCES
    assert connect(scene, path_address(scene, "carved/socket")) == Fail(errno.ECONNREFUSED)


def test_bind_in_the_floor_is_continued(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a pattern refuses names there: another thread could change the name."""
    monkeypatch.setattr(scene.decisions, "_denied_names", DeniedNames(Policy()))
    assert bind(scene, path_address(scene, "free/socket")) == CONTINUE
    assert scene.script.said == ["native bind free/socket", "bound"]
    assert scene.at("free/socket") is None


def test_bind_is_performed(scene: Scene) -> None:
    scene.script.own.add("carved")
    assert bind(scene, path_address(scene, "carved/socket")) == DONE
    assert scene.script.said == [
        "require bind carved/socket, own",
        "waiting",
        "umask",
        "bound",
        "created carved/socket",
    ]
    assert scene.at("carved/socket") == "socket"


@pytest.mark.parametrize(
    ("spelled", "is_kept"),
    [
        ("socket", True),
        ("./socket", True),
        ("dir/../empty//socket", True),
        ("to/socket", True),
        ("../free/empty/socket", False),
        ("../free/back/socket", False),
    ],
)
def test_bind_keeps_the_callers_spelling(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, spelled: str, is_kept: bool
) -> None:
    """Unless it leads through a directory whose names another thread could change."""
    monkeypatch.chdir(scene.top / "carved")
    os.symlink("empty", "to")
    os.symlink("../carved/empty", "../free/back")
    sock = stream(scene)
    assert scene.play("bind", sock.fileno(), unix(spelled), 2 + len(spelled)) == DONE
    assert (sock.getsockname() == spelled) == is_kept
    assert sock.getsockname().endswith("/socket") or is_kept
    assert os.getcwd() == str(scene.top / "carved")


def test_bind_is_refused(scene: Scene) -> None:
    scene.script.refused["bind carved/socket"] = errno.EACCES
    assert bind(scene, path_address(scene, "carved/socket")) == Fail(errno.EACCES)
    assert scene.script.said == ["require bind carved/socket"]
    assert scene.at("carved/socket") is None


def test_bind_to_an_abstract_name_is_performed(scene: Scene) -> None:
    name = b"\0nono-test-" + secrets.token_bytes(8)
    sock = stream(scene)
    assert scene.play("bind", sock.fileno(), unix(name), 2 + len(name)) == DONE
    assert scene.script.said == ["waiting", "bound"]
    assert sock.getsockname() == name


@pytest.mark.parametrize("path", ["carved/file", "free/file", "carved/dangling", "free/empty"])
def test_bind_where_something_is_already(scene: Scene, path: str) -> None:
    assert bind(scene, path_address(scene, path)) == Fail(errno.EADDRINUSE)
    assert scene.script.said == []


def test_nothing_is_bound_for_a_caller_that_is_gone(scene: Scene) -> None:
    scene.script.is_gone = True
    assert bind(scene, path_address(scene, "carved/socket")) == Fail(errno.ESRCH)
    assert scene.at("carved/socket") is None


def test_an_address_of_another_family(scene: Scene) -> None:
    wrong: Argument = b"\2\0" + bytes(14)
    assert scene.play("connect", stream(scene).fileno(), wrong, 16) == Fail(errno.EINVAL)
    assert scene.play("bind", stream(scene).fileno(), wrong, 16) == Fail(errno.EINVAL)
