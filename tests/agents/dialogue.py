"""What the model of these tests wants of an agent, one step after the other.

The steps are the same for every agent; the names of the tools, and of their parameters, are taken
from what the agent offers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

EDITED = "edited by the model\n"
_USE = """python -c "import six; print('got', six.__name__)\""""
STEPS = (
    ("shell", f". .venv/bin/activate; pip install -q six && {_USE}"),
    ("write", "made.txt"),
    ("shell", "cat ~/.ssh/id_rsa"),
    ("shell", "(sleep 300 > /dev/null 2>&1 &) ; echo started"),
)
"""A package is installed and used, a file is made, a key is asked for, a process is left behind."""
ANSWER = "All of it is done."

_SHELL = ("bash", "run_shell_command", "exec_command", "shell_command", "shell", "developer__shell")
_WRITE = ("write", "write_file", "create_file", "developer__text_editor")
_PATHS = ("file_path", "filepath", "path", "absolute_path")
_COMMANDS = ("command", "cmd")
_TEXTS = ("content", "file_text")
_PATIENCE = 30_000
"""Milliseconds that a tool waits for a command, where it wants to be told."""
_EMPTY: Mapping[str, Any] = {"string": "x", "boolean": False, "array": [], "object": {}}


class Tool(NamedTuple):
    """A tool that an agent offers. `schema` is that of its parameters, of an object."""

    name: str
    schema: Mapping[str, Any]


class Use(NamedTuple):
    """A tool that the model uses, with its arguments."""

    name: str
    arguments: dict[str, Any]


def use(step: int, tools: Sequence[Tool], directory: str) -> Use | None:
    """What the model asks for in this step; None when it has nothing more to ask.

    `directory` is where files are made, for tools that want whole paths.
    """
    if step >= len(STEPS):
        return None
    kind, text = STEPS[step]
    path = f"{directory}/{text}"
    writer = _first(_WRITE, tools) if kind == "write" else None
    if writer is not None:
        given = {**dict.fromkeys(_PATHS, path), **dict.fromkeys(_TEXTS, EDITED)}
        return Use(writer.name, _filled(writer, given))
    shell = _first(_SHELL, tools)
    if shell is None:
        return None
    command = text if kind == "shell" else f"printf {EDITED!r} > {path}"
    patience = {"yield_time_ms": _PATIENCE}
    return Use(shell.name, _filled(shell, {**dict.fromkeys(_COMMANDS, command), **patience}))


def _first(names: Sequence[str], tools: Sequence[Tool]) -> Tool | None:
    by_name = {tool.name.lower(): tool for tool in tools}
    return next((by_name[name] for name in names if name in by_name), None)


def _filled(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are known, and something harmless for what else must be there."""
    return dict(_arguments(tool, given))


def _arguments(tool: Tool, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = tool.schema.get("properties", {})
    required = tool.schema.get("required", ())
    for name, schema in properties.items():
        kind = str(schema.get("type", "")).lower()
        value = given.get(name.lower())
        if value is not None:
            yield name, ["bash", "-lc", value] if kind == "array" else value
        elif name in required:
            yield name, _EMPTY.get(kind, 1)
