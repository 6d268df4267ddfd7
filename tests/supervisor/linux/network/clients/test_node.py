"""Node's clients: fetch, http, https, and both of its ways to look up a name."""

from __future__ import annotations

import json

import pytest

from tests.conftest import program_beside
from tests.supervisor.linux.network.clients.conftest import (
    DENIED,
    PAGES,
    PLAIN,
    SECURE,
    Client,
    refused,
    report,
)

AT_ONCE = 30
FETCH = program_beside(__file__, "fetch.js")


@pytest.mark.requires(commands=["node"])
def test_node(client: Client) -> None:
    done = client(
        *("node", "-e", FETCH, SECURE, PLAIN, DENIED, str(AT_ONCE)),
        env={"NODE_EXTRA_CA_CERTS": "ca.pem"},
    )
    assert done.returncode == 0, done.stderr
    pages = [page for page in PAGES for _ in range(2)]
    assert json.loads(done.stdout) == [*pages, "ECONNREFUSED", "ECONNREFUSED", 1, True]
    assert report(done) == refused(2)
