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

from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.json_rpc import METHOD_NOT_FOUND, ProtocolError

_HARMLESS = ("session/", "elicitation/", "$/")
"""How the methods begin that only show something, or ask the person something."""
_OUTSIDE = ("fs", "terminal")
"""The client's capabilities that nono refuses to use for an agent."""
_AGENT = "agent: "
_OURS = "nono"
_LOOK_ALIKE = str.maketrans({"0": "o"})
_UNSEEN = ("Cf", "Cc")
"""Categories of what is not seen itself: marks for the direction of text, blanks without width."""
_PERMISSION = "session/request_permission"
_ELICITATION = "elicitation/"
_WORDS = ("title", "description")
_UNNAMED = "a request without a name"
_STARTING = ("command", "args", "env")
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
    methods = _values(message, "method")
    asks = _PERMISSION in methods
    is_changed = [_name_missing(message)] if asks else []
    is_changed += [_mark(shown, name, asks) for shown, name in _shown(message)]
    if any(str(each).startswith(_ELICITATION) for each in methods):
        is_changed += [_mark(shown, name, True) for shown, name in _elicited(message)]
    is_changed.append(_drop_logins(message))
    if not any(is_changed) and len(line.decode().splitlines()) <= 1:
        return line
    try:
        return json_rpc.plain_line(message)
    except RecursionError:
        return b""


def _shown(message: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """What an editor shows as the name of something to be done, and by which key it has it."""
    for params in _values(message, "params"):
        for key in ("toolCall", "update"):
            for shown in _values(params, key):
                yield from ((shown, name) for name in _named(shown, "title"))
                for entries in _values(shown, "entries"):
                    listed = entries if isinstance(entries, list) else []
                    yield from (
                        (each, name)
                        for each in listed
                        if isinstance(each, dict)
                        for name in _named(each, "content")
                    )


def _name_missing(message: dict[str, Any]) -> bool:
    """A request for a permission gets a title where it has none that is a text."""
    is_changed = False
    for params in _values(message, "params"):
        if not isinstance(params, dict):
            continue
        for key in _named(params, "toolCall") or ["toolCall"]:
            call = params.get(key)
            if not isinstance(call, dict):
                params[key] = {"title": _UNNAMED}
                is_changed = True
                continue
            for name in _named(call, "title") or ["title"]:
                if not isinstance(call.get(name), str):
                    call[name] = _UNNAMED
                    is_changed = True
    return is_changed


def _elicited(message: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """What an editor shows of a question to the person: the text, and a form's own words."""
    for params in _values(message, "params"):
        yield from ((params, name) for name in _named(params, "message"))
        for schema in _values(params, "requestedSchema"):
            yield from ((schema, name) for word in _WORDS for name in _named(schema, word))


def _named(where: object, key: str) -> list[str]:
    """The keys that a reader may take for this one: some compare them without case."""
    if not isinstance(where, dict):
        return []
    return [each for each in where if each.casefold() == key.casefold()]


def _values(where: object, key: str) -> list[Any]:
    return [where[each] for each in _named(where, key)] if isinstance(where, dict) else []


def _mark(shown: dict[str, Any], name: str, asks: bool) -> bool:
    """Say whose words they are: of every question, and of what may seem to be one of ours."""
    title = shown[name]
    if not isinstance(title, str):
        return False
    plain = "".join(each for each in title if unicodedata.category(each) not in _UNSEEN)
    marked = _AGENT + plain if asks or _seems_ours(plain) else plain
    shown[name] = marked
    return marked != title


def _seems_ours(title: str) -> bool:
    """True for what has our name as a word, or begins like it in letters that may look so."""
    plain = unicodedata.normalize("NFKC", title).casefold().translate(_LOOK_ALIKE)
    words = "".join(each if each.isalnum() else " " for each in plain).split()
    letters = "".join(words)
    begin = letters[: len(_OURS)]
    is_named = _OURS in words or f"{_OURS}asks" in letters
    return is_named or begin == _OURS or not begin.isascii()


def _drop_logins(message: dict[str, Any]) -> bool:
    """Ways to log in for which the editor would start a program that the agent names."""
    is_changed = False
    for result in _values(message, "result"):
        for name in _named(result, "authMethods"):
            if not isinstance(result[name], list):
                continue
            kept = [each for each in result[name] if not _starts_program(each)]
            is_changed |= len(kept) < len(result[name])
            result[name] = kept
    return is_changed


def _starts_program(method: object) -> bool:
    if not isinstance(method, dict) or any(_named(method, each) for each in _STARTING):
        return True
    others = [each for each in _values(method, "type") if each != "agent"]
    return bool(others) or any(speaks_of(each, "terminal") for each in _values(method, "_meta"))


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
