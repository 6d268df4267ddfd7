"""The Agent Client Protocol: an editor's and an agent's lines on their way, and questions of ours.

The editor shows `session/request_permission` as if its agent had asked. What is ours is known by
an id that the agent cannot guess and never sees; the answers to it are taken out of the stream.
What would make the editor act for the agent, outside of the sandbox, is refused (`acp_passed`).
Source: agentclientprotocol.com, protocol version 1: tool calls, session setup, cancellation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nono.broker.asking.acp.passed import (
    as_agents,
    for_agent,
    may_be_message,
    refusal,
    speaks_of,
)
from nono.broker.asking.acp.relayed_lines import Piece, RelayedLines
from nono.broker.asking.acp.request import confirmation, permission, shown_offers, tool_call
from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.json_rpc import read_object
from nono.broker.asking.question import Answer, Offer, Question

CHANNEL = "acp"
PREFIX = "nono:"
"""How the ids of our requests begin; an agent's message with such an id is dropped."""
MAX_PENDING = 20
MAX_MESSAGE = 1 << 24
"""The bytes of a line that is looked at. A longer one of the agent's does not pass."""
_MAX_SESSION = 1000
_MAX_NEW = 100


@dataclass(slots=True)
class Relayed:
    """What comes of some bytes: for each side, and the questions that are settled by them."""

    to_agent: bytearray = field(default_factory=bytearray)
    to_editor: bytearray = field(default_factory=bytearray)
    settled: list[tuple[int, Answer | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A request to the editor. With `sure` it is whether that offer was meant."""

    question: Question
    call: str
    session: str
    sure: Offer | None = None


class Relay:
    """One for a run. `token` is a secret of it."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._editor = RelayedLines(MAX_MESSAGE)
        self._agent = RelayedLines(MAX_MESSAGE)
        self._session: str | None = None
        self._new: dict[json_rpc.Id, None] = {}
        self._pending: dict[str, _Pending] = {}
        self._count = 0

    @property
    def has_session(self) -> bool:
        """Whether there is anything yet that a question could belong to. From any thread."""
        return self._session is not None

    def from_editor(self, data: bytes) -> Relayed:
        """Bytes of the editor, for the agent."""
        out = Relayed()
        for piece in self._editor.feed(data):
            message = read_object(piece.data) if piece.line else None
            if message is not None and self._is_for_us(message):
                self._take_reply(message, out)
            elif message is None:
                out.to_agent += b"" if self._token.encode() in piece.data else piece.data
            elif not self._is_ours(message) and not _cancels_ours(message):
                self._note_session(message)
                out.to_agent += for_agent(message, piece.data)
        return out

    def from_agent(self, data: bytes) -> Relayed:
        """Bytes of the agent, for the editor; for the agent what is refused to it."""
        out = Relayed()
        for piece in self._agent.feed(data):
            self._pass_on(piece, out)
        return out

    def _pass_on(self, piece: Piece, out: Relayed) -> None:
        message = read_object(piece.data) if piece.line else None
        if message is None:
            # A part of a line is not looked at, and the rest of it might be a message.
            if piece.line and not may_be_message(piece.data):
                out.to_editor += piece.data
        elif not self._is_ours(message):
            refused = refusal(message)
            if refused is None:
                self._note_new_session(message)
                out.to_editor += as_agents(message, piece.data)
            elif refused.id is not None:
                out.to_agent += json_rpc.failure(refused)

    def ended(self) -> Relayed:
        """The agent says nothing more: what is left of it. Nothing can be asked any more."""
        out = Relayed()
        left = self._agent.end()
        self._pass_on(Piece(left, len(left) <= MAX_MESSAGE, ends=False), out)
        out.to_agent.clear()
        self._session = None
        out.settled += [(each.question.id, None) for each in self._pending.values()]
        self._pending.clear()
        return out

    def editor_ended(self) -> Relayed:
        """The editor says nothing more, and so answers nothing."""
        out = Relayed()
        out.to_agent += self._editor.end()
        out.settled += [(each.question.id, None) for each in self._pending.values()]
        self._pending.clear()
        self._session = None
        return out

    def ask(self, question: Question) -> Relayed | None:
        """Put a question; None where there is no session yet, or too much waits already."""
        if self._session is None or len(self._pending) >= MAX_PENDING:
            return None
        if not shown_offers(question):
            return None
        out = Relayed()
        pending = _Pending(question, self._fresh("nono-"), self._session)
        out.to_editor += tool_call(question, pending.session, pending.call)
        out.to_editor += self._request(pending, permission(question, pending.call))
        return out

    def withdraw(self, question: int) -> Relayed:
        """A question is over without the editor."""
        out = Relayed()
        for id, pending in list(self._pending.items()):
            if pending.question.id == question:
                del self._pending[id]
                cancel = json_rpc.notification("$/cancel_request", {"requestId": id})
                out.to_editor += cancel + _status(pending, "failed")
        return out

    def _fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._token}-{self._count}"

    def _request(self, pending: _Pending, params: Mapping[str, Any]) -> bytes:
        id = self._fresh(PREFIX)
        self._pending[id] = pending
        session = {"sessionId": pending.session}
        return json_rpc.request(id, "session/request_permission", **session, **params)

    def _is_for_us(self, message: Mapping[str, Any]) -> bool:
        """A reply to a request of ours, be it late."""
        id = message.get("id")
        return "method" not in message and isinstance(id, str) and id.startswith(PREFIX)

    def _take_reply(self, message: Mapping[str, Any], out: Relayed) -> None:
        pending = self._pending.pop(message["id"], None)
        if pending is None:
            return
        chosen = _chosen(pending, message.get("result"))
        if chosen is not None and chosen.broad and pending.sure is None:
            sure = _Pending(pending.question, pending.call, pending.session, chosen)
            params = confirmation(pending.question, chosen, pending.call)
            out.to_editor += self._request(sure, params)
            return
        answer = None if chosen is None else Answer(chosen.id, CHANNEL)
        is_allowed = chosen is not None and chosen.effect.value == "allow"
        out.to_editor += _status(pending, "completed" if is_allowed else "failed")
        out.settled.append((pending.question.id, answer))

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        """True for a message that speaks of what only we and the editor speak of."""
        id = message.get("id")
        return (isinstance(id, str) and id.startswith(PREFIX)) or speaks_of(message, self._token)

    def _note_session(self, message: Mapping[str, Any]) -> None:
        """The session that the editor spoke of last; a new one has its name from the agent."""
        if message.get("method") == "session/new" and len(self._new) < _MAX_NEW:
            id = message.get("id")
            if isinstance(id, str | int):
                self._new[id] = None
        params = message.get("params")
        if isinstance(params, dict) and "method" in message:
            self._set_session(params.get("sessionId"))

    def _note_new_session(self, message: Mapping[str, Any]) -> None:
        id, result = message.get("id"), message.get("result")
        if "method" in message or not isinstance(id, str | int) or id not in self._new:
            return
        del self._new[id]
        if isinstance(result, dict):
            self._set_session(result.get("sessionId"))

    def _set_session(self, session: object) -> None:
        if isinstance(session, str) and 0 < len(session) <= _MAX_SESSION:
            self._session = session


def _cancels_ours(message: Mapping[str, Any]) -> bool:
    params = message.get("params")
    id = params.get("requestId") if isinstance(params, dict) else None
    return isinstance(id, str) and id.startswith(PREFIX)


def _chosen(pending: _Pending, result: object) -> Offer | None:
    """The offer that a reply selects, None for anything else."""
    outcome = result.get("outcome") if isinstance(result, dict) else None
    if not isinstance(outcome, dict) or outcome.get("outcome") != "selected":
        return None
    chosen = outcome.get("optionId")
    offers = shown_offers(pending.question) if pending.sure is None else [pending.sure]
    return next((offer for offer in offers if offer.id == chosen), None)


def _status(pending: _Pending, status: str) -> bytes:
    update = {"sessionUpdate": "tool_call_update", "toolCallId": pending.call, "status": status}
    return json_rpc.notification("session/update", {"sessionId": pending.session, "update": update})
