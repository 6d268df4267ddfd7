"""Talking to the partner outside the sandbox."""

import json
from pathlib import Path
from typing import Any


class Outside:
    """Its functions by name: `Outside(work).hide("/tmp/file")`."""

    def __init__(self, work: str) -> None:
        self._requests = open(Path(work) / "requests", "wb", 0)  # noqa: SIM115
        self._replies = open(Path(work) / "replies", "rb")  # noqa: SIM115

    def __getattr__(self, name: str) -> Any:
        def ask(*words: Any) -> Any:
            self._requests.write(json.dumps([name, *words]).encode() + b"\n")
            reply = json.loads(self._replies.readline())
            if isinstance(reply, dict) and "error" in reply:
                raise RuntimeError(f"the partner could not {name}{words}: {reply['error']}")
            return reply

        return ask
