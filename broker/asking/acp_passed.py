"""What an editor may hear of an agent in a sandbox, and the agent of the editor.

An editor that reads files, writes them or starts programs for its agent does so outside. Of the
agent's methods only those pass that are known to do nothing there; all others are answered here.
What is no message to us might be one to another reader of JSON, so it goes no further.
Source: agentclientprotocol.com, protocol version 1: initialization, file system, terminals.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from nono.broker.asking import json_rpc
from nono.broker.asking.json_rpc import METHOD_NOT_FOUND, ProtocolError

_HARMLESS = ("session/", "elicitation/", "$/")
"""How the methods begin that only show something, or ask the person something."""
_OUTSIDE = ("fs", "terminal")
"""The client's capabilities that nono refuses to use for an agent."""
_AGENT = "agent: "
_OURS = "nono"
_REFUSED = (
    "nono refuses this: the editor would do it outside of the sandbox. Read and write files, and"
    " start programs, directly"
)


def may_be_message(data: bytes) -> bool:
    """Whether some reader of JSON could take it for an object, in any encoding of Unicode."""
    return b"{" in data


def refusal(message: Mapping[str, Any]) -> ProtocolError | None:
    """Why an agent's request does not pass, with its id where it has one; None for what passes."""
    methods = [value for key, value in message.items() if key.casefold() == "method"]
    if all(isinstance(each, str) and each.startswith(_HARMLESS) for each in methods):
        return None
    id = message.get("id")
    is_id = isinstance(id, str | int) and not isinstance(id, bool)
    return ProtocolError(METHOD_NOT_FOUND, _REFUSED, id if is_id else None)


def as_agents(message: dict[str, Any], line: bytes) -> bytes:
    """The line of an agent's message as it passes: what would seem ours, or is run, is changed.

    It stays as it is where nothing is to be changed, unless another reader could see several
    lines in it. Nothing passes of what is nested too deeply to be written.
    """
    is_changed = [*map(_mark_title, _titled(message)), _drop_logins(message)]
    if not any(is_changed) and len(line.decode().splitlines()) <= 1:
        return line
    try:
        return json_rpc.plain_line(message)
    except RecursionError:
        return b""


def _titled(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    params = message.get("params")
    if isinstance(params, dict):
        shown = (params.get(key) for key in ("toolCall", "update"))
        yield from (each for each in shown if isinstance(each, dict))


def _mark_title(shown: dict[str, Any]) -> bool:
    title = shown.get("title")
    if not isinstance(title, str) or not _seems_ours(title):
        return False
    shown["title"] = _AGENT + title
    return True


def _seems_ours(title: str) -> bool:
    """True for what begins like a question of ours, or in letters that may look like it."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    letters = "".join(each for each in plain if each.isalnum())
    begin = letters[: len(_OURS)]
    return begin == _OURS or not begin.isascii() or f"{_OURS}asks" in letters


def _drop_logins(message: Mapping[str, Any]) -> bool:
    """Ways to log in for which the editor would start a program that the agent names."""
    result = message.get("result")
    methods = result.get("authMethods") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(methods, list):
        return False
    kept = [each for each in methods if not _starts_program(each)]
    result["authMethods"] = kept
    return len(kept) < len(methods)


def _starts_program(method: object) -> bool:
    if not isinstance(method, dict):
        return True
    return method.get("type", "agent") != "agent" or speaks_of(method.get("_meta"), "terminal")


def for_agent(message: dict[str, Any], line: bytes) -> bytes:
    """The line of an editor's message as it passes: without what is refused afterwards anyway."""
    params = message.get("params")
    told = params.get("clientCapabilities") if isinstance(params, dict) else None
    if message.get("method") != "initialize" or not isinstance(told, dict):
        return line
    left = [told.pop(key) for key in _OUTSIDE if key in told]
    return json_rpc.plain_line(message) if left else line


def speaks_of(value: object, text: str) -> bool:
    """True when the text is in any text of a JSON value, of whatever depth."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str) and text in each:
            return True
        if isinstance(each, dict):
            left += [*each, *each.values()]
        elif isinstance(each, list):
            left += each
    return False
