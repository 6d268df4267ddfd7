"""A question in the form of the Agent Client Protocol: a tool call that waits for a permission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nono.broker.asking.control import json_rpc
from nono.broker.asking.question import Lasts, Offer, Question
from nono.broker.explaining.explain import summary, verb
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    Metadata,
    Open,
    Operation,
    PathChange,
    Request,
    ServerName,
    UnixConnect,
)
from nono.broker.rules.access import Access
from nono.broker.rules.rule import Effect
from nono.broker.visible import visible

MAX_OPTIONS = 12
_MAX_TEXT = 400
"""Of a title, and of the name of an answer."""
_MAX_LINE = 1 << 16
"""Of the text below it, where nothing is left out: what was cut away might be what decides."""
_KINDS: Mapping[tuple[Effect, Lasts], str] = {
    (Effect.ALLOW, Lasts.ONCE): "allow_once",
    (Effect.ALLOW, Lasts.RUN): "allow_always",
    (Effect.DENY, Lasts.ONCE): "reject_once",
    (Effect.DENY, Lasts.RUN): "reject_always",
}
"""PermissionOptionKind. Nothing is kept beyond the run that an editor may have answered itself."""
_NO = "nono-no"
_REMOVING = {Operation.UNLINK, Operation.RMDIR}
_MOVING = {Operation.RENAME_FROM, Operation.RENAME_TO, Operation.LINK_FROM, Operation.LINK_TO}
_FETCHING = (Connect, ConnectHost, ServerName, Bind, UnixConnect)


def shown_offers(question: Question) -> list[Offer]:
    """The offers that the protocol can put."""
    shown = (offer for offer in question.offers if (offer.effect, offer.lasts) in _KINDS)
    return list(shown)[:MAX_OPTIONS]


def tool_call(question: Question, session: str, call: str) -> bytes:
    """The line that introduces the tool call."""
    update = {"sessionUpdate": "tool_call", **_described(question, call)}
    return json_rpc.notification("session/update", {"sessionId": session, "update": update})


def permission(question: Question, call: str) -> dict[str, Any]:
    """The params of the request, without the session."""
    options = [
        {"optionId": offer.id, "name": _name(offer), "kind": _KINDS[offer.effect, offer.lasts]}
        for offer in shown_offers(question)
    ]
    return {"toolCall": _described(question, call), "options": options}


def confirmation(question: Question, offer: Offer, call: str) -> dict[str, Any]:
    """The params of a second request: whether so much was meant."""
    return {
        "toolCall": _described(question, call, f"Sure? {offer.words} {offer.reach}"),
        "options": [
            {"optionId": _NO, "name": "No", "kind": "reject_once"},
            {
                "optionId": offer.id,
                "name": f"Yes: {_name(offer)}",
                "kind": _KINDS[offer.effect, offer.lasts],
            },
        ],
    }


def _described(question: Question, call: str, title: str = "") -> dict[str, Any]:
    return {
        "toolCallId": call,
        "title": visible(f"nono asks: {title or _title(question)}", _MAX_TEXT),
        "kind": _kind(question.request),
        "status": "pending",
        "content": [{"type": "content", "content": {"type": "text", "text": _text(question)}}],
        "locations": _locations(question.request),
        "rawInput": {"wants": visible(question.wants), "what": visible(question.what)},
    }


def _title(question: Question) -> str:
    if len(question.objects) > 1:
        what = ", ".join(f"{wants} {place}" for wants, place in question.objects)
        return f"{_program(question)} wants to {what}"
    return f"{_program(question)} wants to {question.wants} {question.what}"


def _program(question: Question) -> str:
    exe = question.program.process.exe.rpartition("/")[2] or "a program"
    return f"{exe} {question.program.script}".rstrip()


def _text(question: Question) -> str:
    """One line each: what is asked, by which call, why, and how many calls wait."""
    program = question.program
    path: str = getattr(question.request, "path", "")
    what = f"{verb(question.request)} {path}" if path else summary(question.request)
    call = f"process {program.process.pid}: {what}"
    lines = [_title(question), call, question.why]
    if len(question.objects) > 1:
        lines += [f"{wants} {what}" for wants, what in question.objects]
    if program.parents:
        lines.append(f"started by {', '.join(program.parents)}")
    if question.waiting > 1:
        lines.append(f"{question.waiting} calls wait for this")
    return "\n".join(visible(line, _MAX_LINE) for line in lines if line)


def _name(offer: Offer) -> str:
    reach = f" ({offer.reach})" if offer.reach else ""
    return visible(f"{offer.words}{reach}", _MAX_TEXT)


def _locations(request: Request) -> list[dict[str, str]]:
    """The path, where it is one that JSON can hold and that hides nothing."""
    path = getattr(request, "path", "")
    return [{"path": path}] if path and visible(path, len(path)) == path else []


def _kind(request: Request) -> str:
    """The ToolKind."""
    match request:
        case Open(access=access):
            return "edit" if Access.WRITE in access else "read"
        case PathChange(operation=operation) if operation in _REMOVING:
            return "delete"
        case PathChange(operation=operation) if operation in _MOVING:
            return "move"
        case PathChange() | Metadata():
            return "edit"
    return "fetch" if isinstance(request, _FETCHING) else "other"
