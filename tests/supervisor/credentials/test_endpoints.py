"""A service that is open for a few requests: what else a program sends does not reach it."""

import json

import pytest

from tests.conftest import BY_A_USER
from tests.supervisor.credentials.conftest import Inside
from tests.supervisor.credentials.fake import REAL_KEY, Api

_PROFILE = {
    "network": {
        "credentials": ["own"],
        "custom_credentials": {
            "own": {
                "upstream": "https://api.openai.com/v1",
                "credential_key": "env://OWN_KEY",
                "endpoints": [
                    {"method": "POST", "path": "/items/*"},
                    {"method": "GET", "path": "/files/*-public"},
                ],
            }
        },
    }
}
_SEND = """
import json, os, socket, sys
from urllib.parse import urlsplit
base = urlsplit(os.environ["OWN_BASE_URL"])
token = "Authorization: Bearer " + os.environ["OWN_KEY"]
head = "Host: x\\r\\n" + token + "\\r\\nConnection: close\\r\\n"
answers = []
for method, target, header in json.load(open("requests.json")):
    with socket.create_connection((base.hostname, base.port), timeout=15) as sock:
        length = "Content-Length: 0\\r\\n" if method == "POST" else ""
        text = method + " /own/v1" + target + " HTTP/1.1\\r\\n" + head + header + length + "\\r\\n"
        sock.sendall(text.encode("latin-1"))
        answer = b""
        while more := sock.recv(65536):
            answer += more
    answers.append(answer.decode("latin-1"))
print(json.dumps(answers))
"""
_ALLOWED = [
    ("POST", "/items/1?x[]=a+b&cursor=YQ==", ""),
    ("POST", "/items/a%20b", "X-Stainless-Helper-Method: stream\r\n"),
    ("GET", "/files/caf%C3%A9-public?q=%E6%97%A5", ""),
]
_TRICKS = [
    *(
        ("POST", "/items/1", f"{name}: DELETE\r\n")
        for name in (
            *(
                "X-HTTP-Method-Override",
                "X_HTTP_Method_Override",
                "X-Http_Method",
                "X.Method.Override",
            ),
        )
    ),
    *(
        ("POST", f"/items/1?{name}=DELETE", "")
        for name in (
            *("_method", "%5Fmethod", ".method", "+_method", "_method[]", "[method", "a;_method"),
            *("a=1%26_method", "%EF%BC%BFmethod", "X-HTTP-Method-Override", "%255Fmethod"),
        )
    ),
    ("POST", "/items/1", "X-Original-URL: /v1/admin\r\n"),
    ("POST", "/items/1", "x_rewrite_url: /v1/admin\r\n"),
    ("post", "/items/1", ""),
    ("POST", "/items/", ""),
    ("POST", "/items/%2e%2e", ""),
    ("POST", "/items/..%20", ""),
    ("POST", "/items/..%20/admin", ""),
    ("POST", "/items/%c0%ae%c0%ae/admin", ""),
    ("POST", "/items/%ef%bc%8e%ef%bc%8e/admin", ""),
    ("POST", "/items/x%ef%bc%8fadmin", ""),
    ("POST", "/items/x%e2%88%95admin", ""),
    ("GET", "/files/secret;-public", ""),
    ("GET", "/files/secret%3f-public", ""),
    ("GET", "/files/secret%23-public", ""),
    ("GET", "/files/secret%00-public", ""),
]


@BY_A_USER
def test_tricks_do_not_reach_the_service(inside: Inside) -> None:
    inside.account.file(inside.project / "own.json", json.dumps(_PROFILE))
    inside.account.file(inside.project / "requests.json", json.dumps(_ALLOWED + _TRICKS))
    done = inside(_SEND, "--profile=./own.json", services=(), env={"OWN_KEY": REAL_KEY})
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for (method, target, header), answer in zip(_ALLOWED, answers, strict=False):
        assert " 200 " in answer[:20], (method, target, header, answer)
    for trick, answer in zip(_TRICKS, answers[len(_ALLOWED) :], strict=True):
        assert answer[9:12] in ("400", "403"), (trick, answer)
        assert "nono: " in answer, trick
    assert [(method, path) for method, path, _, _ in Api.seen] == [
        (method, "/v1" + target) for method, target, _ in _ALLOWED
    ]


@BY_A_USER
@pytest.mark.parametrize("path", ["/items/a;b", "/items/x%2E%2E%2F"])
def test_the_report_says_why(inside: Inside, path: str) -> None:
    inside.account.file(inside.project / "own.json", json.dumps(_PROFILE))
    inside.account.file(inside.project / "requests.json", json.dumps([("POST", path, "")]))
    done = inside(_SEND, "--profile=./own.json", services=(), env={"OWN_KEY": REAL_KEY})
    assert "own: 1 request (40" in done.stderr
    assert "path" in done.stderr and REAL_KEY not in done.stderr
