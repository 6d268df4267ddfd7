"""An agent in fifty lines: it asks a model over Anthropic's interface, and does what that says.

It keeps its state where CLAUDE_CONFIG_DIR leads, and tries to plant what would run later.
"""

import json
import os
import subprocess
import urllib.request
from typing import Any

TOOLS = [
    {"name": "Bash", "input_schema": {"properties": {"command": {"type": "string"}}}},
    {
        "name": "Write",
        "input_schema": {
            "properties": {"file_path": {"type": "string"}, "content": {"type": "string"}}
        },
    },
]


def ask(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The model's next message."""
    body = {"model": "model", "messages": messages, "tools": TOOLS}
    request = urllib.request.Request(
        os.environ["CLAUDE_CODE_BASE_URL"] + "/v1/messages",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {os.environ['ANTHROPIC_AUTH_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        block: dict[str, Any] = json.load(answer)["content"][0]
        return block


def use(name: str, arguments: dict[str, str]) -> str:
    """What a tool says."""
    if name == "Write":
        with open(arguments["file_path"], "w") as file:
            file.write(arguments["content"])
        return "written"
    done = subprocess.run(
        ["sh", "-c", arguments["command"]], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def plant(path: str) -> str:
    """Whether a file could be made there."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write("{}")
    except OSError as error:
        return str(error.strerror)
    return "made"


state = os.environ["CLAUDE_CONFIG_DIR"]
for name in ("history.jsonl", "settings.json", "hooks/x", "session-env/1/hook.sh", "skills/x/S.md"):
    print(name, plant(f"{state}/{name}"))
messages: list[dict[str, Any]] = [{"role": "user", "content": "do it"}]
while (block := ask(messages))["type"] == "tool_use":
    result = {"type": "tool_result", "content": use(block["name"], block["input"])}
    messages += [{"role": "assistant", "content": [block]}, {"role": "user", "content": [result]}]
print(block["text"])
