"""Clients of the command line: curl, wget, and busybox, which is a static binary."""

from __future__ import annotations

import pytest

from tests.conftest import BY_A_USER
from tests.supervisor.linux.network.clients.conftest import (
    DENIED,
    PAGES,
    PLAIN,
    SECURE,
    Client,
    Internet,
    refused,
    report,
)

CURL = f"""
export CURL_CA_BUNDLE=ca.pem
get() {{ curl -sS "$@"; echo; }}
get {SECURE}/curl
get {PLAIN}/curl
head -c 3000000 /dev/zero | get --data-binary @- {SECURE}/post
curl -sS -w ' %{{num_connects}}\\n' {SECURE}/first {SECURE}/second
curl -sS -Z --parallel-immediate '{SECURE}/many?[1-30]' | grep -o 'this is' | wc -l
curl -sS {DENIED}
echo $?
"""
WGET = f"""
get() {{ wget -q -O - --ca-certificate=ca.pem "$@"; }}
get {SECURE}/wget; echo
get {PLAIN}/wget; echo
get {DENIED}
echo $?
"""
BUSYBOX = f"""
busybox wget -q -O - {PLAIN}/busybox; echo
busybox wget -q -O - http://denied.example.org:443/
echo $?
"""


@BY_A_USER
@pytest.mark.requires(commands=["curl"])
def test_curl(client: Client, internet: Internet) -> None:
    internet.secure.requests.clear()
    done = client("sh", "-c", CURL)
    kept = [f"{PAGES[0]} 1", f"{PAGES[0]} 0"]
    assert done.stdout.splitlines() == [*PAGES, PAGES[0], *kept, "30", "7"], done.stderr
    assert "curl: (7) Failed to connect to denied.example.org port 443" in done.stderr
    assert report(done) == refused()
    assert len(internet.secure.requests) == 34


@BY_A_USER
@pytest.mark.requires(commands=["wget"])
def test_wget(client: Client) -> None:
    done = client("sh", "-c", WGET)
    assert done.stdout.splitlines() == [*PAGES, "4"], done.stderr
    assert report(done) == refused()


@BY_A_USER
@pytest.mark.requires(commands=["busybox"])
def test_busybox(client: Client) -> None:
    done = client("sh", "-c", BUSYBOX)
    assert done.stdout.splitlines() == [PAGES[1], "1"], done.stderr
    assert "wget: can't connect to remote host" in done.stderr
    assert "Connection refused" in done.stderr
    assert report(done) == refused()
