"""Compiled clients: a Java and a Go program, and a static C program with a resolver of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, SYSTEM_PATH, Account
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

PROGRAMS = Path(__file__).parent / "programs"
SLOW = 300.0


@pytest.fixture(scope="session")
def trust_store(internet: Internet, place: Path) -> Path:
    """The CA for Java."""
    store = place / "trust.p12"
    command = ["keytool", "-importcert", "-noprompt", "-storepass", "changeit"]
    command += ["-file", str(internet.ca), "-keystore", str(store)]
    subprocess.run(command, check=True, capture_output=True)
    store.chmod(0o644)
    return store


@BY_A_USER
@pytest.mark.requires(commands=["java", "keytool"])
def test_java(client: Client, project: Path, trust_store: Path) -> None:
    shutil.copy(PROGRAMS / "Fetch.java", project)
    shutil.copy(trust_store, project)
    trust = [f"-Djavax.net.ssl.trustStore{end}" for end in ("=trust.p12", "Password=changeit")]
    done = client("java", *trust, "Fetch.java", SECURE, PLAIN, DENIED)
    failure = "java.net.ConnectException: Connection refused"
    pages = [page for page in PAGES for _ in range(2)]
    assert done.stdout.splitlines() == [*pages, failure, failure], done.stderr
    # The machine decides what else is reported: Java looks for the limits of its control group.
    (line,) = [line for line in report(done) if "connect" in line]
    assert line.startswith("  connect to denied.example.org port 443 (")


@BY_A_USER
@pytest.mark.requires(commands=["gcc"])
def test_a_static_program(client: Client, project: Path) -> None:
    program = project / "fetch"
    build = ["gcc", "-static", "-O1", "-w", "-o", str(program), str(PROGRAMS / "fetch.c")]
    subprocess.run(build, check=True, capture_output=True)
    program.chmod(0o755)
    name = PLAIN.removeprefix("http://")
    done = client("sh", "-c", f"./fetch libc {name} 80; ./fetch own {name} 80")
    assert done.stdout.splitlines() == PAGES[1:] * 2, done.stderr
    done = client(
        "sh", "-c", "./fetch libc denied.example.org 443; ./fetch own denied.example.org 443"
    )
    assert done.stdout.splitlines() == ["connect: Connection refused"] * 2
    assert done.stderr.splitlines() == refused(2)


# A toolchain of Go is large and not part of what CI installs: without it there is no such test.
if shutil.which("go", path=SYSTEM_PATH):

    @BY_A_USER
    @pytest.mark.parametrize("cgo", ["0", "1"], ids=["own resolver", "libc's resolver"])
    def test_go(client: Client, project: Path, as_user: Account, cgo: str) -> None:
        shutil.copy(PROGRAMS / "fetch.go", project)
        env = {
            "CGO_ENABLED": cgo,
            "GODEBUG": "netdns=cgo" if cgo == "1" else "netdns=go",
            "GOCACHE": str(as_user.home / "go-cache"),
            "GOTOOLCHAIN": "local",
            "SSL_CERT_FILE": "ca.pem",
        }
        build = ("go", "build", "-o", "fetch", "fetch.go")
        built = as_user(*build, cwd=project, env=env, timeout=SLOW)
        assert built.returncode == 0, built.stderr
        done = client("./fetch", SECURE, PLAIN, DENIED, env=env)
        *pages, failure = done.stdout.splitlines()
        assert pages == PAGES, done.stderr
        assert failure.endswith("connect: connection refused")
        assert report(done) == refused()
