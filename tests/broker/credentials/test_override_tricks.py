"""Requests that ask for another method or path in a header or a parameter, or in their query."""

import pytest

from nono.broker.credentials.request import Admitted, Refused
from tests.broker.credentials.asking import ask, assert_refused

NAMES = [
    *("_method", "_METHOD", "_Method", "%5fmethod", "%5Fmethod", "_%6dethod", "%255fmethod"),
    *("%25255fmethod", ".method", "+method", "%20method", "%20_method", "[method", "%5bmethod"),
    *(
        "_method[]",
        "_method%5b%5d",
        "_method[0]",
        "_method[x]",
        "x[_method]",
        "_method%00",
        "__method",
    ),
    *(
        "_method%20",
        "_method+",
        "_method.",
        "-method",
        "~method",
        "$method",
        "_method[",
        "_met.hod",
    ),
    *("X-HTTP-Method-Override", "x_http_method_override", "X-HTTP-Method", "httpMethod"),
    *("$httpMethod", "http.method", "http[method]", "methodOverride", "method_override"),
    *(
        "X-Method-Override",
        "x-method-override",
        "httpMethodOverride",
        "_httpmethod",
        "request_method",
    ),
    *("http_verb", "%ef%bc%bfmethod", "%ef%bd%8dethod", "_%ef%bd%8dethod", "%c1%9fmethod"),
    *("method:delete", "method:", "action:x", "redirect:x", "%6dethod%3adelete"),
    *("a%26_method", "a;_method", "a%3b_method", "a%2526_method", "a=1;_method", "a=1?_method"),
    *("a=1%26_method", "a=1%3b_method", "a=1%0a_method", "a=1#_method", "a=1%23_method"),
    *("a=1%2526_method", "a=1%ef%bc%86_method", "a=1&amp;_method", "a=1%3f_method"),
    *("rest_route", "rest%5froute", "rest.route", "rest[route", "PATH_INFO", "x_original_url"),
]


@pytest.mark.parametrize("name", NAMES)
def test_parameters(name: str) -> None:
    for target in (
        f"/chat?{name}=DELETE",
        f"/chat?x=1&{name}=DELETE&y=2",
        f"/chat?{name}%3dDELETE",
    ):
        assert_refused(ask("POST", target), 400 if "#" in name else 403)


QUERIES = [
    *(
        "method=DELETE",
        "method=delete",
        "method=+Delete",
        "METHOD=PUT",
        "a[method]=PATCH",
        "method=GE%54",
    ),
    *(
        "x=%00",
        "x=%c0%af",
        "x=%ff",
        "x=\\",
        'x="y"',
        "x=<y>",
        "x=`",
        "x=^",
        "x=1;y=2",
        "x=1?y=2",
        "x=%",
    ),
    *(
        "x=%zz",
        "x=%2",
        "x=%1b",
        "x%00=1",
        "x%0a=1",
        "x%20y=1",
        "x+y=1",
        "x%3dy=1",
        "%e5%90%8d=1",
        "=1",
    ),
    *(
        "x[=1",
        "x]=1",
        "x[y=1",
        "x[[y]]=1",
        "x[y]z=1",
        "x%25=1",
        "x%26y=1",
        "x%23=1",
        "x=%25252525252541",
    ),
]


@pytest.mark.parametrize("query", QUERIES)
def test_queries(query: str) -> None:
    assert_refused(ask("POST", "/chat?" + query), 400 if "\\" in query else 403)


HEADERS = [
    *(
        "x-http-method-override",
        "x_http_method_override",
        "x-http_method-override",
        "x.http.method",
    ),
    *("x-http-method", "x-method-override", "x-method", "x-httpmethod", "x-httpmethodoverride"),
    *(
        "http-method-override",
        "method-override",
        "x-override-method",
        "xhttpmethodoverride",
        "method",
    ),
    *(
        "_method",
        "-method",
        "x-original-method",
        "x-forwarded-method",
        "x-request-method",
        "http-method",
    ),
    *("x-http-verb", "x-http-verb-override", "x-envoy-original-method", "x!http!method!override"),
    *("x-original-url", "x_original_url", "x-original-uri", "x-original_url", "x-originalurl"),
    *(
        "x-rewrite-url",
        "x_rewrite_url",
        "x-rewrite-uri",
        "x-original-path",
        "x-envoy-original-path",
    ),
    *("x-waws-unencoded-url", "x-forwarded-path", "x-forwarded-prefix", "x-forwarded-uri", "x-url"),
    *(
        "x-forwarded-url",
        "x-request-uri",
        "x-request-url",
        "x-accel-redirect",
        "x-sendfile",
        "x-uri",
    ),
    *(
        "path-info",
        "script-name",
        "x-script-name",
        "destination",
        "x-amz-copy-source",
        "x-ms-copy-source",
    ),
    *("x-proxy-url", "x-real-url", "x-original-request-uri", "x-override-url", "x-path"),
]


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str) -> None:
    for value in (b"DELETE", b"/v1/admin", b"", b" put "):
        answer = ask("POST", "/chat", (name.encode(), value))
        assert_refused(answer, 403)
        assert isinstance(answer, Refused) and name in answer.reason


@pytest.mark.parametrize(
    "method", ["post", "Post", "pOST", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE"]
)
def test_methods(method: str) -> None:
    assert_refused(ask(method, "/chat"), 403)


def test_names_of_headers_that_cgi_cannot_tell_apart_are_left_out() -> None:
    twins = (
        b"content_length",
        b"transfer_encoding",
        b"host_",
        b"proxy_authorization",
        b"keep_alive",
    )
    answer = ask("POST", "/chat", *((name, b"x") for name in twins), (b"x_own", b"stays"))
    assert isinstance(answer, Admitted)
    assert [name for name, _ in answer.headers] == [b"host_", b"x_own", b"Accept-Encoding"]


def test_the_tables_are_long() -> None:
    for table in (NAMES, QUERIES, HEADERS):
        assert len(table) == len({*table})
    assert len(NAMES) + len(QUERIES) + len(HEADERS) >= 150
