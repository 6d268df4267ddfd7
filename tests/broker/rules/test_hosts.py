"""Host names have one form, and entries for hosts mean what they look like."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker import (
    DEFAULT_PORTS,
    AddressBlock,
    HostName,
    HostSuffix,
    InvalidHost,
    LocalPort,
    PublicPort,
    canonical_host,
    parse_port,
)
from nono.broker.network.host_entries import parse_host, split_port

LABEL = "l" * 63
LONG = ".".join([LABEL, LABEL, LABEL, "m" * 61])


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.Org.", "example.org"),
        ("localhost", "localhost"),
        ("_dmarc.example.org", "_dmarc.example.org"),
        ("a--b.example", "a--b.example"),
        ("1.example", "1.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("faß.de", "xn--fa-hia.de"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45\uff0e\uff4f\uff52\uff47", "example.org"),
        ("_x.bücher.example", "_x.xn--bcher-kva.example"),
        ("bücher.example.", "xn--bcher-kva.example"),
        (f"{LABEL}.example", f"{LABEL}.example"),
        (LONG, LONG),
        (LONG + ".", LONG),
    ],
)
def test_every_spelling_has_one_form(name: str, canonical: str) -> None:
    assert canonical_host(name) == canonical
    assert canonical_host(canonical) == canonical


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "example..org",
        ".example.org",
        "example.org..",
        "example.org\0",
        "exa\0mple.org",
        "\0",
        "exam ple.org",
        "example.org\n",
        "user@example.org",
        "example.org:80",
        "example.org/x",
        "*.example.org",
        "-a.example",
        "a-.example",
        "l" * 64 + ".example",
        "l" * 255 + ".example",
        LONG + "x",
        "ü" * 64 + ".example",
        "a\u2028b.example",
        "ex\u202eample.org",
        "\udcff.example",
        "\ud800",
        "a\uff0fb.example",
        "\uff11\uff12\uff17.0.0.\uff11",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "example.0X",
        "::1",
        "[::1]",
        "x" * 100_000,
        "ü" * 100_000,
    ],
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(InvalidHost) as caught:
        canonical_host(name)
    assert caught.value.hint and len(caught.value.message) < 500


any_name = st.one_of(
    st.text(max_size=300),
    st.text(alphabet=".-_*aZ09ü。ß\0%:/", max_size=40),
    st.from_regex(r"[a-zA-Z0-9_-]{1,63}(\.[a-zA-Zäöüß-]{1,20}){0,5}\.?", fullmatch=True),
)


@pytest.mark.long
@settings(max_examples=1000)
@given(any_name)
@example("\u00ad")
@example("xn--")
@example("xn--a.ü")
def test_a_form_is_plain_and_its_own_form(name: str) -> None:
    try:
        form = canonical_host(name)
    except InvalidHost:
        return
    assert form.isascii() and form == form.lower() and 0 < len(form) <= 253
    assert set(form) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert all(0 < len(label) <= 63 for label in form.split("."))
    assert (
        canonical_host(form) == canonical_host(form.upper()) == canonical_host(form + ".") == form
    )


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("pypi.org", HostName("pypi.org")),
        ("PyPI.org.", HostName("pypi.org")),
        ("pypi.org:8443", HostName("pypi.org", (8443,))),
        ("bücher.example:443", HostName("xn--bcher-kva.example", (443,))),
        ("build_host", HostName("build_host")),
        ("*.pythonhosted.org", HostSuffix("pythonhosted.org")),
        (".googleapis.com", HostSuffix("googleapis.com")),
        ("*.Example.ORG.:8080", HostSuffix("example.org", (8080,))),
        ("10.0.0.5", AddressBlock("10.0.0.5/32", DEFAULT_PORTS)),
        ("10.0.0.5:5432", AddressBlock("10.0.0.5/32", (5432,))),
        ("10.0.0.0/8", AddressBlock("10.0.0.0/8", DEFAULT_PORTS)),
        ("10.0.0.0/8:22", AddressBlock("10.0.0.0/8", (22,))),
        ("fd00::1", AddressBlock("fd00::1/128", DEFAULT_PORTS)),
        ("FD00:0::1", AddressBlock("fd00::1/128", DEFAULT_PORTS)),
        ("[fd00::1]:443", AddressBlock("fd00::1/128", (443,))),
        ("[fd00::1]", AddressBlock("fd00::1/128", DEFAULT_PORTS)),
        ("[fd00::/8]:22", AddressBlock("fd00::/8", (22,))),
        ("fd00::/8", AddressBlock("fd00::/8", DEFAULT_PORTS)),
        ("::ffff:10.0.0.5", AddressBlock("10.0.0.5/32", DEFAULT_PORTS)),
        ("::ffff:10.0.0.0/104", AddressBlock("10.0.0.0/8", DEFAULT_PORTS)),
        ("::/0", AddressBlock("::/0", DEFAULT_PORTS)),
    ],
)
def test_an_entry(text: str, pattern: HostName | HostSuffix | AddressBlock) -> None:
    parsed = parse_host(text)
    assert parsed == pattern
    assert parsed.spelled == text


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("https://pypi.org/simple", "URL", "pypi.org"),
        ("HTTP://u:p@pypi.org:80?q", "URL", "pypi.org:80"),
        ("pypi.org/simple", "path", "pypi.org"),
        ("pypi.org:443/simple", "port", "1 to 65535"),
        ("*", "every host", "--allow-connect-port"),
        ("*:443", "every host", "--allow-connect-port"),
        ("api.*.org", "*", "*.example.org"),
        ("a*.example.org", "*", "*.example.org"),
        ("*example.org", "*", "*.example.org"),
        ("*.*.org", "not the name", "example.org"),
        ("pypi.org:0", "'0' is not a port", "1 to 65535"),
        ("pypi.org:65536", "not a port", "1 to 65535"),
        ("pypi.org:", "'' is not a port", "1 to 65535"),
        ("pypi.org:-1", "not a port", "1 to 65535"),
        ("pypi.org:٣", "not a port", "1 to 65535"),
        ("10.0.0.5/8", "not a block", "10.0.0.0/8"),
        ("10.0.0.0/33", "not a block", "prefix"),
        ("10.0.0.0/", "not a block", "prefix"),
        ("fd00::1/8", "not a block", "fd00::/8"),
        ("fd00::x", "not an IPv6 address", "fd00::1"),
        ("fe80::1%eth0", "not an IPv6 address", "fd00::1"),
        ("[fd00::1", "brackets", "[fd00::1]:443"),
        ("[fd00::1]443", "brackets", "[fd00::1]:443"),
        ("[pypi.org]:443", "brackets", "[fd00::1]:443"),
        ("localhost:8080", "this machine", "--open-port 8080"),
        ("db.localhost", "this machine", "--open-port"),
        ("127.1", "number", "example.org"),
        ("", "not the name", "example.org"),
        ("a b", "not the name", "example.org"),
        ("\0", "not the name", "example.org"),
        ("x" * 5000, "too long", "host"),
    ],
)
def test_an_entry_that_cannot_be_meant_says_what_to_write(text: str, said: str, hint: str) -> None:
    with pytest.raises(InvalidHost) as caught:
        parse_host(text)
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.message


entry_text = st.one_of(any_name, st.text(alphabet="*.:/[]%0123456789abf\0", max_size=30))


@pytest.mark.long
@settings(max_examples=1000)
@given(entry_text)
def test_an_entry_parses_or_says_why(text: str) -> None:
    try:
        parsed = parse_host(text)
    except InvalidHost as error:
        assert error.message and error.hint
        return
    assert parsed.spelled == text
    assert parsed.ports is not None and all(1 <= port <= 65535 for port in parsed.ports)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_an_address_with_a_port_is_split(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    text = f"[{address}]" if address.version == 6 else str(address)
    assert split_port(f"{text}:{port}") == (str(address), port)
    assert split_port(text) == (str(address), None)


@pytest.mark.parametrize(
    "text", ["", "0", "65536", "99999999999", "-1", "+1", " 1", "1_0", "٣", "x"]
)
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(InvalidHost):
        parse_port(text)


def test_ports() -> None:
    assert [parse_port(text) for text in ("1", "080", "65535")] == [1, 80, 65535]


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_pattern_has_ports_that_exist(port: int) -> None:
    for make in (
        lambda: HostName("x.org", (port,)),
        lambda: HostSuffix("x.org", (port,)),
        lambda: AddressBlock("10.0.0.0/8", (port,)),
        lambda: PublicPort(port),
        lambda: LocalPort(port),
    ):
        with pytest.raises(InvalidHost):
            make()


@pytest.mark.parametrize("host", ["Example.org", "example.org.", "bücher.de"])
def test_a_pattern_has_the_plain_form(host: str) -> None:
    for kind in (HostName, HostSuffix):
        with pytest.raises(InvalidHost) as caught:
            kind(host)
        assert canonical_host(host) in caught.value.hint
