"""The examples of docs/adapters.md, each as its reader would run it."""

import re

import pytest

from tests.conftest import CHECKOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)

PAGE = (CHECKOUT / "docs/adapters.md").read_text(encoding="utf-8")
EXAMPLES = {
    match[1]: block
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    if (match := re.search(r"^from nono\.adapters\.(\w+) import", block, re.M))
}
ASKED = "python3 -c 'print(6*7)'"
MODELS = {
    "deepagents": f'Calling(calls=[("execute", {{"command": {ASKED!r}}})])',
    "openai_agents": f'Calling(("exec_command", {{"cmd": {ASKED!r}}}))',
    "pydantic_ai": f'calling(("shell", {{"command": {ASKED!r}}}))',
    "smolagents": 'Calling("final_answer(6 * 7)")',
}
"""What stands for `model`: one that uses the sandbox once."""
MAX_LINES = 15


@pytest.mark.parametrize("name", MODELS)
def test_an_example(name: str, frameworks: Account) -> None:
    text = program_beside(__file__, f"model_of_{name}.py")
    place = frameworks.directory(frameworks.home / f"example-{name}")
    frameworks.directory(place / "work")
    program = f"{text}\nmodel = {MODELS[name]}\n{EXAMPLES[name]}"
    done = frameworks(frameworks.python, "-P", "-c", program, cwd=place, env={"TMPDIR": str(place)})
    assert done.returncode == 0, done.stderr
    assert "42" in done.stdout or "done" in done.stdout, done.stdout


@pytest.mark.parametrize("name", MODELS)
def test_an_example_is_short(name: str) -> None:
    assert len([line for line in EXAMPLES[name].splitlines() if line]) <= MAX_LINES
