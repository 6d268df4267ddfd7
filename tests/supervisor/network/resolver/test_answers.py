"""Upstream resolution against a DNS server of ours."""

from __future__ import annotations

import errno

import pytest
import trio
import trio.testing

from nono.supervisor.errors import NoAnswer, UnknownHost, UnusableAnswer
from nono.supervisor.network import resolver
from nono.supervisor.network.resolver import MAX_ADDRESSES
from tests.supervisor.network.resolver.conftest import Clock, Files
from tests.supervisor.network.upstream import FakeDns


async def test_families_take_turns_and_ipv6_is_first(server: FakeDns, files: Files) -> None:
    asked = files.resolver(server.server)
    expected = ("2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert asked.cached("both.example") is None
    assert await asked.addresses("both.example") == expected
    assert sorted(server.queries) == [("both.example", "A"), ("both.example", "AAAA")]
    assert not server.tcp_queries
    assert asked.cached("both.example") == expected
    assert await asked.addresses("four.example") == ("192.0.2.4",)
    assert await asked.addresses("six.example") == ("2001:db8::6",)


async def test_an_alias_is_followed(server: FakeDns, files: Files) -> None:
    asked = files.resolver(server.server)
    assert (await asked.addresses("alias.example"))[0] == "2001:db8::1"
    assert await asked.addresses("link1.example") == ("192.0.2.16",)
    with pytest.raises(UnusableAnswer):
        await asked.addresses("link0.example")  # 16 aliases
    with pytest.raises(UnusableAnswer):
        await asked.addresses("loop.example")
    with pytest.raises(UnknownHost):
        await asked.addresses("nowhere.example")


async def test_what_has_no_address(server: FakeDns, files: Files, clock: Clock) -> None:
    asked = files.resolver(server.server)
    for host in ("absent.example", "none.example"):
        for _ in range(2):
            with pytest.raises(UnknownHost) as caught:
                await asked.addresses(host)
            assert caught.value.errno == errno.EHOSTUNREACH and caught.value.host == host
            assert str(caught.value) == f"{host}: there is no such host"
            assert asked.cached(host) is None
        assert server.queries.count((host, "A")) == 1
    clock.now += 10
    with pytest.raises(UnknownHost):
        await asked.addresses("absent.example")
    assert server.queries.count(("absent.example", "A")) == 2


@pytest.mark.parametrize("fault", ["SERVFAIL", "REFUSED", "NXDOMAIN", "silent"])
async def test_a_failing_aaaa_does_not_spoil_a(server: FakeDns, files: Files, fault: str) -> None:
    if fault == "silent":
        server.silent = frozenset({"AAAA"})
    else:
        server.rcodes = {"AAAA": fault}
    files.resolv_conf.write_text("options timeout:30\n")
    asked = files.resolver(server.server)
    with trio.fail_after(25):  # long before the question's own end
        found = await asked.addresses("both.example")
    assert found == ("192.0.2.1", "192.0.2.2", "192.0.2.3")


@pytest.mark.parametrize("fault", ["SERVFAIL", "silent"])
async def test_a_failing_a_does_not_spoil_aaaa(
    server: FakeDns, files: Files, clock: Clock, fault: str
) -> None:
    server.silent = frozenset({"A"} if fault == "silent" else ())
    server.rcodes = {"A": "SERVFAIL"}
    asked = files.resolver(server.server)
    assert await asked.addresses("both.example") == ("2001:db8::1",)
    # Half an answer is not kept for the whole of its time.
    clock.now += 2
    server.silent, server.rcodes = frozenset(), {}
    assert len(await asked.addresses("both.example")) == 4


async def test_ipv6_first_waits_for_a_slower_ipv4(server: FakeDns, files: Files) -> None:
    server.delay = {"A": 0.1}
    assert len(await files.resolver(server.server).addresses("both.example")) == 4


async def test_a_server_that_fails(server: FakeDns, files: Files) -> None:
    server.rcodes = {"A": "SERVFAIL", "AAAA": "SERVFAIL"}
    with pytest.raises(UnusableAnswer) as caught:
        await files.resolver(server.server).addresses("both.example")
    assert caught.value.errno == errno.EHOSTUNREACH


async def test_a_dead_server(server: FakeDns, files: Files) -> None:
    server.silent = frozenset({"A", "AAAA"})
    with pytest.raises(NoAnswer) as caught:
        await files.resolver(server.server).addresses("both.example")
    assert caught.value.errno == errno.ETIMEDOUT and isinstance(caught.value, TimeoutError)


async def test_the_next_server_is_asked(server: FakeDns, files: Files) -> None:
    with FakeDns({}, "127.0.0.2") as first:
        first.silent = frozenset({"A", "AAAA"})
        asked = files.resolver(first.server, server.server)
        assert await asked.addresses("four.example") == ("192.0.2.4",)
        first.silent, first.rcodes = frozenset(), {"A": "SERVFAIL", "AAAA": "SERVFAIL"}
        assert await asked.addresses("six.example") == ("2001:db8::6",)
        assert ("six.example", "A") in first.queries


async def test_the_whole_time_is_bounded(
    server: FakeDns, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.resolv_conf.write_text("options timeout:30 attempts:5\n")
    monkeypatch.setattr(resolver, "_MAX_SECONDS", 0.2)
    server.silent = frozenset({"A", "AAAA"})
    with pytest.raises(NoAnswer):
        await files.resolver(server.server).addresses("both.example")


async def test_the_servers_of_resolv_conf(
    server: FakeDns, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_DNS_PORT", server.port)
    asked = files.resolver()
    files.resolv_conf.write_text(f"nameserver {server.address}\n")
    assert await asked.addresses("four.example") == ("192.0.2.4",)
    assert not server.tcp_queries
    # The file is read again, as when the machine changes its network.
    with FakeDns({"six.example": ["192.0.2.99"]}, "127.0.0.2", server.port) as other:
        files.resolv_conf.write_text(f"nameserver {other.address}\noptions use-vc\n")
        assert await asked.addresses("six.example") == ("192.0.2.99",)
        assert len(other.tcp_queries) == len(other.queries) == 2


async def test_the_search_list_is_for_names_with_few_dots(server: FakeDns, files: Files) -> None:
    asked = files.resolver(server.server)
    assert await asked.addresses("db") == ("192.0.2.7",)
    with pytest.raises(UnknownHost):
        await asked.addresses("www.other")
    assert ("www.other.corp.example", "A") not in server.queries
    files.resolv_conf.write_text("search corp.example\noptions ndots:2\n")
    assert await files.resolver(server.server).addresses("www.other") == ("192.0.2.8",)
    files.resolv_conf.write_text("search\n")
    server.queries.clear()
    with pytest.raises(UnknownHost):
        await files.resolver(server.server).addresses("db")
    assert {name for name, _ in server.queries} == {"db"}


async def test_the_hosts_file_is_first(server: FakeDns, files: Files) -> None:
    asked = files.resolver(server.server)
    files.hosts.write_text("127.0.0.1 localhost\n::1 localhost\n10.0.0.1 Both.Example\n")
    assert await asked.addresses("both.example") == ("10.0.0.1",)
    assert asked.cached("both.example") == ("10.0.0.1",)
    assert await asked.addresses("localhost") == ("::1", "127.0.0.1")
    assert not server.queries
    files.hosts.write_text("10.0.0.22 both.example\n")
    assert asked.cached("both.example") is None  # it would have to read the file
    assert await asked.addresses("both.example") == ("10.0.0.22",)
    files.hosts.unlink()
    assert len(await asked.addresses("both.example")) == 4


async def test_an_address_stands_for_itself(server: FakeDns, files: Files) -> None:
    asked = files.resolver(server.server)
    assert await asked.addresses("192.0.2.200") == ("192.0.2.200",)
    assert await asked.addresses("2001:DB8::0") == asked.cached("2001:db8:0::") == ("2001:db8::",)
    assert not server.queries


@pytest.mark.parametrize(
    "host", ["", ".", "a..b", "a" * 64, ".".join(["a" * 60] * 5), "b\xfccher.example", "\ud800"]
)
async def test_what_can_be_no_name_is_not_asked_for(
    server: FakeDns, files: Files, host: str
) -> None:
    with pytest.raises(UnknownHost):
        await files.resolver(server.server).addresses(host)
    assert not server.queries


async def test_a_backslash_is_a_letter(server: FakeDns, files: Files) -> None:
    with pytest.raises(UnknownHost):
        await files.resolver(server.server).addresses(r"four\046example.x")
    assert (r"four\\046example.x", "A") in server.queries


async def test_a_truncated_answer_is_asked_for_over_tcp(
    server: FakeDns, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_PATIENCE", {"AAAA": 30.0, "A": 30.0})
    found = await files.resolver(server.server).addresses("many.example")
    assert sorted(server.tcp_queries) == [("many.example", "A"), ("many.example", "AAAA")]
    assert len(server.queries) == 4
    # Of so many, the first of each family are kept.
    assert len(found) == 2 * MAX_ADDRESSES and len(set(found)) == len(found)
    assert [":" in address for address in found] == [True, False] * MAX_ADDRESSES


async def test_a_hosts_file_is_bounded_too(server: FakeDns, files: Files) -> None:
    files.hosts.write_text("".join(f"10.0.0.{last} host\n" for last in range(100)))
    found = await files.resolver(server.server).addresses("host")
    assert found == tuple(f"10.0.0.{last}" for last in range(MAX_ADDRESSES))
