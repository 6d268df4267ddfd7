"""Command lines as a person types them: a profile, a profile and one more host, no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, SYSTEM_PATH, Account, Nono, program_beside
from tests.supervisor.linux.network.clients.conftest import Internet, refused
from tests.supervisor.network.world import Host

HUB = "huggingface.co"
SCRIPT = program_beside(__file__, "my_script.py")
PAGES = ["this is api.openai.com", "this is api.anthropic.com", f"this is {HUB}"]
MAKEFILE = """
test:
\t@echo 'int main(void) { return 0; }' > tested.c
\t@cc -o tested tested.c && ./tested && echo passed
\t@for url in $(URLS); do curl -sS $$url || echo offline; done
"""


@pytest.fixture(scope="module")
def models(internet: Internet) -> list[Host]:
    """Servers of ours by names that everybody knows."""
    return [internet.world.https(page.removeprefix("this is ")) for page in PAGES]


@pytest.fixture
def script(internet: Internet, models: list[Host], project: Path, as_user: Account) -> list[str]:
    """Let `python my_script.py` run in the project; what nono needs to know of the servers."""
    as_user.file(project / "ca.pem", internet.ca.read_text())
    as_user.file(project / "my_script.py", SCRIPT)
    for model in models:
        model.connections.clear()
    return internet.world.flags(*models)


@pytest.fixture
def environment(as_user: Account) -> dict[str, str]:
    """With `python`, which the system itself may have only as `python3`."""
    path = f"{Path(as_user.python).parent}:{SYSTEM_PATH}"
    return {"PATH": path, "SSL_CERT_FILE": "ca.pem"}


def seen(models: list[Host]) -> list[int]:
    return [len(model.connections) for model in models]


@BY_A_USER
def test_a_profile(
    nono: Nono, script: list[str], environment: dict[str, str], models: list[Host]
) -> None:
    flags = ("--network-profile", "minimal", *script)
    done = nono("run", "--allow-cwd", *flags, "--", "python", "my_script.py", env=environment)
    failure = "<urlopen error [Errno 111] Connection refused>"
    assert done.stdout.splitlines() == [*PAGES[:2], failure], done.stderr
    assert done.stderr.splitlines() == refused(1, HUB)
    assert seen(models) == [1, 1, 0]


@BY_A_USER
def test_a_profile_and_one_more_host(
    nono: Nono, script: list[str], environment: dict[str, str], models: list[Host]
) -> None:
    flags = ("--network-profile", "minimal", "--allow-domain", HUB, *script)
    done = nono("run", "--allow-cwd", *flags, "--", "python", "my_script.py", env=environment)
    assert done.stdout.splitlines() == PAGES, done.stderr
    assert (done.returncode, done.stderr) == (0, "")
    assert seen(models) == [1, 1, 1]


@BY_A_USER
@pytest.mark.requires(commands=["curl", "gcc", "make"])
def test_no_network(nono: Nono, internet: Internet, project: Path, as_user: Account) -> None:
    as_user.file(project / "Makefile", MAKEFILE)
    address = f"http://{internet.plain.address}/"
    internet.plain.connections.clear()
    make = ("--", "make", "test")
    both = {"URLS": f"https://api.openai.com/ {address}"}
    done = nono("run", "--allow-cwd", "--block-net", *make, env=both)
    assert done.stdout.splitlines() == ["passed", "offline", "offline"], done.stderr
    assert done.returncode == 0
    by_name, by_address, title, *refusals = done.stderr.splitlines()
    assert by_name == "curl: (6) Could not resolve host: api.openai.com"
    assert by_address.startswith("curl: (7) Failed to connect to ")
    assert title.startswith("nono: ")
    assert [line.split(" for ")[0] for line in refusals] == ["  make a socket"] * 2
    assert all(": denied by flag --block-net" in line for line in refusals)
    assert internet.plain.connections == []
    # It was only the flag that kept it from the server.
    done = nono("run", "--allow-cwd", *make, env={"URLS": address})
    assert "this is plain.example.net" in done.stdout
