"""The machine's own hosts file and resolv.conf."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nono.supervisor.network import hosts_file, resolv_conf
from nono.supervisor.network.resolv_conf import ResolvConf


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


def test_names_that_a_machine_has_for_itself() -> None:
    names = hosts_file.parse(
        b"127.0.0.1 dev.test both.test\n::1 dev.test\n10.0.0.1 both.test\n0.0.0.0 ads.test\n"
    )
    assert hosts_file.on_loopback(names, "dev.test") == ("127.0.0.1", "::1")
    for other in ("both.test", "ads.test", "absent.test"):
        assert hosts_file.on_loopback(names, other) == ()
