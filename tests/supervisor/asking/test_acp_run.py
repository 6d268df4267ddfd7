"""`nono run --ask=acp`: a scripted editor, a scripted agent in the sandbox, and nono between."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BY_A_USER, Account, Secret, program_beside
from tests.supervisor.asking.processes import hear, nono_words, say, started

pytestmark = [pytest.mark.requires(landlock=6), BY_A_USER]

AGENT = program_beside(__file__, "acp_agent.py")


class Editor:
    """Starts nono instead of the agent."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.asked = 0

    def say(self, **message: Any) -> None:
        say(self.process, json.dumps({"jsonrpc": "2.0", **message}))

    def hear(self) -> Any:
        return json.loads(hear(self.process))

    def prompt(self, id: int, path: Path, *options: str) -> str:
        """Have the agent read a file; what it says. `options` are what is selected, one by one."""
        prompt = [{"type": "text", "text": str(path)}]
        self.say(id=id, method="session/prompt", params={"sessionId": "sess_1", "prompt": prompt})
        left, text = [*options], ""
        while (message := self.hear()).get("id") != id:
            update = message["params"].get("update", {})
            if message.get("method") == "session/request_permission":
                self._answer(message, left.pop(0))
            elif update["sessionUpdate"] == "agent_message_chunk":
                text = update["content"]["text"]
            else:
                assert update["toolCallId"].startswith("nono-")
        assert not left
        return text

    def _answer(self, message: Any, option: str) -> None:
        self.asked += 1
        assert message["id"].startswith("nono:") and message["params"]["sessionId"] == "sess_1"
        assert "nono asks" in message["params"]["toolCall"]["title"]
        offered = {each["optionId"]: each for each in message["params"]["options"]}
        chosen = next((id for id, each in offered.items() if option in (id, each["name"])), None)
        outcome: dict[str, object] = {"outcome": "cancelled"}
        if chosen is not None:
            outcome = {"outcome": "selected", "optionId": chosen}
        self.say(id=message["id"], result={"outcome": outcome})


@contextmanager
def editor(account: Account, project: Path, *agent: str) -> Iterator[Editor]:
    run = ("run", "--ask=acp", "--json", "--allow-cwd", "--", *agent)
    with started(account, nono_words(account, *run), project) as process:
        yield Editor(process)


def test_an_agent_asks_through_its_editor(as_user: Account, project: Path) -> None:
    secret: Secret = as_user.secret(f"{project.name}-notes/one.txt")
    other = as_user.file(secret.path.parent / "two.txt", "two\n")
    early = as_user.file(project.parent / f"{project.name}-early.txt", "early\n")
    agent = ["python3", "-c", AGENT, str(early)]
    with editor(as_user, project, *agent) as someone:
        someone.say(id=0, method="initialize", params={"protocolVersion": 1})
        assert someone.hear()["result"]["agentInfo"]["early"] == "Permission denied"
        someone.say(id=1, method="session/new", params={"cwd": str(project), "mcpServers": []})
        assert someone.hear()["result"] == {"sessionId": "sess_1"}
        assert someone.prompt(2, secret.path, "cancelled") == "Permission denied"
        assert someone.prompt(3, secret.path, "o") == secret.text + "\n"
        assert someone.prompt(4, secret.path, "d") == secret.text + "\n"
        assert someone.prompt(5, secret.path) == secret.text + "\n"
        assert someone.prompt(6, other) == "two\n"
        assert someone.asked == 3
        assert someone.process.stdin is not None and someone.process.stderr is not None
        someone.process.stdin.close()
        assert someone.process.stdout is not None
        assert someone.process.stdout.read() == "a last line"
        report = json.loads(someone.process.stderr.read().splitlines()[-1])
        assert report["internal_errors"] == []
        assert someone.process.wait(30) == 0


def test_an_agent_whose_editor_is_gone(as_user: Account, project: Path) -> None:
    """It reads the end, as if nobody were between; and writes to a pipe that is closed."""
    script = "import sys; sys.stdin.read(); print('x\\n' * 1_500_000, flush=True)"
    agent = ["python3", "-c", script]
    with editor(as_user, project, *agent) as someone:
        assert someone.process.stdout is not None and someone.process.stdin is not None
        someone.process.stdout.close()
        someone.process.stdin.close()
        assert someone.process.wait(30) in (1, 120, 141)
