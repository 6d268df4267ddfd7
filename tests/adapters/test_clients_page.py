"""The examples of docs/clients.md, each as its reader would run it."""

import json
import re

import pytest

from tests.conftest import CHECKOUT, Account

pytestmark = pytest.mark.requires(landlock=2)

PAGE = (CHECKOUT / "docs/clients.md").read_text(encoding="utf-8")
MAX_LINES = 15
LIST_TOOLS = """
import asyncio, json, os, sys
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
said = json.loads(sys.argv[1])["mcpServers"]["sandbox"]
async def main():
    async with Client(stdio_client(StdioServerParameters(**said, env={**os.environ}))) as client:
        print([each.name for each in (await client.list_tools()).tools])
asyncio.run(main())
"""


def blocks(section: str, kind: str) -> list[str]:
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.M | re.S)


def test_the_server_and_the_kernel(frameworks: Account) -> None:
    place = frameworks.directory(frameworks.home / "clients")
    frameworks.directory(place / "work")
    names = frameworks.file(place / "bin/nono", f"#!/bin/sh\nexec {frameworks.python} -m nono $*\n")
    names.chmod(0o755)
    env = {"PATH": f"{names.parent}:{frameworks.environment['PATH']}"}
    (example,) = blocks("nono mcp", "json")
    done = frameworks(frameworks.python, "-c", LIST_TOOLS, example, cwd=place, env=env)
    assert "'run_python', 'run_command'" in done.stdout, done.stderr
    frameworks.file(place / "mcp.json", json.dumps({"mcpServers": {"theirs": {"command": "x"}}}))
    (wrapping,) = blocks("nono mcp wrap", "sh")
    (installing,) = blocks("Jupyter", "sh")
    done = frameworks("sh", "-ec", wrapping + installing, cwd=place, env=env)
    assert done.returncode == 0 and done.stdout.count("wrote ") == 2, done.stdout + done.stderr
    (kernel,) = blocks("Jupyter", "python")
    done = frameworks(frameworks.python, "-c", kernel, cwd=place, env=env)
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr


def test_the_tests(frameworks: Account) -> None:
    place = frameworks.directory(frameworks.home / "clients-pytest")
    frameworks.directory(place / "golden")
    (example,) = blocks("pytest", "python")
    frameworks.file(place / "test_example.py", example)
    words = (frameworks.python, "-m", "pytest", "-q", "--nono-each", "test_example.py")
    done = frameworks(*words, cwd=place)
    assert "2 passed" in done.stdout and (place / "golden/new").read_text() == "3", done.stdout


def test_examples_are_short() -> None:
    for kind in ("json", "sh", "python"):
        for block in re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.S):
            assert len([line for line in block.splitlines() if line]) <= MAX_LINES
