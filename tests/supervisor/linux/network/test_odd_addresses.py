"""Addresses that are too short, too long or of another family fail as they do outside."""

import json
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

PYTHON = ("/usr/bin/python3", "-S")
BEGUN = ("EINPROGRESS", "ECONNREFUSED")
OF_DATAGRAMS = dict.fromkeys(("ENOTCONN", "ENOENT", "begun"), "EPIPE")
"""docs/how-it-works.md, the walk of a unix datagram: such a socket is shut for sending."""


def found(output: str) -> dict[tuple[object, ...], str]:
    """By call, socket, address and length; a connection that begins is as good as one refused."""
    lines = [json.loads(line) for line in output.splitlines()]
    return {(*key,): "begun" if said in BEGUN else said for *key, said in lines}


def expected(key: tuple[object, ...], outside: str) -> str:
    call, kind, name, _ = key
    if (call, name, outside) == ("bind", "unspecified", "done"):
        return "EAFNOSUPPORT"  # docs/differences.md
    if kind != "AF_UNIX SOCK_DGRAM" or call not in ("sendto", "sendmsg"):
        return outside
    return OF_DATAGRAMS.get(outside, outside)


@BY_A_USER
@pytest.mark.parametrize("options", [(), ("--allow-domain", "example.org")], ids=["open", "named"])
@pytest.mark.parametrize("lane", ["compiled", "python"])
def test_what_each_call_says_of_each_address(
    nono: Nono, as_user: Account, project: Path, options: tuple[str, ...], lane: str
) -> None:
    script = as_user.file(project / "odd.py", program_beside(__file__, "odd_addresses.py"))
    outside = found(as_user(*PYTHON, script, cwd=project).stdout)
    run = ("run", "--no-audit", "--allow-cwd", *options, "--", *PYTHON, "odd.py")
    done = nono(*run, env={"NONO_LANE": lane})
    inside = found(done.stdout)
    assert len(outside) > 2000 and len(inside) == len(outside), done.stderr
    wrong = {
        key: (said, inside[key])
        for key, said in outside.items()
        if inside[key] not in (said, expected(key, said))
    }
    assert wrong == {}
