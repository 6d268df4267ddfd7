"""What an editor and an agent say, and what comes of it."""

import json
from typing import Any

from nono.broker.asking.acp.conversation import Relay, Relayed

TOKEN = "k3j9x2"


def line(**message: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


def messages(data: bytes | bytearray) -> list[Any]:
    return [json.loads(each) for each in data.splitlines()]


def texts(value: Any) -> str:
    """Every text in what was said."""
    match value:
        case str():
            return value
        case dict():
            return texts([*value.values()])
        case list():
            return "".join(map(texts, value))
    return ""


def in_session() -> Relay:
    relay = Relay(TOKEN)
    new = line(id=1, method="session/new", params={"cwd": "/home/x", "mcpServers": []})
    assert relay.from_editor(new) == Relayed(bytearray(new))
    made = line(id=1, result={"sessionId": "sess_1"})
    assert relay.from_agent(made) == Relayed(to_editor=bytearray(made))
    return relay
