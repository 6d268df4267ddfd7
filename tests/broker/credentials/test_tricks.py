"""Requests that some server takes for another method or path than an endpoint allows: refused."""

import pytest

from nono.broker.credentials.request import Admitted, Refused
from tests.broker.credentials.asking import ask, assert_refused

# They would pass without what is behind the name, or what the name is spelt as.
PATHS = [
    # Up, in every spelling.
    *("/open/../admin", "/open/./../admin", "/open/..", "/open/.", "/open/../", "/../admin"),
    *("/open/%2e%2e/admin", "/open/%2E./admin", "/open/.%2e/admin", "/open/%2e%2e%2fadmin"),
    *("/open/..%2fadmin", "/open/..%2Fadmin", "/open/%252e%252e/admin", "/open/..%252fadmin"),
    *("/open/%25252e%25252e/admin", "/open/%%32%65%%32%65/admin", "/open/%u002e%u002e/admin"),
    *("/open/..;/admin", "/open/..;x=y/admin", "/open/..%3b/admin", "/open/..%3Bx/admin"),
    *("/open/.;/admin", "/open/..%23/admin", "/open/..%3f/admin", "/open/..%3F/..%3F/admin"),
    # With spaces, which IIS and Windows leave out.
    *("/open/..%20/admin", "/open/.%20./admin", "/open/%20../admin", "/open/..%20%20/admin"),
    *("/open/..+/admin", "/open/+../admin", "/open/.+/admin", "/open/.../admin", "/open/....//x"),
    *("/open/..%09/admin", "/open/..%0a/admin", "/open/..%0d/admin", "/open/..%00/admin"),
    *("/open/..%c2%a0/admin", "/open/..%e2%80%83/admin", "/open/..%e3%80%80/admin"),
    *(
        "/open/..%c2%85/admin",
        "/open/..%0b/admin",
        "/open/%20/admin",
        "/open/. /x".replace(" ", "%20"),
    ),
    # In overlong and broken UTF-8.
    *("/open/%c0%ae%c0%ae/admin", "/open/%C0%AE./admin", "/open/%e0%80%ae%e0%80%ae/admin"),
    *("/open/%f0%80%80%ae%f0%80%80%ae/x", "/open/..%c0%afadmin", "/open/..%c1%9cadmin"),
    *("/open/%c0%2e%c0%2e/admin", "/open/.%ff./admin", "/open/.%80./x", "/open/%ed%a0%80/x"),
    *("/open/%fe%80%80%80%80%ae/x", "/models/x%c0%afadmin", "/models/%c0%80", "/models/%e9"),
    # Characters that are dots and slashes in another form.
    *("/open/%ef%bc%8e%ef%bc%8e/admin", "/open/.%ef%bc%8e/admin", "/open/%e2%80%a5/admin"),
    *("/open/%e2%80%a4%e2%80%a4/admin", "/open/%ef%b9%92%ef%b9%92/admin", "/open/%e2%80%a6/x"),
    *("/open/%e3%80%82%e3%80%82/admin", "/open/%c2%b7%c2%b7/admin", "/open/..%ef%bc%8fadmin"),
    *("/open/..%e2%88%95admin", "/open/..%e2%81%84admin", "/open/..%ef%bc%bcadmin"),
    *("/open/..%e2%88%96admin", "/open/..%c2%a5admin", "/open/..%e2%82%a9admin"),
    *("/open/%ef%bc%852e%ef%bc%852e/x", "/open/.%e2%80%8b./admin", "/open/.%c2%ad./admin"),
    *("/open/%ef%bb%bf../admin", "/open/.%e2%80%ae./x", "/open/%c4%ae%c4%ae/admin"),
    *(
        "/open/%e4%b8%ae%e4%b8%ae/admin",
        "/open/.%c4%ae/admin",
        "/open/.%c3%a9./x",
        "/models/+",
        "/models/x%ef%bc%8fadmin",
    ),
    *(
        "/models/x%e2%88%95admin",
        "/models/x%e2%81%84admin",
        "/models/%c2%bd",
        "/models/x%ef%bc%bcy",
    ),
    *("/models/x%ef%bc%9by", "/models/x%ef%bc%9fy", "/models/x%ef%bc%83y", "/models/x%e2%84%80y"),
    *("/models/x%e2%80%a8y", "/models/x%e2%80%8by", "/models/x%e3%80%80y", "/models/x%cd%beq"),
    # Backslashes, empty parts, NULs and controls.
    *("/open/..\\admin", "/open/..%5cadmin", "/open/..%5Cadmin", "/open/..%255cadmin"),
    *("/models/x%5cadmin", "/models/x\\admin", "/open//admin", "/open/%2fadmin", "/open/x%2f%2fy"),
    *("//open/x", "/models//", "/models/%2f", "/models/x%00", "/files/secret%00-public"),
    *("/files/secret%0a-public", "/files/secret%0d%0a-public", "/files/secret%09-public"),
    *("/files/secret%7f-public", "/files/secret%1b-public", "/files/secret%1a-public"),
    # What servers cut behind: parameters, queries, fragments.
    *("/files/secret;-public", "/files/secret%3b-public", "/files/secret;x=-public"),
    *("/files/secret%3f-public", "/files/secret%3F-public", "/files/secret%23-public"),
    *("/files/secret#-public", "/files/secret%253f-public", "/files/secret%252f-public"),
    *("/models/x;/../admin", "/models;x/y", "/models/x;jsessionid=1", "/models/x%253by"),
    *("/files/secret%26%3f-public", "/files/secret%7c-public", "/files/secret%22-public"),
    *("/files/secret%3c-public", "/files/secret%3e-public", "/files/secret%5e-public"),
    *("/files/secret%60-public", "/files/secret%7b-public", "/files/secret%7d-public"),
    *("/files/secret%25-public", "/files/secret%2500-public", "/models/%2541", "/models/x%25"),
    # Other parts than the pattern has.
    *(
        "/models/x/y",
        "/models/x%2fy",
        "/models/x%2Fdelete",
        "/models",
        "/models/",
        "/files/a/b-public",
    ),
    *("/files/a%2fb-public", "/MODELS/x", "/Models/x", "/models%2fx", "/models%20/x", "/models./x"),
    *(
        "/%20models/x",
        "/models%3bx/y",
        "/mode%6cs/y",
        "/%6dodels/x",
        "/models/%61",
        "/models/%41%42",
    ),
    *(
        "/models/x.",
        "/models/x..",
        "/models/x%20",
        "/models/%20x",
        "/models/x.%20",
        "/models/x...%20",
    ),
    *(
        "/files/x-public/",
        "/files/x-public.",
        "/files/x-public%20",
        "/files/x-PUBLIC",
        "/files/-publi%63",
    ),
    # What is no path, and what no client sends as it is.
    *("/models/{}", "/models/{x}", "/models/[x]", "/models/x|y", "/models/x^y", "/models/x`y"),
    *('/models/x"y', "/models/<x>", "/models/%", "/models/%2", "/models/%zz", "/models/x%%20"),
    *("/models/é", "/models/%C3", "/models/%C3%28", "/models/%F8%88%80%80%80"),
]


@pytest.mark.parametrize("path", PATHS)
def test_paths(path: str) -> None:
    assert_refused(ask("GET", path))


WORDS = [
    (
        "POST",
        "/chat?_method=PUT",
        "'_method', which asks for another method or path than the request's",
    ),
    ("GET", "/models/a;b", "';' in the path, which servers read in different ways"),
    ("GET", "/models/a%3Bb", "%3B in the path, which servers read in different ways"),
    ("GET", "/models/%61", "%61 in the path, where 'a' is meant"),
    (
        "GET",
        "/models/a%E2%88%95b",
        "U+2215 in the path, which some servers take for another character",
    ),
    (
        "GET",
        "/models/a.",
        "a part of the path that begins or ends with a space, or ends with a dot",
    ),
    ("GET", "/models/a?b=%FF", "a query that is not in UTF-8"),
    ("GET", "/models/a?b;c", "';' in the query, which servers read in different ways"),
    ("get", "/models/a", "a method that is not written in capitals"),
    ("GET", "/models", "api is open for nothing but GET /files/*-public, GET /models/*"),
]


@pytest.mark.parametrize(("method", "target", "words"), WORDS)
def test_the_reason_is_in_words(method: str, target: str, words: str) -> None:
    answer = ask(method, target)
    assert isinstance(answer, Refused) and words in answer.reason, answer


def test_the_table_is_long() -> None:
    assert len(PATHS) == len({*PATHS}) >= 150


def test_what_is_allowed_still_is() -> None:
    for method, target in (
        ("GET", "/files/my%20file-public"),
        ("GET", "/models/gpt-4o"),
        ("POST", "/chat?x=1"),
        ("GET", "/open/a/b/c%2Fd"),
        ("GET", "/open/"),
        ("GET", "/open"),
    ):
        assert isinstance(ask(method, target), Admitted), target
