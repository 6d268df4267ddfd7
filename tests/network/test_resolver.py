"""Upstream resolution against a DNS server of ours."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from nono.supervisor.errors import NoAnswer, ResolutionError, UnknownHost, UnusableAnswer
from nono.supervisor.network import hosts_file, resolv_conf, resolver
from nono.supervisor.network.resolv_conf import ResolvConf
from nono.supervisor.network.resolver import MAX_ADDRESSES, Resolver
from tests.network.upstream import FakeDns

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
    with trio.fail_after(10):  # long before the question's own end
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


async def test_a_truncated_answer_is_asked_for_over_tcp(server: FakeDns, files: Files) -> None:
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


@pytest.mark.parametrize(("ttl", "kept"), [(0, 1), (60, 60), (2**31 - 1, 3600)])
async def test_an_answer_is_kept_for_its_time(
    server: FakeDns, files: Files, clock: Clock, ttl: int, kept: int
) -> None:
    server.ttl = ttl
    asked = files.resolver(server.server)
    await asked.addresses("four.example")
    clock.now += kept - 0.5
    assert await asked.addresses("four.example") == asked.cached("four.example")
    assert len(server.queries) == 2
    clock.now += 1
    assert asked.cached("four.example") is None
    await asked.addresses("four.example")
    assert len(server.queries) == 4


async def test_one_question_for_all_who_ask(server: FakeDns, files: Files) -> None:
    server.delay = {"A": 0.1, "AAAA": 0.1}
    asked = files.resolver(server.server)
    results: list[tuple[str, ...]] = []

    async def ask() -> None:
        results.append(await asked.addresses("four.example"))

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(ask)
    assert results == [("192.0.2.4",)] * 50
    assert len(server.queries) == 2


async def test_when_the_one_who_asks_is_cancelled_another_asks(
    server: FakeDns, files: Files
) -> None:
    server.silent = frozenset({"A", "AAAA"})
    files.resolv_conf.write_text("options timeout:30 attempts:5\n")
    asked = files.resolver(server.server)
    results: list[tuple[str, ...]] = []
    first = trio.CancelScope()

    async def ask_first() -> None:
        with first:
            await asked.addresses("four.example")

    async def ask() -> None:
        results.append(await asked.addresses("four.example"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_first)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(5):
            nursery.start_soon(ask)
        while len(server.queries) < 2:
            await trio.sleep(0.01)
        assert not results
        server.silent = frozenset()
        first.cancel()
    assert results == [("192.0.2.4",)] * 5
    assert len(server.queries) == 4


async def test_a_cancelled_question_leaves_nothing(server: FakeDns, files: Files) -> None:
    server.silent = frozenset({"A", "AAAA"})
    asked = files.resolver(server.server)
    before = descriptors()
    with trio.move_on_after(0.1) as scope:
        await asked.addresses("four.example")
    assert scope.cancelled_caught and descriptors() == before
    server.silent = frozenset()
    assert await asked.addresses("four.example") == ("192.0.2.4",)
    assert descriptors() == before


async def test_many_names_at_once_keep_few_sockets_and_few_names(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_MAX_KNOWN", 10)
    monkeypatch.setattr(resolver, "_MAX_QUESTIONS", 4)
    names = [f"n{number}.example" for number in range(100)]
    with FakeDns({name: ["192.0.2.1"] for name in names}) as server:
        server.delay = {"A": 0.05, "AAAA": 0.05}
        asked = files.resolver(server.server)
        before = descriptors()
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(asked.addresses, name)
            await trio.testing.wait_all_tasks_blocked()
            assert len(descriptors() - before) == 2 * 4
    assert sum(asked.cached(name) is not None for name in names) == 10


async def test_another_thread_may_look(server: FakeDns, files: Files) -> None:
    asked = files.resolver(server.server)
    expected = await asked.addresses("both.example")
    seen: list[tuple[str, ...] | None] = []
    thread = threading.Thread(target=lambda: seen.append(asked.cached("both.example")))
    thread.start()
    thread.join()
    assert seen == [expected]


async def test_false_answers_are_passed_over(server: FakeDns, files: Files) -> None:
    """Another id, another question, a query, noise: what somebody may send who guesses."""

    def forgeries(query: bytes) -> list[bytes]:
        other_id = bytes([query[0] ^ 1]) + query[1:2] + b"\x81\x80" + query[4:]
        other_name = query[:2] + b"\x81\x80" + query[4:13] + b"g" + query[14:]
        return [b"", b"\0", query, other_id, other_name, query[:12], bytes(512), query[:2] * 30]

    server.before = forgeries
    assert await files.resolver(server.server).addresses("four.example") == ("192.0.2.4",)


@pytest.mark.parametrize("cut", [0, 2, 11, 12, 20])
async def test_a_malformed_answer_over_tcp(files: Files, cut: int) -> None:
    """The server says nonsense and closes: an error of ours, not of dnspython's."""
    files.resolv_conf.write_text("options use-vc timeout:1 attempts:1\n")
    listener = socket.create_server(("127.0.0.1", 0))

    async def talk(stream: trio.SocketStream) -> None:
        query = await stream.receive_some(512)
        reply = query[2:4] + b"\x81\x80" + query[6:]
        await stream.send_all(cut.to_bytes(2, "big") + reply[:cut])

    async with trio.open_nursery() as nursery:
        listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        nursery.start_soon(trio.serve_listeners, talk, [listening])
        with pytest.raises(ResolutionError):
            await files.resolver(listener.getsockname()).addresses("four.example")
        nursery.cancel_scope.cancel()


def test_hosts_file() -> None:
    content = b"""
# a comment
127.0.0.1\tlocalhost  # another
::1 localhost ip6-LOCALHOST
10.0.0.1 Name.Example. name
10.0.0.1 name
010.0.0.1 octal
10.1 short
fe80::1%lo scoped
300.0.0.1 wrong
name 10.0.0.2
b\xc3\xbc 10.0.0.3
10.0.0.4 b\xc3\xbc ok
2001:DB8:0::1 six
10.0.0.5
"""
    assert hosts_file.parse(content) == {
        "localhost": ("127.0.0.1", "::1"),
        "ip6-localhost": ("::1",),
        "name.example": ("10.0.0.1",),
        "name": ("10.0.0.1",),
        "ok": ("10.0.0.4",),
        "six": ("2001:db8::1",),
    }


def test_a_hosts_file_of_any_length() -> None:
    line = b"10.0.0.1 first\n"
    padding = b"#" * (hosts_file.MAX_BYTES - 2 * len(line) - 1) + b"\n"
    assert hosts_file.parse(line + padding + b"10.0.0.2 other\n") == {
        "first": ("10.0.0.1",),
        "other": ("10.0.0.2",),
    }
    # One byte more, and the last line is cut.
    assert hosts_file.parse(line + padding + b"10.0.0.2 others\n") == {"first": ("10.0.0.1",)}
    assert hosts_file.parse(b"1" * 2 * hosts_file.MAX_BYTES) == {}


@given(st.binary() | st.text(st.sampled_from("10.:ae \t#%\n\0"), max_size=80).map(str.encode))
def test_hosts_file_of_any_bytes(content: bytes) -> None:
    for name, addresses in hosts_file.parse(content).items():
        assert name == name.lower() and name.isascii() and addresses


def test_resolv_conf() -> None:
    content = b"""; generated
# nameserver 9.9.9.9
nameserver 192.0.2.53
nameserver fe80::53%eth0
nameserver nonsense
nameserver 2001:db8::53 # why
nameserver 192.0.2.54
domain corp.example
search a.example b.example
options ndots:3 timeout:2 attempts:4 rotate use-vc edns0 unknown:x
"""
    assert resolv_conf.parse(content) == ResolvConf(
        ("192.0.2.53", "fe80::53%eth0", "2001:db8::53"),
        ("a.example", "b.example"),
        ndots=3,
        timeout=2,
        attempts=4,
        rotate=True,
        use_vc=True,
    )
    assert resolv_conf.parse(b"") == ResolvConf(("127.0.0.1",))
    extreme = resolv_conf.parse(b"options timeout:99999 attempts:0 ndots:-1\ndomain x\n")
    assert extreme == ResolvConf(search=("x",), timeout=30, attempts=1)


@given(st.binary() | st.text(st.sampled_from("option timeu:019.\n\t"), max_size=80).map(str.encode))
def test_resolv_conf_of_any_bytes(content: bytes) -> None:
    conf = resolv_conf.parse(content)
    assert 1 <= len(conf.nameservers) <= 3 and 1 <= conf.timeout <= 30
