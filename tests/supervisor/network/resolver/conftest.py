"""A DNS server, a hosts file and a resolv.conf of ours, and a clock that does as it is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.supervisor.network import resolver
from nono.supervisor.network.resolver import Resolver
from tests.supervisor.network.upstream import FakeDns

RECORDS = {
    "both.example": ["192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"],
    "four.example": ["192.0.2.4"],
    "six.example": ["2001:db8::6"],
    "none.example": [],
    "alias.example": ["both.example"],
    "many.example": [f"192.0.2.{last}" for last in range(100)] + [f"::{n}" for n in range(1, 60)],
    "loop.example": ["pool.example"],
    "pool.example": ["loop.example"],
    "nowhere.example": ["gone.example"],
    "db.corp.example": ["192.0.2.7"],
    "www.other.corp.example": ["192.0.2.8"],
    "metadata.example": ["169.254.169.254"],
} | {f"link{n}.example": [f"link{n + 1}.example"] for n in range(16)}
RECORDS |= {"link16.example": ["192.0.2.16"]}


@pytest.fixture
def server() -> Iterator[FakeDns]:
    with FakeDns(RECORDS) as running:
        yield running


class Files:
    """A hosts file and a resolv.conf."""

    def __init__(self, directory: Path) -> None:
        self.hosts = directory / "hosts"
        self.resolv_conf = directory / "resolv.conf"
        self.hosts.write_text("")
        self.resolv_conf.write_text("search corp.example\noptions timeout:1 attempts:1\n")

    def resolver(self, *servers: tuple[str, int]) -> Resolver:
        return Resolver(servers, str(self.hosts), str(self.resolv_conf))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class Clock:
    """time.monotonic, which these tests can put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(resolver, "time", clock)
    return clock


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))
