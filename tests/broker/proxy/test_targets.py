"""What a client of the proxy may say that it wants to reach, and what is nothing."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.errors import InvalidHost
from nono.broker.proxy.targets import Target, of_authority, of_url, target_of


@pytest.mark.parametrize(
    ("said", "host", "port"),
    [
        (b"a.example:443", "a.example", 443),
        (b"A.Example.:443", "a.example", 443),
        (b"localhost:8080", "localhost", 8080),
        (b"under_score.example:1", "under_score.example", 1),
        (b"xn--bcher-kva.example:65535", "xn--bcher-kva.example", 65535),
        (b"192.0.2.1:80", "192.0.2.1", 80),
        (b"[2001:DB8::1]:80", "2001:db8::1", 80),
        (b"[::ffff:169.254.169.254]:80", "169.254.169.254", 80),
    ],
)
def test_an_authority(said: bytes, host: str, port: int) -> None:
    assert of_authority(said) == Target(host, port)
    assert of_url(b"http://" + said)[0] == Target(host, port)


NOWHERE = [
    *(b"", b":443", b"a.example", b"a.example:", b"a.example:0", b"a.example:65536"),
    *(b"a.example:0443", b"a.example:+443", b"a.example:443x", b"a.example:-1"),
    *(b"a.example: 443", b"a.example:443 ", b"a.example\t:443", b"a.example:44\x003"),
    *(b"me@a.example:443", b"me:pw@a.example:443", b"a.example:80@b.example:443"),
    *(b"a%2eexample:443", b"a.example%00.b.example:443", b"a\x00.example:443"),
    *(b"b\xc3\xbccher.example:443", b"a..example:443", b".a.example:443", b"-a.example:443"),
    *(b"a.example/:443", b"a.example#:443", b"a.example?x:443", b"a.example\\b:443"),
    *(b"127.1:80", b"2130706433:80", b"0x7f000001:80", b"0177.0.0.1:80", b"127.0.0.01:80"),
    *(b"::1:443", b"[::1]", b"[::1]443", b"[::1:443", b"[127.0.0.1]:443", b"[a.example]:443"),
    *(b"[fe80::1%eth0]:443", b"[fe80::1%25eth0]:443", b"[v1.x]:443", b"*.example:443"),
    *(b"http://a.example:443", b"*", b"/", b"a" * 64 + b".example:443", b"a." * 127 + b"ab:1"),
]


@pytest.mark.parametrize("said", NOWHERE)
def test_what_is_no_authority(said: bytes) -> None:
    with pytest.raises(InvalidHost):
        of_authority(said)


@pytest.mark.parametrize(
    ("said", "port", "path"),
    [
        (b"http://a.example", 80, b"/"),
        (b"HTTP://a.example:8080/x?y=%20", 8080, b"/x?y=%20"),
        (b"http://a.example?q", 80, b"/?q"),
        (b"http://a.example//b.example/@", 80, b"//b.example/@"),
    ],
)
def test_a_url(said: bytes, port: int, path: bytes) -> None:
    assert of_url(said) == (Target("a.example", port), path)


@pytest.mark.parametrize(
    "said",
    [
        *(b"https://a.example/", b"ftp://a.example/", b"//a.example/", b"/x", b"a.example/"),
        *(
            b"http:a.example",
            b"http:///x",
            b"http://",
            b"http://a.example#x",
            b"http://a.example/#",
        ),
        *(b"http://me@a.example/", b"http://me:pw@a.example/", b"http://a.example:/"),
        *(b"http://a.example\\@b.example/", b"http://a.example:80:80/", b"http://a.example/ x"),
        *(b"http://a.example/\xff", b"http://a.example/\x00", b"http://%61.example/"),
    ],
)
def test_what_is_no_url(said: bytes) -> None:
    with pytest.raises(InvalidHost):
        of_url(said)


@given(st.binary(max_size=80), st.integers(-1, 70000))
def test_any_bytes_are_a_plain_target_or_none(host: bytes, port: int) -> None:
    """A target that was taken is taken again, as the same."""
    for found in (_target_of(host, port), _of_authority(host)):
        if found is not None:
            assert 1 <= found.port <= 65535
            assert of_authority(found.authority.encode()) == found


def _target_of(host: bytes, port: int) -> Target | None:
    with contextlib.suppress(InvalidHost):
        return target_of(host, port)
    return None


def _of_authority(said: bytes) -> Target | None:
    with contextlib.suppress(InvalidHost):
        return of_authority(said)
    return None
