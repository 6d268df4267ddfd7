"""The hosts file that a program sees where hosts are known by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from nono.supervisor.linux.network import resolver_files
from nono.supervisor.network import hosts_file


def hosts(monkeypatch: pytest.MonkeyPatch, machine: str) -> Mapping[str, tuple[str, ...]]:
    """What it says on a machine that has `machine` in its own."""
    lines = machine.encode().splitlines()
    found = hosts_file.parse(b"\n".join(lines)).get("localhost", ())
    monkeypatch.setattr(resolver_files, "of_this_machine", lambda name: found)
    made = resolver_files.resolver_files({"/hosts": "/etc/hosts"})
    return hosts_file.parse(made["/hosts"])


@pytest.mark.parametrize(
    ("machine", "addresses"),
    [
        ("127.0.0.1 localhost\n127.0.0.1 vm", ("127.0.0.1",)),
        ("127.0.0.1 localhost\n::1 ip6-localhost", ("127.0.0.1",)),
        ("127.0.0.1 localhost\n0:0:0:0:0:0:0:1 LOCALHOST", ("127.0.0.1", "::1")),
        ("::1 localhost", ("127.0.0.1", "::1")),
        ("", ("127.0.0.1", "::1")),
    ],
)
def test_localhost_is_what_it_is_outside(
    monkeypatch: pytest.MonkeyPatch, machine: str, addresses: tuple[str, ...]
) -> None:
    found = hosts(monkeypatch, machine)
    assert found["localhost"] == addresses
    assert found["ip6-localhost"] == found["ip6-loopback"] == ("::1",)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The machine's own file, for what opens it by its name."""
    path = tmp_path / "hosts"

    def opened(name: str, mode: str) -> object:
        assert (name, mode) == ("/etc/hosts", "rb")
        return path.open("rb")

    monkeypatch.setattr(hosts_file, "open", opened, raising=False)
    yield path


def test_one_name_of_a_long_file(machine: Path) -> None:
    """Lines that do not speak of it are not understood; one that the bound cuts does not count."""
    machine.write_text("127.0.0.1 localhost # here\n" + "0.0.0.0 ad.example\n" * 60_000)
    assert hosts_file.of_this_machine("localhost") == ("127.0.0.1",)
    with machine.open("a") as file:
        file.write("::1 localhost\n")
    assert machine.stat().st_size > hosts_file.MAX_BYTES
    assert hosts_file.of_this_machine("localhost") == ("127.0.0.1",)
    assert hosts_file.of_this_machine("ad.example") == ()
    machine.write_text("127.0.0.1 localhost\n10.0.0.1 localhost\n")
    assert hosts_file.of_this_machine("localhost") == ()
