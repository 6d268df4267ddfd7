"""Real programs against an internet of ours: what each may reach, and what it may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.conftest import TIMEOUT, Account, Finished, Nono
from tests.supervisor.network.world import Host, World, world

SECURE = "https://secure.example.net"
PLAIN = "http://plain.example.net"
DENIED = "https://denied.example.org"
PAGES = ["this is secure.example.net", "this is plain.example.net"]


@dataclass(frozen=True)
class Internet:
    """A world with two hosts that programs may reach, and one that they may not."""

    world: World
    secure: Host
    plain: Host
    denied: Host
    ca: Path


class Client(Protocol):
    """The `client` fixture: run a command that may reach the allowed hosts, and these."""

    def __call__(
        self,
        *command: str | Path,
        hosts: Mapping[str, Host] | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
        options: Sequence[str] = (),
    ) -> Finished: ...


def refused(times: int = 1, name: str = "denied.example.org", port: int = 443) -> list[str]:
    """What nono reports after so many attempts to reach a host, and nothing else refused."""
    calls = f"{times} calls" if times > 1 else "1 call"
    often = f" ({times} times)" if times > 1 else ""
    entry = name if port == 443 else f"{name}:{port}"
    return [
        f"nono: {calls} refused:",
        f"  connect to {name} port {port}{often}: no rule allows it  hint: --allow-domain {entry}",
    ]


def report(done: Finished) -> list[str]:
    """What nono said, after the program's own errors."""
    lines = done.stderr.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith("nono:")), len(lines))
    return lines[first:]


@pytest.fixture(scope="session")
def internet(place: Path) -> Iterator[Internet]:
    """The hosts of SECURE, PLAIN and DENIED."""
    with world() as made:
        secure = made.https("secure.example.net")
        plain = made.http("plain.example.net")
        denied = made.https("denied.example.org")
        yield Internet(made, secure, plain, denied, made.ca(place / "ca.pem"))


@pytest.fixture
def client(nono: Nono, internet: Internet, project: Path, as_user: Account) -> Iterator[Client]:
    """Run a command in the project, whose `ca.pem` signs for every host.

    Each entry of `hosts` is one for `--allow-domain`, and the host that it is for. The denied
    host must never see a connection.
    """
    as_user.file(project / "ca.pem", internet.ca.read_text())

    def run(
        *command: str | Path,
        hosts: Mapping[str, Host] | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
        options: Sequence[str] = (),
    ) -> Finished:
        allowed = {each.name: each for each in (internet.secure, internet.plain)}
        allowed |= hosts or {}
        flags = [f"--allow-domain={entry}" for entry in allowed]
        # The denied host's address is within reach, so that only its name keeps it out.
        flags += options
        flags += internet.world.flags(*allowed.values(), internet.denied)
        return nono("run", "--allow-cwd", *flags, "--", *command, env=env, timeout=timeout)

    yield run
    assert internet.denied.connections == []
    assert "denied.example.org" not in {name for name, _ in internet.world.dns.queries}


@pytest.fixture
def python(as_user: Account) -> str:
    """The account's interpreter, which has the libraries of the test extra."""
    return as_user.python
