"""No question is worthless: after each answer that allows, of each kind, the call succeeds."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nono.supervisor.session.tmpdir import remove_tree
from tests.conftest import TIMEOUT, Account, program_beside
from tests.supervisor.network.world import world

pytestmark = pytest.mark.requires(landlock=6)

COMMAND = program_beside(__file__, "each_offer.py")
PROGRAM = program_beside(__file__, "every_kind.py")
LETTERS = "ordaAt"
AGAIN = ("read", "list", "write", "make", "watch", "truncate", "chmod", "replace")
"""What can be done again where it was done."""
ENDS = ("create", "mkdir", "listen", "symlink", "rename", "exchange", "unlink", "rmdir")
KERNELS = {
    "address": {"ok", "ENETUNREACH", "EHOSTUNREACH"},
    "bind": {"EADDRNOTAVAIL"},
}
"""What the kernel itself says where it is not this machine that a call is about."""


@pytest.fixture
def as_user(user: Account) -> Account:
    """An ordinary user is enough: what a call may do is for `test_calls.py`."""
    return user


@contextlib.contextmanager
def listening(count: int) -> Iterator[list[int]]:
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        yield [each.getsockname()[1] for each in servers]


def prepare(account: Account, base: Path, stack: contextlib.ExitStack) -> None:
    for kind in (*AGAIN, *ENDS, "unix"):
        for letter in LETTERS:
            place = account.directory(base / kind / (letter.lower() * (1 + letter.isupper())))
            account.file(place / "f", "x")
            account.file(place / "other", "x")
            account.directory(place / "empty")
            if kind == "unix":
                server = stack.enter_context(socket.socket(socket.AF_UNIX))
                server.bind(str(place / "s"))
                (place / "s").chmod(0o777)
                server.listen()


Cases = dict[tuple[str, str], Any]


def outcomes(
    account: Account, project: Path, options: list[str], *arguments: object
) -> tuple[Cases, Cases]:
    """What became of each case, and how often each was asked about, and offered what it is of."""
    (project / "asked").write_text("")
    account.file(project / "asked")
    words = [json.dumps(each) if not isinstance(each, Path) else str(each) for each in arguments]
    run = ("run", "--ask=script", "--no-audit", "--allow-cwd", *options, "--")
    command = (*run, "python3", "-c", PROGRAM, *words)
    done = account.host(COMMAND, *command, cwd=project, timeout=3 * TIMEOUT, has_command=True)
    assert done.returncode == 0, done.stderr
    became = {
        (kind, letter): said for kind, letter, said in map(json.loads, done.stdout.splitlines())
    }
    asked: Cases = {}
    for kind, letter, has, *_ in map(json.loads, (project / "asked").read_text().splitlines()):
        asked.setdefault((kind, letter), []).append(has)
    return became, asked


def test_each_answer_of_each_kind_lets_the_call_succeed(as_user: Account, project: Path) -> None:
    """In this run, and in the next one, which asks nothing, if the answer was "always"."""
    base = as_user.home / f"{project.name}-outside"
    with world() as internet, listening(len(LETTERS)) as ports, contextlib.ExitStack() as stack:
        hosts: dict[str, list[tuple[str, int]]] = {}
        for kind in ("host", "later"):
            # Of a name, and then of where it leads.
            names = [f"{kind}{number}.kind.example" for number in range(len(LETTERS))]
            for name in names:
                internet.name(name, "127.0.0.1")
            hosts[kind] = list(zip(names, ports, strict=True))
        options = [*internet.flags(), "--allow-domain=other.example"]
        prepare(as_user, base, stack)
        became, asked = outcomes(as_user, project, options, base, ports, hosts, {})
        failed = {case: said for case, said in became.items() if not is_good(case, said)}
        assert failed == {}
        assert {kind for kind, _ in asked} == {kind for kind, _ in became}
        taken = [case for case, has in asked.items() if has[0]]
        kept = {kind: "".join(x for k, x in taken if k == kind and x in "aA") for kind, _ in taken}
        assert {kind for kind in kept if not kept[kind]} == {"unix"}
        assert {kind for kind, letter in taken if letter == "t"} >= {*AGAIN, *ENDS, "host"}
        kept["replace"] = "A"  # a file alone is nothing that names may be changed beside
        for kind in (*ENDS, "unix"):
            remove_tree(str(base / kind))
        prepare(as_user, base, stack)
        became, asked = outcomes(as_user, project, options, base, ports, hosts, kept)
        failed = {case: said for case, said in became.items() if not is_good(case, said)}
        assert (asked, failed) == ({}, {})
        assert {kind for kind, _ in became} == {*kept} - {"unix"}


def is_good(case: tuple[str, str], said: str) -> bool:
    return said in KERNELS.get(case[0], {"ok"})
