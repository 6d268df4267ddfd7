"""`why`, `run` on the real kernel and `decide` give one answer, for any profile and any request."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nono.broker import Access, Allow, ConnectHost, Execute, Open
from nono.broker.requests import RecordedProcess
from nono.supervisor.decisions.always import complete
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from tests.conftest import Account, Nono, program_beside
from tests.supervisor.network.world import world

pytestmark = pytest.mark.requires(landlock=2)

NAMES = ("a", "a/x", "a/y", "a/b", "a/b/x", "a/b/.env", "c", "c/x", "c/run")
DIRECTORIES = {"a", "a/b", "c"}
HOSTS = ("one.example", "two.example", "sub.two.example", "three.example")
PORTS = (80, 443, 8443)

_PLACES = st.sampled_from(["", *NAMES])
_LISTS = st.lists(_PLACES, max_size=3)
_KEYS = ("allow", "read", "write", "allow_file", "read_file", "write_file")
_PATHS = st.fixed_dictionaries(
    {}, optional={**{key: _LISTS for key in _KEYS}, "deny": _LISTS, "globs": st.booleans()}
)
_DOMAINS = st.lists(
    st.sampled_from(
        ["one.example", "two.example:8443", "*.two.example", "*.example:80", "three.example:443"]
    ),
    max_size=3,
)


@dataclass(frozen=True)
class Case:
    """A profile, with paths relative to a directory, and what is tried under it."""

    filesystem: dict[str, Any]
    domains: list[str]


_CASES = st.builds(Case, _PATHS, _DOMAINS)

PROGRAM = program_beside(__file__, "agreement.py")


@pytest.fixture(scope="module")
def tree(user: Account) -> Path:
    """Files to ask for, which the ordinary user owns."""
    place = user.directory(user.home / "agreement")
    for name in NAMES:
        if name in DIRECTORIES:
            user.directory(place / name)
        else:
            user.file(place / name, "#!/bin/sh\n", 0o755)
    return place


def written(case: Case, place: Path) -> dict[str, Any]:
    filesystem = dict(case.filesystem)
    globs = filesystem.pop("globs", False)
    made = {
        key: [str(place / name) for name in names if key != "deny" or name]
        for key, names in filesystem.items()
    }
    if globs:
        made.setdefault("deny", []).append("**/.env")
    return {"filesystem": made, "network": {"allow_domain": case.domains}}


def decided(profile: Path, place: Path) -> dict[str, bool]:
    """What the policy says, and for programs the floor that is made of it."""
    decisions = complete(make_plan(Options(profile=str(profile)))).decisions()
    nobody = RecordedProcess(0)

    def allowed(request: Any) -> bool:
        return isinstance(decisions.policy.decide(request), Allow)

    answers = {}
    for name in NAMES:
        path = str(place / name)
        answers[f"read {name}"] = allowed(Open(nobody, path, Access.READ))
        if name not in DIRECTORIES:
            answers[f"write {name}"] = allowed(Open(nobody, path, Access.WRITE))
        if name.endswith("run"):
            execute = allowed(Execute(nobody, path))
            floor = decisions.floor_covers(path, Access.EXECUTE)
            # The kernel reads a script before it runs it; its interpreter opens it once more.
            answers[f"execute {name}"] = execute and floor
    for host in HOSTS:
        for port in PORTS:
            answers[f"{host}:{port}"] = allowed(ConnectHost(nobody, host, port))
    return answers


def asked(nono: Nono, profile: Path, place: Path, question: str) -> bool:
    """What `nono why` says."""
    if ":" in question:
        host, _, port = question.partition(":")
        words: tuple[str, ...] = ("--host", host, "--port", port)
    else:
        op, _, name = question.partition(" ")
        words = ("--path", str(place / name), "--op", op)
    done = nono("why", "--json", "--profile", profile, *words)
    answer: bool = json.loads(done.stdout)["allowed"]
    assert done.returncode == (0 if answer else 1)
    return answer


@settings(
    max_examples=4,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_CASES, st.randoms(use_true_random=False))
def test_one_answer(
    nono: Nono, as_user: Account, tree: Path, case: Case, chosen: random.Random
) -> None:
    profile = as_user.file(as_user.home / "agreement.json", json.dumps(written(case, tree)))
    expected = decided(profile, tree)
    arguments = json.dumps([str(tree), NAMES, HOSTS, PORTS])
    with world() as nowhere:
        # No host is there, so only the report tells what is refused from what fails.
        options = ["--json", "--profile", str(profile), *nowhere.flags()]
        done = nono("run", *options, "--", "python3", "-c", PROGRAM, arguments, timeout=120)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stderr.splitlines()[-1])
    refused = {f"{each.get('host')}:{each.get('port')}" for each in report["denials"]}
    answers = {
        f"{host}:{port}": f"{host}:{port}" not in refused for host in HOSTS for port in PORTS
    }
    assert {**json.loads(done.stdout), **answers} == expected
    for question in chosen.sample(sorted(expected), 3):
        assert asked(nono, profile, tree, question) is expected[question], question


def test_files_of_keys_and_copies_are_as_why_says(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """Not by the rules of a person's: a run refuses the one, and replaces the others."""
    key = as_user.file(project / "key", "a-key-of-sorts\n", 0o600)
    paths = [str(key), "/etc/resolv.conf", "/etc/hosts", "/etc/passwd"]
    options = ("--allow-cwd", f"--proxy-credential=openai=file://{key}")
    program = (
        "import os, sys\n"
        "for path in sys.argv[1:]:\n"
        "    for flags in os.O_RDONLY, os.O_WRONLY:\n"
        "        try: print(os.open(path, flags) >= 0)\n"
        "        except OSError: print(False)\n"
    )
    done = nono("run", *options, "--", "python3", "-c", program, *paths)
    said = [
        str(nono("why", *options, "--path", path, "--op", op).returncode == 0)
        for path in paths
        for op in ("read", "write")
    ]
    assert done.stdout.splitlines() == said, done.stderr
    assert said == ["False", "False", *["True", "False"] * 3]
