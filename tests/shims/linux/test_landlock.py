"""Landlock: the table of its versions, and the running kernel against it."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.shims.linux import landlock, process
from nono.shims.linux.landlock import FS, Net, Rights, Scope
from tests.shims.linux.forked import USERS, error_of, in_child

ABI = landlock.abi_version()
NOTHING = Rights(FS(0), Net(0), Scope(0))

# What each kernel version defines, as bit masks: fs, net, scoped.
MASKS = {
    0: (0, 0, 0),
    1: (0x1FFF, 0, 0),
    2: (0x3FFF, 0, 0),
    3: (0x7FFF, 0, 0),
    4: (0x7FFF, 3, 0),
    5: (0xFFFF, 3, 0),
    6: (0xFFFF, 3, 3),
    7: (0xFFFF, 3, 3),
    8: (0xFFFF, 3, 3),
    9: (0x1FFFF, 3, 3),
    10: (0x1FFFF, 15, 3),
    11: (0x1FFFF, 15, 3),
    99: (0x1FFFF, 15, 3),
}
UNENFORCED = {0: 5, 1: 4, 2: 4, 3: 3, 4: 2, 5: 1, 6: 0, 7: 0, 11: 0, 99: 0}

abis = st.integers(0, 12)
needs_landlock = pytest.mark.requires(landlock=1)
as_each_user = pytest.mark.parametrize("user", USERS)


def contains(larger: Rights, smaller: Rights) -> bool:
    return all(small & ~large == 0 for large, small in zip(larger, smaller, strict=True))


@pytest.mark.parametrize("abi", MASKS)
def test_rights_of_each_version(abi: int) -> None:
    assert tuple(landlock.supported(abi)) == MASKS[abi]


def test_versions_are_consecutive() -> None:
    assert list(landlock.CHANGES) == list(range(1, len(landlock.CHANGES) + 1))


@pytest.mark.parametrize("abi", UNENFORCED)
def test_losses_name_the_kernel_that_can(abi: int) -> None:
    losses = landlock.lost(abi)
    assert len(losses) == UNENFORCED[abi]
    assert all("needs Linux " in loss for loss in losses)


def test_what_something_else_enforces_is_not_lost() -> None:
    assert len(landlock.lost(2, made_up_for={3, 4, 6})) == 1
    assert landlock.lost(2, made_up_for=landlock.CHANGES) == []


@given(abis, abis)
def test_an_older_kernel_never_does_more(one: int, other: int) -> None:
    older, newer = sorted((one, other))
    assert contains(landlock.supported(newer), landlock.supported(older))
    assert len(landlock.lost(newer)) <= len(landlock.lost(older))


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user can write: `inside/file` and `outside/file` in it."""
    with tempfile.TemporaryDirectory(prefix="nono-tests-", dir="/var/tmp") as name:
        root = Path(name)
        root.chmod(0o777)
        for directory in (root / "inside", root / "outside"):
            directory.mkdir()
            directory.chmod(0o777)
            (directory / "file").write_text("text")
            (directory / "file").chmod(0o666)
        yield root


def restrict(*rules: tuple[Path, FS]) -> None:
    """Handle everything of the running kernel but ports, and grant `rules`."""
    handled = landlock.supported(ABI)._replace(net=Net(0))
    ruleset = landlock.create_ruleset(handled)
    for path, granted in rules:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        landlock.add_path_rule(ruleset, parent, granted & handled.fs)
        os.close(parent)
    process.set_no_new_privs()
    landlock.restrict_self(ruleset)
    os.close(ruleset)


def opens(path: Path, flags: int = os.O_RDONLY) -> str:
    return error_of(lambda: os.close(os.open(path, flags, 0o600)))


@needs_landlock
def test_the_kernel_has_every_right_of_its_version() -> None:
    os.close(landlock.create_ruleset(landlock.supported(ABI)))


@pytest.mark.requires(landlock=7)
def test_errata_are_told() -> None:
    assert landlock.errata() >= 0


@needs_landlock
def test_bad_rulesets_are_refused() -> None:
    assert error_of(lambda: landlock.create_ruleset(NOTHING)) == "ENOMSG"
    unknown = Rights(FS(1 << 60), Net(0), Scope(0))
    assert error_of(lambda: landlock.create_ruleset(unknown)) == "EINVAL"


@needs_landlock
def test_file_rights_are_those_the_kernel_takes_for_a_file(place: Path) -> None:
    can = landlock.supported(ABI).fs
    ruleset = landlock.create_ruleset(Rights(can, Net(0), Scope(0)))
    parent = os.open(place / "inside" / "file", os.O_PATH)
    for right in can:
        refused = error_of(lambda right=right: landlock.add_path_rule(ruleset, parent, right))  # type: ignore[misc]
        assert refused == ("" if right in landlock.FILE_RIGHTS else "EINVAL"), right
    assert error_of(lambda: landlock.add_path_rule(ruleset, parent, FS(0))) == "ENOMSG"
    os.close(parent)
    os.close(ruleset)


@needs_landlock
def test_an_ordinary_user_needs_no_new_privs() -> None:
    def work() -> str:
        return error_of(lambda: landlock.restrict_self(landlock.create_ruleset(everything)))

    everything = Rights(landlock.supported(ABI).fs, Net(0), Scope(0))
    assert in_child(work, USERS[-1]) == "EPERM"


@needs_landlock
@as_each_user
def test_a_read_grant(place: Path, user: int) -> None:
    def work() -> dict[str, str]:
        restrict((place / "inside", FS.READ_FILE | FS.READ_DIR))
        return {
            "read": opens(place / "inside" / "file"),
            "list": error_of(lambda: os.listdir(place / "inside")),
            "write": opens(place / "inside" / "file", os.O_WRONLY),
            "create": opens(place / "inside" / "new", os.O_WRONLY | os.O_CREAT),
            "mkdir": error_of(lambda: os.mkdir(place / "inside" / "new")),
            "unlink": error_of(lambda: os.unlink(place / "inside" / "file")),
            "outside": opens(place / "outside" / "file"),
            "list outside": error_of(lambda: os.listdir(place / "outside")),
        }

    refused = {name: "EACCES" for name in ("write", "create", "mkdir", "unlink", "outside")}
    assert in_child(work, user) == {"read": "", "list": "", **refused, "list outside": "EACCES"}


@pytest.mark.requires(landlock=3)
@as_each_user
def test_a_write_grant(place: Path, user: int) -> None:
    def work() -> dict[str, str]:
        writing = FS.WRITE_FILE | FS.TRUNCATE | FS.MAKE_REG | FS.REMOVE_FILE
        restrict((place / "inside", writing), (place / "outside" / "file", FS.WRITE_FILE))
        inside, file = place / "inside", place / "outside" / "file"
        return {
            "create": opens(inside / "new", os.O_WRONLY | os.O_CREAT),
            "truncate": opens(inside / "file", os.O_WRONLY | os.O_TRUNC),
            "unlink": error_of(lambda: os.unlink(inside / "new")),
            "read": opens(inside / "file"),
            "write the file": opens(file, os.O_WRONLY),
            "truncate the file": opens(file, os.O_WRONLY | os.O_TRUNC),
            "move": error_of(lambda: os.rename(inside / "file", place / "outside" / "moved")),
        }

    refused = {name: "EACCES" for name in ("read", "truncate the file", "move")}
    allowed = {name: "" for name in ("create", "truncate", "unlink", "write the file")}
    assert in_child(work, user) == allowed | refused


def connect(address: tuple[str, int]) -> None:
    with socket.socket() as client:
        client.connect(address)


@pytest.mark.requires(landlock=4)
@as_each_user
def test_ports(user: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()

        def work() -> list[str]:
            ruleset = landlock.create_ruleset(
                Rights(FS(0), Net.CONNECT_TCP | Net.BIND_TCP, Scope(0))
            )
            process.set_no_new_privs()
            landlock.restrict_self(ruleset)
            return [
                error_of(lambda: connect(address)),
                error_of(lambda: socket.create_server(("127.0.0.1", 0)).close()),
            ]

        assert in_child(work, user) == ["EACCES", "EACCES"]


@pytest.mark.requires(landlock=6)
def test_scopes() -> None:
    """Its own children it may signal; its parent and abstract sockets outside, not reach."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0nono-test-{os.getpid()}")
        server.listen()
        name = server.getsockname()

        def work() -> list[str]:
            restrict()
            child = os.fork()
            if child == 0:
                signal.pause()
            own = error_of(lambda: os.kill(child, signal.SIGKILL))
            os.waitpid(child, 0)
            with socket.socket(socket.AF_UNIX) as client:
                reached = error_of(lambda: client.connect(name))
            return [own, error_of(lambda: os.kill(os.getppid(), 0)), reached]

        assert in_child(work) == ["", "EPERM", "EPERM"]
