"""Agents of each framework, with models that call tools as they are told: no network is needed."""

import re
from pathlib import Path

import pytest

from tests.conftest import Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)


def place_of(account: Account, name: str) -> Path:
    place = account.directory(account.home / f"adapter-{name}")
    account.directory(place / "work")
    return place


@pytest.mark.parametrize("name", ["pydantic_ai", "deepagents", "smolagents", "openai_agents"])
def test_an_agent(name: str, frameworks: Account) -> None:
    parts = "header.py", f"model_of_{name}.py", f"with_{name}.py"
    text = "".join(program_beside(__file__, part) for part in parts)
    program = frameworks.file(
        frameworks.home / f"adapters/{name}.py", text
    )  # some read their source
    done = frameworks(frameworks.python, "-P", program, cwd=place_of(frameworks, name))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("done\n")


def test_a_workspace_is_what_pydantic_ai_wants(frameworks: Account) -> None:
    """Its public suite passes whole: nothing is left out."""
    place = place_of(frameworks, "suite")
    frameworks.file(place / "test_suite.py", program_beside(__file__, "pydantic_ai_suite.py"))
    # Under trio the commands alone.
    chosen = "TestNono or timeout or cancellation or background or destroying"
    pytest_there = (frameworks.python, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = frameworks(*pytest_there, "-k", chosen, "test_suite.py", cwd=place, timeout=180)
    assert done.returncode == 0, done.stdout
    counted = re.search(r"(\d+) passed", done.stdout)
    assert counted and int(counted[1]) >= 42 and " skipped" not in done.stdout, done.stdout
