"""Synthetic addresses: one for each name, never two names for one."""

from __future__ import annotations

import ipaddress
import sys
import threading

from hypothesis import given
from hypothesis import strategies as st

from nono.supervisor.linux.network.synthetic_names import SYNTHETIC, SyntheticNames

COUNT = len(SYNTHETIC)


@given(st.lists(st.text(min_size=1, max_size=20), max_size=50))
def test_each_name_has_one_address_that_means_it(hosts: list[str]) -> None:
    names = SyntheticNames()
    addresses = {host: names.address_of(host) for host in hosts}
    assert len(set(addresses.values())) == len(addresses)
    for host, address in addresses.items():
        assert address is not None
        assert int(ipaddress.IPv4Address(address)) in SYNTHETIC
        assert names.address_of(host) == address
        assert names.host_of(address) == host


@given(st.text() | st.ip_addresses().map(str))
def test_what_was_never_given_away_means_no_name(address: str) -> None:
    assert SyntheticNames().host_of(address) is None


def test_another_spelling_of_an_address_means_no_name() -> None:
    names = SyntheticNames()
    assert names.address_of("example.org") == "198.18.0.1"
    assert names.host_of("198.18.1") is None
    assert names.host_of("198.18.0.01") is None
    assert names.host_of("::ffff:198.18.0.1") is None


def test_when_all_addresses_are_used_the_known_names_keep_theirs() -> None:
    names = SyntheticNames()
    given_away = {names.address_of(f"host{number}") for number in range(COUNT)}
    assert None not in given_away
    assert len(given_away) == COUNT
    assert not given_away & {"198.18.0.0", "198.19.255.255"}
    assert names.address_of("one-more") is None
    assert names.address_of("host0") == "198.18.0.1"
    assert names.host_of("198.19.255.254") == f"host{COUNT - 1}"


def test_threads_agree() -> None:
    names = SyntheticNames()
    hosts = [f"host{number}.example" for number in range(500)]
    together = threading.Barrier(4)
    seen: list[list[str | None]] = []

    def ask() -> None:
        together.wait()
        addresses = [names.address_of(host) for host in hosts]
        assert [names.host_of(address) for address in addresses if address] == hosts
        seen.append(addresses)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(usual)
    assert len(seen) == 4
    assert all(addresses == seen[0] for addresses in seen)
