"""The clients of docs/control.md, as they stand there, with a real run."""

import json
import re

import pytest

from tests.conftest import CHECKOUT, Account
from tests.control_sockets import control_socket
from tests.supervisor.asking.processes import hear, nono_words, started

pytestmark = pytest.mark.requires(landlock=6, commands=["socat", "jq"])

PAGE = (CHECKOUT / "docs/control.md").read_text(encoding="utf-8")
CLIENTS = {"bash": ["bash", "-c"], "python": ["python3", "-c"]}


def client(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    lines = [line for line in str(text).splitlines() if line.strip()]
    assert len(lines) <= 15
    return str(text)


@pytest.mark.parametrize("language", list(CLIENTS))
def test_a_client_of_the_page(user: Account, language: str) -> None:
    """It lets files be read, and refuses what is written."""
    place = user.directory(user.home / f"client-{language}")
    runtime = user.directory(place / "run", 0o700)
    file = user.file(user.home / f"{language}.txt", "read\n")
    env = {"XDG_RUNTIME_DIR": str(runtime)}
    script = f"echo ready; read x; cat {file}; echo y > {file}; cat {file}"
    run = nono_words(user, "run", "--ask=watch", "--", "sh", "-c", script)
    with started(user, run, place, env) as process:
        assert hear(process) == "ready"
        socket = control_socket(runtime)
        words = [*CLIENTS[language], client(language), *(["client"] if language == "bash" else [])]
        with started(user, [*words, socket], place, env) as answering:
            while not answers(user, env):
                assert answering.poll() is None
            stdout, stderr = process.communicate("\n", timeout=30)
            assert answering.wait(60) == 0
    assert stdout == "read\nread\n", stderr
    assert "asked 3 times" in stderr, stderr


def answers(account: Account, env: dict[str, str]) -> bool:
    """Whether somebody is attached who answers."""
    (status,) = json.loads(account(*nono_words(account, "ps", "--json"), env=env).stdout)
    return any(client["answers"] for client in status["clients"])
