"""The library takes a plan as one thing; what is given beside it takes the place of a part."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nono.broker import Environment, Policy
from nono.broker.credentials.services import built_in_service, with_source
from nono.supervisor import Completed, NonoError, Options, Plan, make_plan, open_sandbox, run

pytestmark = pytest.mark.requires(landlock=2)

SHOW = ["sh", "-c", "pwd; echo $GREETING $TOKEN $OWN; cat note"]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """It works in a directory that is not this process's, and sets and passes on variables."""
    (tmp_path / "work/deeper").mkdir(parents=True)
    (tmp_path / "work/note").write_text("noted\n")
    (tmp_path / "work/deeper/note").write_text("deeper\n")
    profile = {
        "workdir": {"access": "read"},
        "environment": {"set_vars": {"GREETING": "hello"}, "deny_vars": ["OWN"]},
    }
    (tmp_path / "profile.json").write_text(json.dumps(profile))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "passed-on")
    monkeypatch.setenv("OWN", "kept")
    options = Options(
        profile=str(tmp_path / "profile.json"),
        workdir=str(tmp_path / "work"),
        env_allow=["TOKEN"],
    )
    return make_plan(options, ["sh"])


def printed(given: Plan | Policy, **beside: Any) -> list[str]:
    done = run(SHOW, given, capture_output=True, **beside)
    assert done.stdout is not None
    return done.stdout.decode().splitlines()


def test_its_working_directory_and_environment(plan: Plan) -> None:
    assert printed(plan) == [plan.workdir, "hello passed-on", "noted"]


def test_what_is_given_beside_it(plan: Plan) -> None:
    deeper = [f"{plan.workdir}/deeper", "hello passed-on", "deeper"]
    assert printed(plan, cwd="deeper") == printed(plan, cwd=f"{plan.workdir}/deeper") == deeper
    env = {**os.environ, "TOKEN": "another"}
    assert printed(plan, env=env)[1] == "hello another"
    assert printed(plan, environment=Environment())[1] == "kept"


def test_its_services(plan: Plan) -> None:
    keyless = with_source(built_in_service("openai"), "env://NOT_SET")
    served = replace(plan, services=(keyless,))
    with pytest.raises(NonoError, match="not in the variable NOT_SET"):
        run(["true"], served)
    with pytest.raises(NonoError, match="not in the variable NOT_SET"):
        run(["true"], plan, services=[keyless])
    assert run(["true"], served, services=()).returncode == 0


def test_a_bare_policy_has_the_defaults(plan: Plan, tmp_path: Path) -> None:
    assert printed(plan.policy)[:2] == [str(tmp_path), "kept"]
    assert printed(plan.policy, cwd="work")[2] == "noted"


async def test_a_sandbox_that_stays_open(plan: Plan) -> None:
    async def output(env: Mapping[str, str] | None = None, cwd: str | None = None) -> list[str]:
        done: Completed = await box.run(SHOW, env=env, cwd=cwd, capture_output=True)
        assert done.stdout is not None
        return done.stdout.decode().splitlines()

    async with open_sandbox(plan) as box:
        assert await output() == [plan.workdir, "hello passed-on", "noted"]
        assert (await output({"PATH": "/bin:/usr/bin"}, "deeper"))[1:] == ["hello", "deeper"]
    async with open_sandbox(plan, environment=Environment()) as box:
        assert (await output())[1] == "kept"
