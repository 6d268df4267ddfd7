"""Asking whether a request is allowed, of a service with some endpoints."""

from nono.broker.credentials.request import Admitted, Refused, judge
from nono.broker.credentials.services import own_service

TOKEN = b"nono-api-token"
BEARER = (b"host", b"127.0.0.1:1"), (b"authorization", b"Bearer " + TOKEN)
RULES = [
    ("GET", "/files/*-public"),
    ("GET", "/models/*"),
    ("POST", "/chat"),
    ("GET", "/open/**"),
    ("POST", "/bot*/send"),
]


def ask(method: str, target: str, *headers: tuple[bytes, bytes]) -> Admitted | Refused:
    service = own_service("api", "https://api.example.org/v1", "k", None, None, RULES)
    services, tokens = {"api": service}, {"api": TOKEN}
    return judge(
        method.encode(), b"/api/v1" + target.encode(), [*BEARER, *headers], services, tokens
    )


def assert_refused(answer: Admitted | Refused, status: int | None = None) -> None:
    assert isinstance(answer, Refused), answer
    assert answer.status in ((400, 403) if status is None else (status,))
    assert " " in answer.reason and answer.reason.isprintable()
    assert TOKEN.decode() not in answer.reason + answer.path
