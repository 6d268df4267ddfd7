"""A server on loopback that speaks the four interfaces of models' services, as far as agents do.

Anthropic's messages, OpenAI's responses and chat, Gemini's generateContent: what is answered is
the same (tests.agents.dialogue), in the form of each, as a stream of events where it is asked for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.agents.dialogue import ANSWER, Tool, Use, use

Json = dict[str, Any]
_MAX_BODY = 32 << 20


class Asked(NamedTuple):
    """A request: the tools that are offered, and what the tools before have answered."""

    tools: list[Tool]
    results: list[str]


class Model:
    """What was asked, for whoever looks afterwards. `results` are those of the longest talk."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.results: list[str] = []
        self.tokens: set[str] = set()
        self.paths: list[str] = []

    def next(self, asked: Asked) -> Use | None:
        """The next step; a request without tools is about something else, such as a title."""
        if len(asked.results) > len(self.results):
            self.results = asked.results
        return use(len(asked.results), asked.tools, self.directory)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return json.dumps(content)


def _anthropic_asked(body: Json) -> Asked:
    blocks = [
        block
        for message in body.get("messages", ())
        if isinstance(message["content"], list)
        for block in message["content"]
        if block.get("type") == "tool_result"
    ]
    tools = [
        Tool(t["name"], t["input_schema"]) for t in body.get("tools", ()) if "input_schema" in t
    ]
    return Asked(tools, [_text(block.get("content", "")) for block in blocks])


def _anthropic(step: Use | None, body: Json, number: int) -> Iterator[tuple[str, Json]]:
    message: Json = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", ""),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    block: Json = {"type": "text", "text": ANSWER}
    if step is not None:
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": step.name}
        block["input"] = step.arguments
    reason = "end_turn" if step is None else "tool_use"
    yield "", {**message, "content": [block], "stop_reason": reason}
    delta: Json = {"type": "text_delta", "text": ANSWER}
    start = {**block, "text": ""}
    if step is not None:
        delta = {"type": "input_json_delta", "partial_json": json.dumps(step.arguments)}
        start = {**block, "input": {}}
    for event in (
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ):
        yield str(event["type"]), event


def _chat_asked(body: Json) -> Asked:
    tools = [t["function"] for t in body.get("tools") or () if t.get("type") == "function"]
    answers = [m for m in body.get("messages", ()) if m["role"] == "tool"]
    return Asked(
        [Tool(t["name"], t.get("parameters") or {}) for t in tools],
        [_text(message.get("content", "")) for message in answers],
    )


def _chat(step: Use | None, body: Json, number: int) -> Iterator[tuple[str, Json]]:
    message: Json = {"role": "assistant", "content": ANSWER}
    if step is not None:
        function = {"name": step.name, "arguments": json.dumps(step.arguments)}
        call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    whole: Json = {"id": f"chat_{number}", "created": 1, "model": body.get("model", "")}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    reason = "stop" if step is None else "tool_calls"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    yield "", {**whole, "object": "chat.completion", "choices": [choice], "usage": usage}
    for delta, end in ((message, None), ({}, reason)):
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        chunk = {**whole, "object": "chat.completion.chunk", "choices": [choice]}
        yield "data", {**chunk, "usage": usage} if end else chunk


def _responses_asked(body: Json) -> Asked:
    tools = [Tool(t["name"], t["parameters"]) for t in body.get("tools", ()) if "parameters" in t]
    items = body.get("input", ())
    answers = [i for i in items if isinstance(i, dict) and i.get("type") == "function_call_output"]
    return Asked(tools, [_text(item.get("output", "")) for item in answers])


def _responses(step: Use | None, body: Json, number: int) -> Iterator[tuple[str, Json]]:
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    item: Json = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": [text]}
    if step is not None:
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}"}
        item |= {"name": step.name, "arguments": json.dumps(step.arguments)}
    item["status"] = "completed"
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    done: Json = {"id": f"resp_{number}", "object": "response", "status": "completed"}
    done |= {"model": body.get("model", ""), "output": [item], "usage": usage}
    yield "", done
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    yield "response.created", {"type": "response.created", "response": begun}
    for name in ("response.output_item.added", "response.output_item.done"):
        yield name, {"type": name, "output_index": 0, "item": item}
    yield "response.completed", {"type": "response.completed", "response": done}


def _gemini_asked(body: Json) -> Asked:
    declared = [f for t in body.get("tools") or () for f in t.get("functionDeclarations", ())]
    parts = [part for content in body.get("contents", ()) for part in content.get("parts", ())]
    answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
    schemas = [f.get("parametersJsonSchema") or f.get("parameters") or {} for f in declared]
    return Asked(
        [Tool(f["name"], schema) for f, schema in zip(declared, schemas, strict=True)],
        [_text(answer.get("response", "")) for answer in answers],
    )


def _gemini(step: Use | None, body: Json, number: int) -> Iterator[tuple[str, Json]]:
    part: Json = {"text": ANSWER}
    if step is not None:
        part = {"functionCall": {"name": step.name, "args": step.arguments}}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    whole = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": f"fake-{number}"}
    yield "", whole
    yield "data", whole


class Interface(NamedTuple):
    """How one service is asked, and how it answers: the whole first, then the events of it."""

    asked: Callable[[Json], Asked]
    answer: Callable[[Use | None, Json, int], Iterator[tuple[str, Json]]]
    is_named: bool
    """True where events have names, besides their data."""


_INTERFACES = {
    "/messages": Interface(_anthropic_asked, _anthropic, True),
    "/chat/completions": Interface(_chat_asked, _chat, False),
    "/responses": Interface(_responses_asked, _responses, True),
    ":generateContent": Interface(_gemini_asked, _gemini, False),
    ":streamGenerateContent": Interface(_gemini_asked, _gemini, False),
}


class _Handler(BaseHTTPRequestHandler):
    model: Model
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the output belongs to the tests."""

    def do_HEAD(self) -> None:
        self._send(200, "application/json", b"")

    def do_GET(self) -> None:
        self.model.paths.append(self.path)
        if "Upgrade" in self.headers:  # a WebSocket is offered to agents that can do without
            self._send(426, "application/json", b"{}")
        else:
            self._send(200, "application/json", b'{"data": [], "models": [], "object": "list"}')

    def do_POST(self) -> None:
        self.model.paths.append(self.path)
        data = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), _MAX_BODY))
        for name in ("Authorization", "x-api-key", "x-goog-api-key"):
            if name in self.headers:
                self.model.tokens.add(self.headers[name].removeprefix("Bearer "))
        path = self.path.partition("?")[0]
        found = next((each for end, each in _INTERFACES.items() if path.endswith(end)), None)
        if found is None:
            self._send(200, "application/json", b'{"input_tokens": 1, "totalTokens": 1}')
            return
        body = json.loads(data)
        whole, *events = found.answer(
            self.model.next(found.asked(body)), body, len(self.model.paths)
        )
        if not body.get("stream") and not path.endswith(":streamGenerateContent"):
            self._send(200, "application/json", json.dumps(whole[1]).encode())
            return
        text = "".join(
            (f"event: {name}\n" if found.is_named else "") + f"data: {json.dumps(event)}\n\n"
            for name, event in events
        )
        end = "data: [DONE]\n\n" if path.endswith("/chat/completions") else ""
        self._send(200, "text/event-stream", (text + end).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def served(directory: str) -> Iterator[tuple[Model, int]]:
    """The model, and the port of 127.0.0.1 that it is asked at."""
    model = Model(directory)
    handler = type("Handler", (_Handler,), {"model": model})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model, server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
