"""A server of the Model Context Protocol on stdin and stdout: its tools run in one open sandbox.

Of the protocol it speaks what a server with tools needs, with the handshake (up to 2025-11-25) and
without (2026-07-28). The official package would do the same, and a start would take four times as
long and 13 more packages; the tests use it as the client.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import trio

import nono

_WITH_HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
_WITHOUT = ("2026-07-28",)
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_SERVER_KEY = "io.modelcontextprotocol/serverInfo"
_ABOUT = {"name": "nono", "title": "nono: programs in a sandbox", "version": nono.__version__}
_CHUNK = 1 << 16
MAX_MESSAGE = 8 << 20
"""Bytes of a message; one that is longer ends the server, since nobody knows where the next is."""
MAX_CALLS = 16
"""Calls that run at the same time; the others wait."""
_NO_JSON, _NO_METHOD, _NO_ARGUMENTS = -32700, -32601, -32602
_INTERNAL, _NO_VERSION = -32603, -32022

Texts = str | tuple[str, ...]
"""For a model; several are a content block each."""
Tool = Callable[[Mapping[str, Any]], Awaitable[tuple[Texts, bool]]]
"""Texts out of the arguments, and whether it went wrong. Raises ToolError."""


class ToolError(Exception):
    """The arguments cannot be meant; the text is for the model."""


class _Refused(Exception):
    """A request that has no result: the code and the message of JSON-RPC."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message, **({} if data is None else {"data": data})}


class Server:
    """One client's. `described` are the tools as the client sees them, `tools` are the same."""

    def __init__(
        self, described: list[dict[str, Any]], tools: Mapping[str, Tool], instructions: str
    ) -> None:
        self._described = described
        self._tools = tools
        self._instructions = instructions
        self._running: dict[str, trio.CancelScope] = {}
        self._limit = trio.CapacityLimiter(MAX_CALLS)
        self._writing = trio.Lock()
        self._output: trio.abc.SendStream | None = None
        self._whole = trio.CancelScope()

    async def serve(self, messages: trio.abc.ReceiveStream, output: trio.abc.SendStream) -> None:
        """Until there are no more messages, or no reader. What runs then is ended."""
        self._output = output
        with self._whole:
            async with trio.open_nursery() as nursery:
                async for line in _lines(messages):
                    await self._take(_parsed(line), nursery)
                self._whole.cancel()

    async def _take(self, message: dict[str, Any] | None, nursery: trio.Nursery) -> None:
        if message is None:
            refused = _Refused(_NO_JSON, "no JSON, or no object")
            await self._send({"id": None, "error": refused.error})
        elif "id" in message and message.get("method") == "tools/call":
            nursery.start_soon(self._answer, message)
        elif "id" in message and "method" in message:
            await self._answer(message)
        elif message.get("method") == "notifications/cancelled":
            self._cancel(message)

    def _cancel(self, message: Mapping[str, Any]) -> None:
        number = _parameters(message).get("requestId")
        if scope := self._running.get(repr(number)):
            scope.cancel()

    async def _answer(self, message: Mapping[str, Any]) -> None:
        number = message["id"]
        with trio.CancelScope() as scope:
            self._running[repr(number)] = scope
            try:
                answer = {"id": number, "result": await self._result(message)}
            except _Refused as refused:
                answer = {"id": number, "error": refused.error}
            finally:
                self._running.pop(repr(number), None)
        if not scope.cancelled_caught:  # then nobody expects an answer
            await self._send(answer)

    async def _send(self, answer: Mapping[str, Any]) -> None:
        assert self._output is not None
        line = json.dumps({"jsonrpc": "2.0", **answer}).encode() + b"\n"
        try:
            async with self._writing:
                await self._output.send_all(line)
        except trio.BrokenResourceError:  # nobody reads any more
            self._whole.cancel()

    async def _result(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Raises _Refused."""
        given = _parameters(message)
        about = given.get("_meta")
        version = about.get(_VERSION_KEY) if isinstance(about, dict) else None
        if version is None:
            return await self._answered(message["method"], given)
        if version not in _WITHOUT:
            said = {"supported": [*_WITHOUT], "requested": version}
            raise _Refused(_NO_VERSION, "Unsupported protocol version", said)
        found = await self._answered(message["method"], given)
        found |= {"resultType": "complete", "_meta": {_SERVER_KEY: _ABOUT}}
        if message["method"] != "tools/call":
            found |= {"ttlMs": 0, "cacheScope": "private"}
        return found

    async def _answered(self, method: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        match method:
            case "initialize":
                asked = given.get("protocolVersion")
                version = asked if asked in _WITH_HANDSHAKE else _WITH_HANDSHAKE[0]
                return {"protocolVersion": version, "serverInfo": _ABOUT, **self._offered()}
            case "server/discover":
                return {"supportedVersions": [*_WITHOUT], **self._offered()}
            case "ping":
                return {}
            case "tools/list":
                return {"tools": self._described}
            case "tools/call":
                return await self._called(given)
        raise _Refused(_NO_METHOD, "Method not found")

    def _offered(self) -> dict[str, Any]:
        return {"capabilities": {"tools": {}}, "instructions": self._instructions}

    async def _called(self, given: Mapping[str, Any]) -> dict[str, Any]:
        tool = self._tools.get(str(given.get("name")))
        arguments = given.get("arguments") or {}
        if tool is None or not isinstance(arguments, dict):
            raise _Refused(_NO_ARGUMENTS, "there is no such tool, or no arguments for it")
        async with self._limit:
            try:
                texts, is_error = await tool(arguments)
            except (ToolError, nono.NonoError, OSError, ValueError) as error:
                hint = getattr(error, "hint", "")
                message = getattr(error, "message", str(error))
                texts, is_error = f"{message}\nhint: {hint}" if hint else message, True
            except Exception as error:  # a bug in nono ends this call alone
                raise _Refused(_INTERNAL, f"{type(error).__name__}: {error}"[:500]) from error
        each_of = (texts,) if isinstance(texts, str) else texts
        content = [{"type": "text", "text": each} for each in each_of]
        return {"content": content, "isError": is_error}


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _parameters(message: Mapping[str, Any]) -> dict[str, Any]:
    given = message.get("params")
    return given if isinstance(given, dict) else {}


async def _lines(messages: trio.abc.ReceiveStream) -> Any:
    """Each without its end; what comes last and has none is not complete."""
    buffer = bytearray()
    looked = 0
    while len(buffer) <= MAX_MESSAGE:
        end = buffer.find(b"\n", looked)
        if end >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            looked = 0
            if line.strip():
                yield line
            continue
        looked = len(buffer)
        chunk = await messages.receive_some(_CHUNK)
        if not chunk:
            return
        buffer += chunk


async def serve_stdio(server: Server) -> None:
    """With this process's own stdin and stdout."""
    async with (
        trio.lowlevel.FdStream(os.dup(0)) as messages,
        trio.lowlevel.FdStream(os.dup(1)) as output,
    ):
        await server.serve(messages, output)


def seconds(given: Mapping[str, Any], name: str, default: float, most: float) -> float:
    """A time out of the arguments. Raises ToolError."""
    value = given.get(name, default)
    if type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
        raise ToolError(f"{name} is a number of seconds, at most {most:g}")
    return float(min(value, most))


def text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text out of the arguments. Raises ToolError."""
    value = given.get(name, default)
    if not isinstance(value, str):
        raise ToolError(f"{name} is missing, or no text")
    return value
