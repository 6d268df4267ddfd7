"""What the credential proxy makes of a request: judged without a network."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker import PolicyError
from nono.broker.credentials import endpoints
from nono.broker.credentials.endpoints import Endpoint, is_plain, normal
from nono.broker.credentials.request import Admitted, Refused, judge, led_back
from nono.broker.credentials.services import (
    Injection,
    InjectMode,
    Service,
    built_in_service,
    built_in_services,
    own_service,
    parse_upstream,
)

KEY = b"the-real-key-123"
TOKEN = b"nono-openai-token"
OTHER = b"nono-anthropic-token"
HOST = (b"host", b"127.0.0.1:1234")
BEARER = (b"authorization", b"Bearer " + TOKEN)


def own(injection: Injection | None = None, *endpoints: tuple[str, str]) -> Service:
    return own_service(
        "openai", "https://api.example.org/v1", "some_key", None, injection, endpoints
    )


def ask(
    target: bytes,
    *headers: tuple[bytes, bytes],
    method: bytes = b"POST",
    service: Service | None = None,
) -> Admitted | Refused:
    used = service or built_in_service("openai")
    services = {"openai": used, "anthropic": built_in_service("anthropic")}
    tokens = {"openai": TOKEN, "anthropic": OTHER}
    return judge(method, target, [HOST, *headers], services, tokens)


def admitted(answer: Admitted | Refused) -> Admitted:
    assert isinstance(answer, Admitted), answer
    return answer


def test_the_token_is_replaced_by_the_key() -> None:
    second = (b"x-api-key", TOKEN), (b"x-other", b"Bearer " + OTHER)
    answer = admitted(ask(b"/openai/v1/chat?x=1", BEARER, *second, (b"x-own", b"stays")))
    target, headers = answer.with_key(KEY)
    assert target == b"/v1/chat?x=1"
    assert (b"Authorization", b"Bearer " + KEY) in headers
    assert (b"x-own", b"stays") in headers
    assert (b"Accept-Encoding", b"identity") in headers
    assert not [value for _, value in headers if TOKEN in value or OTHER in value]
    assert "the-real-key" not in repr(answer)


REFUSED = [
    (401, b"/openai/v1/chat", ()),
    (401, b"/openai/v1/chat", ((b"authorization", b"Bearer wrong"),)),
    (401, b"/openai/v1/chat", ((b"x-other", TOKEN),)),
    (403, b"/openai/v1/chat", ((b"authorization", b"Bearer " + OTHER),)),
    (403, b"/anthropic/v1/messages", ((b"x-api-key", TOKEN),)),
    (401, b"/nobody/v1", (BEARER,)),
    (401, b"/", (BEARER,)),
    (401, b"/openai", ()),
    (400, b"http://api.openai.com/v1/chat", (BEARER,)),
    (400, b"api.openai.com:443", (BEARER,)),
    (400, b"*", (BEARER,)),
    (400, b"/openai/v1/../admin", (BEARER,)),
    (400, b"/openai/v1/%2e%2e/admin", (BEARER,)),
    (400, b"/openai/v1/%252e%252e/admin", (BEARER,)),
    (400, b"/openai/v1/..%2fadmin", (BEARER,)),
    (400, b"/openai/v1/..;/admin", (BEARER,)),
    (400, b"/openai/v1//admin", (BEARER,)),
    (400, b"/openai//evil.example/v1", (BEARER,)),
    (400, b"/openai/v1/a\\b", (BEARER,)),
    (400, b"/openai/v1/{}", (BEARER,)),
    (400, b"/openai/v1/%zz", (BEARER,)),
    (403, b"/openai/v2/chat", (BEARER,)),
    (403, b"/openai/v11", (BEARER,)),
    (400, b"/openai/v1/chat", (BEARER, (b"authorization", b"Bearer other"))),
]


@pytest.mark.parametrize(("status", "target", "headers"), REFUSED)
def test_tricks_are_refused(
    status: int, target: bytes, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    answer = ask(target, *headers)
    assert isinstance(answer, Refused)
    assert answer.status == status
    assert TOKEN.decode() not in answer.reason + answer.path


def test_connect_is_refused_whatever_it_carries() -> None:
    answer = ask(b"api.openai.com:443", BEARER, method=b"CONNECT")
    assert isinstance(answer, Refused) and answer.status == 407


def test_headers_of_the_connection_and_other_keys_are_left_out() -> None:
    answer = admitted(
        ask(
            b"/anthropic/v1/messages",
            (b"x-api-key", OTHER),
            (b"authorization", b"Bearer something-of-its-own"),
            (b"connection", b"keep-alive, x-hop"),
            (b"x-hop", b"1"),
            (b"te", b"trailers"),
            (b"proxy-authorization", b"Basic eA=="),
            (b"expect", b"100-continue"),
            (b"upgrade", b"h2c"),
            (b"sec-websocket-extensions", b"permessage-deflate"),
            (b"accept-encoding", b"gzip, br"),
        )
    )
    names = [name.lower() for name, _ in answer.with_key(KEY)[1]]
    assert sorted(names) == [b"accept-encoding", b"x-api-key"]
    assert not answer.upgrade


def test_a_websocket_is_asked_for_without_a_body() -> None:
    asked = BEARER, (b"connection", b"Upgrade"), (b"upgrade", b"WebSocket")
    for method, more, upgrade in (
        (b"GET", (), True),
        (b"POST", (), False),
        (b"GET", ((b"content-length", b"5"),), False),
        (b"GET", ((b"transfer-encoding", b"chunked"),), False),
        (b"GET", ((b"upgrade", b"h2c"),), False),
    ):
        answer = admitted(ask(b"/openai/v1/realtime", *asked, *more, method=method))
        assert answer.upgrade is upgrade, (method, more)


def test_every_place_of_a_key() -> None:
    query = own(Injection(InjectMode.QUERY_PARAM, parameter="key"))
    answer = admitted(ask(b"/openai/v1/x?a=1&key=" + TOKEN, service=query, method=b"GET"))
    assert answer.with_key(b"k/+= 1234")[0] == b"/v1/x?a=1&key=k%2F%2B%3D%201234"

    basic = own(Injection(InjectMode.BASIC_AUTH))
    given = base64.b64encode(b"user:" + TOKEN)
    answer = admitted(ask(b"/openai/v1/x", (b"authorization", b"Basic " + given), service=basic))
    real = b"Basic " + base64.b64encode(b"user:password")
    assert (b"Authorization", real) in answer.with_key(b"user:password")[1]

    path = own_service(
        "openai",
        "https://api.example.org",
        "k",
        None,
        Injection(InjectMode.URL_PATH, pattern="/bot{}/", replacement="/robot{}/"),
        [("POST", "/bot*/sendMessage")],
    )
    answer = admitted(ask(b"/openai/bot" + TOKEN + b"/sendMessage?q={}", service=path))
    assert answer.with_key(b"12:ab/c?")[0] == b"/robot12:ab%2Fc%3F/sendMessage?q={}"
    assert TOKEN.decode() not in answer.path
    refused = ask(b"/openai/bot" + TOKEN + b"/getMe", service=path)
    assert isinstance(refused, Refused) and refused.status == 403
    assert TOKEN.decode() not in refused.path


def test_endpoints_refuse_everything_else() -> None:
    service = own(None, ("POST", "/chat/completions"), ("GET", "/models/*"))
    assert isinstance(ask(b"/openai/v1/chat/completions", BEARER, service=service), Admitted)
    for method, target, more in (
        (b"GET", b"/openai/v1/chat/completions", ()),
        (b"POST", b"/openai/v1/files", ()),
        (b"GET", b"/openai/v1/models/a/b", ()),
        (b"GET", b"/openai/v1/models/a%2Fb", ()),
        (b"POST", b"/openai/v1/chat/completions", ((b"x-http-method-override", b"DELETE"),)),
        (b"POST", b"/openai/v1/chat/completions", ((b"x-original-url", b"/v1/files"),)),
        (b"POST", b"/openai/v1/chat/completions?%5fmethod=DELETE", ()),
    ):
        answer = ask(target, BEARER, *more, method=method, service=service)
        assert isinstance(answer, Refused) and answer.status == 403, target


def test_redirects_lead_back_to_the_proxy_only_from_the_service_itself() -> None:
    service = built_in_service("openai")
    base = "http://127.0.0.1:9/openai"
    for sent, led in (
        (b"/v1/x?a=b", b"http://127.0.0.1:9/openai/v1/x?a=b"),
        (b"https://API.openai.com/v1/x", b"http://127.0.0.1:9/openai/v1/x"),
        (b"https://api.openai.com:443/v1/x", b"http://127.0.0.1:9/openai/v1/x"),
        (b"//api.openai.com/v1/x", b"http://127.0.0.1:9/openai/v1/x"),
        (b"//API.openai.com:443/v1/x?a", b"http://127.0.0.1:9/openai/v1/x?a"),
        (b"https://api.openai.com?a=b", b"http://127.0.0.1:9/openai/?a=b"),
        (b"/v1/x?a=b#c=%64", b"http://127.0.0.1:9/openai/v1/x?a=b#c=%64"),
        (b"https://api.openai.com/v1/x#c", b"http://127.0.0.1:9/openai/v1/x#c"),
        (b"//api.openai.com//evil.example/x", b"http://127.0.0.1:9/openai//evil.example/x"),
        ("/v1/\u540d {}".encode(), b"http://127.0.0.1:9/openai/v1/%E5%90%8D%20{}"),
    ):
        assert led_back(sent, service, base) == led
    for other in (
        b"http://api.openai.com/v1/x",
        b"https://evil.example/v1",
        b"https://api.openai.com:444/v1",
        b"https://api.openai.com@evil.example/",
        b"https:x",
        b"x#c",
        b"https://[::1",
        b"\xff",
    ):
        assert led_back(other, service, base) == other
    for other in (
        b"//evil.example/x",
        b"//api.openai.com:80/x",
        b"//api.openai.com@evil.example/",
        b"//evil.example/\xff",
    ):
        # With the service's scheme: the proxy has another one.
        assert led_back(other, service, base) == b"https:" + other


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30))
def test_a_plain_path_has_one_meaning(path: str) -> None:
    path = "/" + path
    if is_plain(path):
        names = normal(path).replace("%2F", "/").split("/")[1:]
        assert "." not in names and ".." not in names
        assert "" not in names[:-1]


def test_a_query_that_takes_long_to_judge_is_refused() -> None:
    service = own(None, ("GET", "/**"))
    for count, is_fine in ((4000, True), (5000, False)):
        answer = ask(b"/openai/v1/x?" + b"a&" * count, BEARER, method=b"GET", service=service)
        assert isinstance(answer, Admitted) == is_fine


@given(st.text("aZ0._~-/+%", max_size=12))
def test_what_is_plain_at_first_sight_is_plain(path: str) -> None:
    assert is_plain(path) == endpoints._is_plain(path)


@given(st.lists(st.text("ab*", min_size=1, max_size=4), min_size=1, max_size=4))
def test_patterns_match_what_they_say(parts: list[str]) -> None:
    endpoint = Endpoint("*", "/" + "/".join(parts))
    sample = "/" + "/".join("x" if p == "**" else p.replace("*", "x") for p in parts)
    assert endpoint.matches("GET", sample)
    assert not endpoint.matches("GET", sample + "%2Fy") or "**" in parts or parts[-1].endswith("*")


def test_what_no_service_can_be() -> None:
    for text in (
        "http://api.example.org",
        "https://user:pw@api.example.org",
        "https://api.example.org/?x",
        "https://api.example.org/a/../b",
        "ftp://api.example.org",
        "https://",
        "http://127.0.0.2",
        "https://a b",
    ):
        with pytest.raises(PolicyError):
            parse_upstream(text)
    for made in (
        lambda: Injection(header="Host"),
        lambda: Injection(header="Content-Length"),
        lambda: Injection(header="a b"),
        lambda: Injection(format="Bearer"),
        lambda: Injection(format="{} {}"),
        lambda: Injection(format="Bearer {}\r\nX: y"),
        lambda: Injection(InjectMode.URL_PATH, pattern="bot{}", replacement="/b{}"),
        lambda: Injection(InjectMode.QUERY_PARAM),
        lambda: own_service("a/b", "https://x.example", "k"),
        lambda: own_service("a", "https://x.example", "file:///k"),
        lambda: own_service("a", "https://x.example", "vault://k"),
        lambda: Endpoint("GET", "no-slash"),
        lambda: Endpoint("GET POST", "/x"),
        lambda: Endpoint("GET", "/a/../b"),
    ):
        with pytest.raises(PolicyError):
            made()


def test_every_built_in_service_is_whole() -> None:
    for name in built_in_services():
        service = built_in_service(name)
        assert service.upstream.is_tls
        assert service.key_variables and service.url_variables
