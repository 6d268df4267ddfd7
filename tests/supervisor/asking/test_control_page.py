"""The clients of docs/control.md, as they stand there, with a real run."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, Account

pytestmark = pytest.mark.requires(landlock=6, commands=["socat", "jq"])

PAGE = (CHECKOUT / "docs/control.md").read_text(encoding="utf-8")
CLIENTS = {"bash": ["bash", "-c"], "python": ["python3", "-c"]}


def client(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    lines = [line for line in str(text).splitlines() if line.strip()]
    assert len(lines) <= 15
    return str(text)


@pytest.mark.parametrize("language", list(CLIENTS))
def test_a_client_of_the_page(
    user: Account, tmp_path_factory: pytest.TempPathFactory, language: str
) -> None:
    """It lets files be read, and refuses what is written."""
    place = user.directory(user.home / f"client-{language}")
    runtime = user.directory(place / "run", 0o700)
    file = user.file(user.home / f"{language}.txt", "read\n")
    switch = os.geteuid() != user.uid
    account = {
        "user": user.uid if switch else None,
        "group": user.gid if switch else None,
        "extra_groups": [] if switch else None,
    }
    env = {**user.environment, "XDG_RUNTIME_DIR": str(runtime)}
    script = f"read x; cat {file}; echo y > {file}; cat {file}"
    run = [
        user.python,
        "-P",
        "-m",
        "nono.supervisor",
        "run",
        "--ask=watch",
        "--",
        "sh",
        "-c",
        script,
    ]
    with subprocess.Popen(
        run,
        cwd=place,
        env=env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **account,
    ) as process:
        found: list[Path] = []
        while not found:
            found = [*runtime.glob("nono/*.sock")]
        words = [*CLIENTS[language], client(language)]
        if language == "bash":
            words.append("client")
        with subprocess.Popen([*words, str(found[0])], env=env, **account) as answering:
            while not answers(user, env):
                assert answering.poll() is None
            stdout, stderr = process.communicate("\n", timeout=30)
            assert answering.wait(10) == 0
    assert stdout == "read\nread\n", stderr
    assert "asked 3 times" in stderr, stderr


def answers(account: Account, env: dict[str, str]) -> bool:
    """Whether somebody is attached who answers."""
    nono = (account.python, "-P", "-m", "nono.supervisor", "ps", "--json")
    (status,) = json.loads(account(*nono, env=env).stdout)
    return any(client["answers"] for client in status["clients"])
