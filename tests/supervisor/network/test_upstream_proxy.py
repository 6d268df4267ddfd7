"""A company's proxy: what names it, whom it serves, and what is never shown of it."""

from __future__ import annotations

import base64

import pytest

from nono.broker import InvalidHost
from nono.supervisor import Options, UsageError, make_plan
from nono.supervisor.network.upstream_proxy import VARIABLES, UpstreamProxy, parse_proxy

PASSWORD = "s3cret%21word"


def test_a_proxy_and_its_password() -> None:
    proxy = parse_proxy(f"http://me:{PASSWORD}@Proxy.Example.org:3128/", "HTTPS_PROXY", {})
    assert (proxy.host, proxy.port, proxy.direct) == ("proxy.example.org", 3128, ())
    assert base64.b64decode(proxy.authorization.removeprefix("Basic ")) == b"me:s3cret!word"
    assert "Basic" not in repr(proxy) and "secret" not in repr(proxy)
    assert parse_proxy("10.0.0.1:8080", "x", {}).authority == "10.0.0.1:8080"
    assert parse_proxy("http://[fd00::1]:8080", "x", {}).authority == "[fd00::1]:8080"


@pytest.mark.parametrize(
    "url",
    [
        f"https://me:{PASSWORD}@proxy.example",
        f"socks5://me:{PASSWORD}@proxy.example",
        f"http://me:{PASSWORD}@",
        f"http://me:{PASSWORD}@proxy.example:x",
        f"http://me:{PASSWORD}@[::1",
        f"http://me:{PASSWORD}@a.example/path",
        "http://a b/",
        "",
        "http://x.example/" + "a" * 3000,
    ],
)
def test_what_is_no_proxy_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidHost) as caught:
        parse_proxy(url, "HTTPS_PROXY", {})
    assert "s3cret" not in f"{caught.value.message}{caught.value.hint}"
    with pytest.raises(UsageError) as refused:
        make_plan(Options(allow_domain=["a.example"], upstream_proxy=url))
    assert "s3cret" not in f"{refused.value.message}{refused.value.hint}"


@pytest.mark.parametrize(
    ("entries", "direct", "through"),
    [
        ("", (), ("a.example", "10.0.0.1")),
        ("*", ("a.example", "10.0.0.1"), ()),
        ("corp.example, .org", ("corp.example", "x.corp.example", "a.org"), ("xcorp.example",)),
        ("*.corp.example", ("x.corp.example",), ("corp.test",)),
        ("10.0.0.0/8,fd00::1", ("10.2.3.4", "fd00::1"), ("11.0.0.1", "fd00::2")),
        ("a.example:8443,[bad", ("a.example",), ("b.example",)),
    ],
)
def test_whom_it_does_not_serve(
    entries: str, direct: tuple[str, ...], through: tuple[str, ...]
) -> None:
    proxy = parse_proxy("http://p.example:1", "x", {"NO_PROXY": entries})
    assert not any(proxy.serves(host, 8443) for host in direct)
    assert all(proxy.serves(host, 443) for host in through)


def chosen(env: dict[str, str], **options: object) -> UpstreamProxy | None:
    made = make_plan(Options(**options), (), {"HOME": "/root", **env})  # type: ignore[arg-type]
    kept = made.environment.apply(env)
    assert bool(kept) == (made.upstream_proxy is None and bool(env))
    return made.upstream_proxy


@pytest.mark.parametrize("name", VARIABLES)
def test_the_environment_names_it_where_hosts_are_named(name: str) -> None:
    env = {name: "http://p.example:3128", "NO_PROXY": "a.example"}
    assert chosen(env) is None
    assert chosen(env, block_net=True) is None
    proxy = chosen(env, allow_domain=["a.example"])
    assert proxy is not None and (proxy.named_by, proxy.direct) == (name, ("a.example",))
    # Where the program may speak with it itself, it does.
    assert chosen(env, allow_domain=["p.example:3128"]) is None
    by_flag = chosen(env, allow_domain=["a.example"], upstream_proxy="http://q.example:1")
    assert by_flag is not None and (by_flag.host, by_flag.named_by) == (
        "q.example",
        "--upstream-proxy http://q.example:1",
    )


def test_it_says_something_only_where_hosts_are_named() -> None:
    with pytest.raises(UsageError, match="--upstream-proxy says something only where"):
        make_plan(Options(upstream_proxy="http://p.example:1"))
