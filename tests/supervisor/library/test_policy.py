"""Policies in Python, and what may not be said."""

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

import nono
from nono.broker import Access, Mode, Open
from nono.broker.requests import NOBODY
from nono.supervisor import make_plan
from nono.supervisor.library.policy import as_plan, check_argv
from nono.supervisor.library.words import python_words


def may(plan: nono.Plan, path: str | Path, access: Access = Access.READ) -> bool:
    verdict = plan.policy.decide(Open(NOBODY, str(path), access))
    return type(verdict).__name__ == "Allow"


@pytest.mark.parametrize(
    "given",
    [
        {"allow": "./"},
        {"read": Path("x")},
        {"deny": b"x"},
        {"allow_domain": "example.org"},
        {"open_port": 80},
        {"allow": [1.5]},
        {"read": [None]},
        {"allow_cwd": "no"},
        {"block_net": 1},
    ],
)
def test_what_cannot_be_meant(given: dict[str, Any]) -> None:
    """Each letter of a string would be a path, and / one of them."""
    with pytest.raises(TypeError, match=next(iter(given))):
        nono.Options(**given)


def test_paths_of_every_kind(tmp_path: Path) -> None:
    options = nono.Options(read=[tmp_path, b"/srv", "x"], open_port=[80, "90-99"])  # type: ignore[list-item]
    assert options.read == (str(tmp_path), "/srv", "x")
    assert options.open_port == (80, "90-99")
    where = nono.Options(workdir=tmp_path, profile=Path("p.json"))  # type: ignore[arg-type]
    assert where.workdir == str(tmp_path) and str(where.profile).endswith("/p.json")


def test_a_policy_grows_and_never_changes(tmp_path: Path) -> None:
    nothing = nono.Policy()
    some = nothing.allow(tmp_path).deny(tmp_path / "no")
    assert not may(nothing.plan(), tmp_path)
    plan = some.plan()
    assert may(plan, tmp_path / "x", Access.WRITE) and not may(plan, tmp_path / "no")
    assert may(nono.Policy().workdir(tmp_path, allow=True).plan(), tmp_path)
    assert nono.Policy().workdir(tmp_path).plan().workdir == str(tmp_path.resolve())


def test_there_is_no_network_until_it_is_named() -> None:
    modes = {
        nono.Policy(): Mode.BLOCKED,
        nono.Policy().read("/usr"): Mode.BLOCKED,
        nono.Policy().hosts("example.org"): Mode.FILTERED,
        nono.Policy().network_profile("developer"): Mode.FILTERED,
        nono.Policy().ports(8000): Mode.FILTERED,
        nono.Policy().any_network(): Mode.UNRESTRICTED,
        nono.Policy().hosts(): Mode.BLOCKED,
    }
    for policy, mode in modes.items():
        assert policy.plan().policy.network.mode is mode, policy


def test_the_interpreter_is_opened_with_its_packages() -> None:
    plan = nono.Policy.python().plan(["sh"])
    for path in (sys.executable, pytest.__file__):
        assert may(plan, Path(path).resolve()), path


def test_a_profile_is_found_and_checked_at_once(tmp_path: Path) -> None:
    profile = nono.Profile.load("python-dev")
    assert nono.Policy.of(profile).plan().policy.network.mode is Mode.FILTERED
    file = tmp_path / "mine.json"
    file.write_text('{"network": {"block": true}, "filesystem": {"read": ["/srv"]}}')
    for reference in (file, str(file)):
        plan = as_plan(nono.Profile.load(reference))
        assert may(plan, "/srv/x") and plan.policy.network.mode is Mode.BLOCKED
    with pytest.raises(nono.PolicyError) as caught:
        nono.Profile.load("pyton-dev")
    assert "python-dev" in caught.value.hint
    file.write_text('{"filesystem": {"raed": []}}')
    with pytest.raises(nono.PolicyError):
        nono.Profile.load(file)


def test_a_plan_and_an_error_can_be_sent(tmp_path: Path) -> None:
    policy = nono.Policy.python().allow(tmp_path).hosts("example.org").deny("**/.env")
    assert pickle.loads(pickle.dumps(policy)) == policy
    plan = policy.plan(["sh"])
    assert pickle.loads(pickle.dumps(plan)) == plan
    with pytest.raises(nono.NonoError) as caught:
        nono.Policy().hosts("http://example.org").plan()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.message, again.hint) == (
        type(caught.value),
        caught.value.message,
        caught.value.hint,
    )
    ended = nono.Completed(("x",), 3, None, None, ())
    sent = pickle.loads(pickle.dumps(nono.CalledProcessError(ended)))
    assert (sent.returncode, sent.completed, str(sent)) == (3, ended, "x ended with 3")


def test_whatever_stands_for_a_policy() -> None:
    plan = nono.Policy().plan()
    assert as_plan(plan) is plan
    assert as_plan(None).policy.network.mode is Mode.BLOCKED
    assert as_plan(nono.Options()).policy.network.mode is Mode.UNRESTRICTED
    assert as_plan(make_plan(nono.Options()).policy).workdir
    kinds: tuple[object, ...] = ("developer", ["sh"], {})
    for wrong in kinds:
        with pytest.raises(TypeError):
            as_plan(wrong)  # type: ignore[arg-type]


def test_a_command_is_words() -> None:
    assert check_argv(["ls", Path("x")]) == ["ls", "x"]
    for wrong in ("ls -l", Path("ls"), b"ls"):
        with pytest.raises(TypeError):
            check_argv(wrong)  # type: ignore[arg-type]
    with pytest.raises(nono.UsageError):
        check_argv([])


def test_errors_speak_of_python() -> None:
    assert python_words("add --allow-cwd or --best-effort") == "add allow_cwd or best_effort"
    assert python_words("ls --color --no-such") == "ls --color --no-such"
    with pytest.raises(nono.NonoError) as caught:
        nono.Policy().read("/nowhere/at/all").plan()
    assert "--" not in caught.value.message + caught.value.hint
