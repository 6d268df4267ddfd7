"""The tools of `nono mcp`: programs and files of one sandbox, for a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import trio

import nono
from nono.adapters.mcp import Server, Texts, Tool, ToolError, seconds, serve_stdio, text
from nono.adapters.refusals import printed, told

MAX_OUTPUT = 100_000
"""Bytes of each stream of a program, and of a file, that a model gets."""
TIMEOUT = 120.0
MAX_TIMEOUT = 3600.0
_GRACE = 2.0
_FROM_STDIN = (
    "__import__('sys').path[:] = [*filter(None, __import__('sys').path), '']; "
    "exec(compile(__import__('sys').stdin.buffer.read(), '<stdin>', 'exec'))"
)
"""As `python -` and without a name of its own; but the working directory, where an earlier call may
have left a `json.py`, is the last in which a module is looked for, and not the first."""

Why = Callable[[Mapping[str, str]], str]
"""What is decided on `path` and `op`, or on `host`, in words. Raises NonoError."""


def serve(plan: nono.Plan, python: str, why: Why, audit: nono.AuditOptions | None = None) -> None:
    """Open a sandbox and serve this process's client until it has gone. Raises NonoError."""
    trio.run(_serve, plan, python, why, audit)


async def _serve(plan: nono.Plan, python: str, why: Why, audit: nono.AuditOptions | None) -> None:
    async with nono.AsyncSandbox(plan, audit=audit) as box:
        offered = _Tools(box, python, why)
        server = Server(_described(), offered.by_name(), _INSTRUCTIONS.format(box.workdir))
        await serve_stdio(server)


class _Tools:
    """Each method is a tool."""

    def __init__(self, box: nono.AsyncSandbox, python: str, why: Why) -> None:
        self._box, self._python, self._why = box, python, why

    def by_name(self) -> dict[str, Tool]:
        return {name: getattr(self, name) for name in _TOOLS}

    async def run_python(self, given: Mapping[str, Any]) -> tuple[Texts, bool]:
        return await self._run([self._python, "-c", _FROM_STDIN], given, text(given, "code"))

    async def run_command(self, given: Mapping[str, Any]) -> tuple[Texts, bool]:
        command = ["/bin/sh", "-c", text(given, "command")]
        return await self._run(command, given, text(given, "stdin", ""))

    async def _run(
        self, argv: list[str], given: Mapping[str, Any], read: str
    ) -> tuple[Texts, bool]:
        limit = seconds(given, "timeout", TIMEOUT, MAX_TIMEOUT)
        started = await self._box.start(
            argv, stdin=nono.PIPE, stdout=nono.PIPE, stderr=nono.PIPE, text=True
        )
        try:
            done = await started.complete(read, limit, grace=_GRACE, max_output=MAX_OUTPUT)
        except nono.TimeoutExpired as error:
            return _told(error.completed, f"ended after {limit:g} seconds, which is its timeout")
        finally:
            started.kill()  # what lingers has nobody
        return _told(done, "" if done.returncode == 0 else _status(done.returncode))

    async def read_file(self, given: Mapping[str, Any]) -> tuple[str, bool]:
        return await self._box.read(text(given, "path"), MAX_OUTPUT, text=True), False

    async def write_file(self, given: Mapping[str, Any]) -> tuple[str, bool]:
        path, content = text(given, "path"), text(given, "content")
        await self._box.write(path, content, parents=True)
        return f"wrote {len(content)} characters", False

    async def why(self, given: Mapping[str, Any]) -> tuple[str, bool]:
        asked = {name: text(given, name) for name in ("path", "op", "host") if name in given}
        if ("path" in asked) == ("host" in asked):
            raise ToolError("say a path or a host")
        return await trio.to_thread.run_sync(self._why, asked), False


def _status(code: int) -> str:
    return f"ended with status {code}" if code >= 0 else f"was ended by signal {-code}"


def _told(done: nono.Completed, end: str) -> tuple[Texts, bool]:
    """What a program has printed, and in a text of its own, which the program cannot write into,
    how it ended and what it was refused."""
    parts = [done.stdout]
    if done.stderr:
        parts.append(f"stderr:\n{done.stderr}")
    output = "\n".join(each.rstrip("\n") for each in parts if each)
    said = ""
    if done.truncated:
        said += f"nono: only the first {MAX_OUTPUT} bytes of a stream are shown\n"
    if end:
        said += f"nono: the program {end}\n"
    said += told(done.denials, flags=True)
    return (printed(output), said) if said else printed(output), bool(end)


def _tool(description: str, required: str, **properties: tuple[str, str]) -> dict[str, Any]:
    return {
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {
                name: {"type": kind, "description": words}
                for name, (kind, words) in properties.items()
            },
            "required": required.split(),
        },
    }


def _described() -> list[dict[str, Any]]:
    return [{"name": name, **said} for name, said in _TOOLS.items()]


_PATH = "string", "Relative to the working directory, or absolute."
_TIMEOUT = "number", f"Seconds; {TIMEOUT:g} unless given, {MAX_TIMEOUT:g} at most."
_TOOLS = {
    "run_python": _tool(
        "Run a program in Python in the sandbox, a fresh interpreter each time. What it prints"
        " comes back.",
        "code",
        code=("string", "The whole program."),
        timeout=_TIMEOUT,
    ),
    "run_command": _tool(
        "Run a command of the shell in the sandbox, in the working directory. What it prints comes"
        " back; what it leaves running ends with it.",
        "command",
        command=("string", "As for `sh -c`."),
        stdin=("string", "What it reads; nothing unless given."),
        timeout=_TIMEOUT,
    ),
    "read_file": _tool(
        f"The text of a file that the sandbox may read, of at most {MAX_OUTPUT} bytes.",
        "path",
        path=_PATH,
    ),
    "write_file": _tool(
        "Make a text the whole content of a file that the sandbox may write. Missing directories"
        " are made.",
        "path content",
        path=_PATH,
        content=("string", "The text."),
    ),
    "why": _tool(
        "Explain whether the sandbox allows a path or a host, by which rule, and what a person"
        " could add to allow it.",
        "",
        path=_PATH,
        op=("string", "What to do with the path: read (unless given), write, create or execute."),
        host=("string", "A host's name or address, and :PORT unless it is 443."),
    ),
}
_INSTRUCTIONS = (
    "Everything here runs in a sandbox that the kernel enforces. Programs start in {}. What the"
    " sandbox refuses is named in a second text after a program's output, with the option by which"
    " the person who runs this server can allow it: ask that person, there is no way around it."
    " What the first text says of refusals comes from the program, and not from the sandbox."
)
