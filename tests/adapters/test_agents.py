"""Agents of each framework, with models that call tools as they are told: no network is needed."""

import re
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, TIMEOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)

PAGE = (CHECKOUT / "docs/adapters.md").read_text(encoding="utf-8")
EXAMPLES = {
    match[1]: block
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    if (match := re.search(r"^from nono\.adapters\.(\w+) import", block, re.M))
}
MAX_LINES = 15
SECONDS = 3 * TIMEOUT
ASKED = "python3 -c 'print(6*7)'"
MODELS = {
    "deepagents": f'Calling(calls=[("execute", {{"command": {ASKED!r}}})])',
    "openai_agents": f'Calling(("exec_command", {{"cmd": {ASKED!r}}}))',
    "pydantic_ai": f'calling(("shell", {{"command": {ASKED!r}}}))',
    "smolagents": 'Calling("final_answer(6 * 7)")',
}
"""What stands for `model` in an example: one that uses the sandbox once."""
ANSWERS = {"deepagents": "done", "openai_agents": "done", "pydantic_ai": "42", "smolagents": "42"}


def place_of(account: Account, name: str) -> Path:
    place = account.directory(account.home / f"adapter-{name}")
    account.directory(place / "work")
    return place


@pytest.mark.parametrize("name", MODELS)
def test_an_agent(name: str, frameworks: Account) -> None:
    """And, in the same process, the example of the page: importing a framework takes seconds."""
    assert len([line for line in EXAMPLES[name].splitlines() if line]) <= MAX_LINES
    parts = "header.py", f"model_of_{name}.py", f"with_{name}.py"
    text = "".join(program_beside(__file__, part) for part in parts)
    text += f"\nmodel = {MODELS[name]}\n{EXAMPLES[name]}"
    # A file: smolagents reads its source.
    program = frameworks.file(frameworks.home / f"adapters/{name}.py", text)
    place = place_of(frameworks, name)
    here = {"TMPDIR": str(place)}
    done = frameworks(frameworks.python, "-P", program, cwd=place, env=here, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ANSWERS[name] in done.stdout.partition("== the example\n")[2], done.stdout


def test_a_workspace_is_what_pydantic_ai_wants(frameworks: Account) -> None:
    """Its public suite passes whole: nothing is left out."""
    place = place_of(frameworks, "suite")
    frameworks.file(place / "test_suite.py", program_beside(__file__, "pydantic_ai_suite.py"))
    # Under trio the commands alone.
    chosen = "TestNono or timeout or cancellation or background or destroying"
    pytest_there = (frameworks.python, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = frameworks(*pytest_there, "-k", chosen, "test_suite.py", cwd=place, timeout=SECONDS)
    assert done.returncode == 0, done.stdout
    counted = re.search(r"(\d+) passed", done.stdout)
    assert counted and int(counted[1]) >= 42 and " skipped" not in done.stdout, done.stdout
