"""Python's clients: the standard library's, requests, httpx and aiohttp, one and many at a time."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.linux.network.clients.conftest import (
    DENIED,
    PAGES,
    PLAIN,
    SECURE,
    Client,
    Internet,
    refused,
)

AT_ONCE = 20
FETCH = program_beside(__file__, "fetch.py")
ERRORS = {
    "with_urllib": "URLError",
    "with_requests": "ConnectionError",
    "with_httpx": "ConnectError",
    "with_httpx_async": "ConnectError",
    "with_aiohttp": "ClientConnectorError",
    "with_asyncio": "ConnectionRefusedError",
}


@BY_A_USER
def test_libraries(
    client: Client, internet: Internet, python: str, project: Path, as_user: Account
) -> None:
    as_user.file(project / "fetch.py", FETCH)
    internet.secure.requests.clear()
    done = client(
        *(python, "fetch.py", SECURE, PLAIN, DENIED, str(AT_ONCE)), env={"SSL_CERT_FILE": "ca.pem"}
    )
    assert done.returncode == 0, done.stderr
    answers = [*PAGES, *PAGES[:1] * AT_ONCE]
    assert json.loads(done.stdout) == {
        name: [answers, error, "refused"] for name, error in ERRORS.items()
    }
    assert Counter(internet.secure.requests) == {f"GET /{name}": AT_ONCE + 1 for name in ERRORS}
    assert done.stderr.splitlines() == refused(len(ERRORS))
