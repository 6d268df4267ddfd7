"""nono in a container: under the filters and capabilities of Docker's and podman's defaults.

What containers add besides (namespaces, a root directory) takes nothing from nono; where the real
ones were tried, and when, is in docs/containers.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import dns.message
import dns.rrset
import pytest

from tests.conftest import CHECKOUT, Account, Finished, program_beside

pytestmark = pytest.mark.requires(landlock=6)

PYTHON = "/usr/bin/python3"
SHIPPED = CHECKOUT / "contrib/containers/seccomp.json"
NAME = "box.example"
NO_LOCK = {"lock": "OSError(38, 'Function not implemented')"}
"""What the program does not get where pidfd_getfd is refused."""

CASES: list[tuple[str, str | Path, dict[str, str]]] = [
    ("root", "moby", NO_LOCK),
    ("user", "moby", NO_LOCK),
    ("user", "podman", {}),
    ("root", SHIPPED, {}),
]


class Contained(Protocol):
    """Run a command of the account's, in the project, as in a container of this profile."""

    def __call__(self, profile: str | Path, *command: str | Path) -> Finished: ...


@pytest.fixture
def contained(request: pytest.FixtureRequest, as_user: Account, project: Path) -> Contained:
    starter: Account = request.getfixturevalue("root" if os.geteuid() == 0 else "user")

    def run(profile: str | Path, *command: str | Path) -> Finished:
        enter = (sys.executable, "-m", "tests.containers.enter", profile, as_user.name, project)
        return starter(*enter, "--", *command, cwd=CHECKOUT, env=as_user.environment)

    return run


@pytest.fixture
def nono_command(as_user: Account) -> tuple[str, ...]:
    return (as_user.python, "-P", "-m", "nono.supervisor")


@contextlib.contextmanager
def named_server() -> Iterator[tuple[str, ...]]:
    """A server on loopback that says hello, and a DNS server that names it: flags to reach it."""
    with contextlib.ExitStack() as held:
        server = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        names = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        names.bind(("127.0.0.1", 0))
        for serve in (_greet, _name):
            given = server if serve is _greet else names
            threading.Thread(target=serve, args=(given,), daemon=True).start()
        port = server.getsockname()[1]
        yield (
            f"--dns=127.0.0.1:{names.getsockname()[1]}",
            f"--allow-domain={NAME}:{port}",
            f"--allow-domain=127.0.0.1:{port}",
        )


def _greet(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            with server.accept()[0] as accepted:
                accepted.sendall(b"hello")


def _name(names: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            text, asker = names.recvfrom(1024)
            query = dns.message.from_wire(text)
            answer = dns.message.make_response(query)
            if dns.rdatatype.to_text(query.question[0].rdtype) == "A":
                answer.answer.append(dns.rrset.from_text(NAME + ".", 60, "IN", "A", "127.0.0.1"))
            names.sendto(answer.to_wire(), asker)


@pytest.mark.parametrize(
    ("as_user", "profile", "lacking"),
    [case for case in CASES if os.geteuid() == 0 or case[0] == "user"],
    indirect=["as_user"],
)
def test_programs_work_and_are_held(
    as_user: Account,
    contained: Contained,
    nono_command: tuple[str, ...],
    project: Path,
    profile: str | Path,
    lacking: dict[str, str],
) -> None:
    """Files and their umask, servers, hosts by name; what is closed stays closed."""
    hidden = as_user.secret("hidden.txt")
    given = as_user.file(as_user.home / "given.txt", "given")
    as_user.directory(project / "closed")
    with named_server() as reachable:
        port = reachable[1].rpartition(":")[2]
        opened: tuple[str | Path, ...] = (
            "--allow-cwd",
            "--deny",
            "closed",
            "--read-file",
            given,
            *reachable,
        )
        text = program_beside(__file__, "inside.py")
        program: tuple[str | Path, ...] = (PYTHON, "-c", text, hidden.path, given, NAME, port)
        done = contained(profile, *nono_command, "run", *opened, "--", *program)
    assert done.returncode == 0, done.stderr
    assert hidden.text not in done.stdout
    found = json.loads(done.stdout)
    assert {name: said for name, said in found.items() if said != "yes"} == lacking
    told = "docker run --cap-add SYS_PTRACE" in done.stderr
    assert told == bool(lacking), done.stderr
    assert "bug in nono" not in done.stderr


def test_the_library_and_learning_work(
    as_user: Account, contained: Contained, nono_command: tuple[str, ...], project: Path
) -> None:
    """With a umask of the host program's own, which no sandbox changes."""
    library = program_beside(__file__, "library.py")
    done = contained("moby", as_user.python, "-P", "-c", library)
    assert done.stdout.splitlines() == ["0o660 0o640 0"], done.stderr
    as_user.file(project / "data.txt", "text")
    learn = ("learn", "--allow-connect", "-o", project / "learned.json")
    program = "import os; os.mkdir('made'); print(open('data.txt').read())"
    learnt = contained("moby", *nono_command, *learn[:1], *learn[2:], "--", PYTHON, "-c", program)
    assert (learnt.returncode, learnt.stdout) == (0, "text\n"), learnt.stderr
    assert "made" in (project / "learned.json").read_text()


@pytest.mark.parametrize(("profile", "lines"), [("moby", 2), (SHIPPED, 0)], ids=str)
def test_setup_check_tries_every_mechanism(
    contained: Contained, nono_command: tuple[str, ...], profile: str | Path, lines: int
) -> None:
    done = contained(profile, *nono_command, "setup", "--check")
    assert done.returncode == 0, done.stdout
    assert "ok  a program in a sandbox: ran" in done.stdout
    assert done.stdout.count("\n     pidfd_getfd(2) is refused here: docker run --cap-add") == lines
    tried = done.stdout.partition("a program in a sandbox")[2]
    assert tried.count("\nok ") == 10 - lines
    assert "\nNO " not in tried
    assert tried.count("\n-   ") == lines
