"""The files by which coding agents run their commands in a sandbox of nono's, and their changes.

Claude Code puts the program that `CLAUDE_CODE_SHELL_PREFIX` names before each shell command, which
is its one argument. Codex asks a hook before it runs one, and runs what the hook says instead.
"""

from __future__ import annotations

import difflib
import json
import os
import shlex
import stat
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory, state_directory

_PREFIX = "CLAUDE_CODE_SHELL_PREFIX"
_EVENT = "PreToolUse"
_MATCHER = "^Bash$"
_MAX_BYTES = 1 << 20
AGENTS = ("claude", "codex")
NONO = (sys.executable, "-E", "-P", "-m", "nono")
"""Whatever the working directory holds, and a project's settings set for Python."""


class Change(NamedTuple):
    """What a file has and is to have; None where it is not there. `mode` is for a new one."""

    path: str
    before: str | None
    after: str | None
    mode: int = 0o600

    @property
    def is_one(self) -> bool:
        return self.before != self.after

    @property
    def difference(self) -> list[str]:
        """The lines of a unified diff."""
        before, after = ((text or "").splitlines() for text in (self.before, self.after))
        return list(difflib.unified_diff(before, after, self.path, self.path, lineterm=""))

    def make(self) -> None:
        """Make it, unless the file has something else by now. Raises UsageError, OSError."""
        if _text(self.path) != self.before:
            raise UsageError(f"{self.path} was changed meanwhile", "try again")
        if self.after is None:
            os.unlink(self.path)
            return
        directory = os.path.dirname(self.path)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        mode = self.mode
        if self.before is not None:
            mode = stat.S_IMODE(os.stat(self.path).st_mode)
        descriptor, beside = tempfile.mkstemp(prefix=".nono.", dir=directory)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(self.after)
            os.chmod(beside, mode)
            os.replace(beside, self.path)
        except BaseException:
            os.unlink(beside)
            raise


def changes(agent: str, options: Sequence[str], env: Mapping[str, str], undo: bool) -> list[Change]:
    """What sets an agent up, or takes that back. `options` are of `nono run`. Raises UsageError."""
    program = os.path.join(state_directory(env), "agents", agent)
    path, changed = _of_claude(env) if agent == "claude" else _of_codex(env)
    path = os.path.realpath(path)  # people keep such files elsewhere, behind a link
    before = _text(path)
    settings = _settings(path, before)
    made = changed(settings, program, undo)
    after = json.dumps(made, indent=2, ensure_ascii=False) + "\n" if made else None
    if made == settings:
        after = before
    script = None if undo else _script(agent, options)
    return [Change(program, _text(program), script, 0o700), Change(path, before, after)]


def _script(agent: str, options: Sequence[str]) -> str:
    """The program that the agent starts: in nono's state, which no sandbox writes."""
    nono = shlex.join(NONO)
    if agent == "claude":
        return f'#!/bin/sh\nexec {nono} run {shlex.join(options)} -c "$@"\n'
    return f"#!/bin/sh\nexec {nono} init codex --hook -- {shlex.join(options)}\n"


def _of_claude(env: Mapping[str, str]) -> tuple[str, Any]:
    directory = env.get("CLAUDE_CONFIG_DIR") or os.path.join(home_directory(env), ".claude")
    return os.path.join(directory, "settings.json"), _claude


def _of_codex(env: Mapping[str, str]) -> tuple[str, Any]:
    directory = env.get("CODEX_HOME") or os.path.join(home_directory(env), ".codex")
    return os.path.join(directory, "hooks.json"), _codex


def _claude(settings: dict[str, Any], program: str, undo: bool) -> dict[str, Any]:
    variables = _inside(settings, "env", {})
    there = variables.get(_PREFIX)
    if there not in (None, program):
        if undo:
            return settings
        raise UsageError(f"{_PREFIX} is set to something else: {there!r}", "take that out first")
    rest = {name: value for name, value in variables.items() if name != _PREFIX}
    if not undo:
        rest = {**variables, _PREFIX: program}
    return _with(settings, "env", rest)


def _codex(settings: dict[str, Any], program: str, undo: bool) -> dict[str, Any]:
    hooks = _inside(settings, "hooks", {})
    groups = _inside(hooks, _EVENT, [])
    ours = {
        "matcher": _MATCHER,
        # 2 refuses the command: whatever else a hook ends with lets it run as it is.
        "hooks": [{"type": "command", "command": f"{shlex.quote(program)} || exit 2"}],
    }
    rest = [each for each in groups if each != ours]
    if not undo:
        rest = [*groups] if ours in groups else [*groups, ours]
    return _with(settings, "hooks", _with(hooks, _EVENT, rest))


def _with(settings: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The settings with this one; without it where it is empty."""
    if value:
        return {**settings, name: value}
    return {key: each for key, each in settings.items() if key != name}


def _inside(settings: dict[str, Any], name: str, otherwise: Any) -> Any:
    found = settings.get(name, otherwise)
    if not isinstance(found, type(otherwise)):
        raise UsageError(f"{name} is not what the agent reads", "mend it")
    return found


def _settings(path: str, text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not JSON: {error}", "mend it") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: no object", "mend it")
    return found


def _text(path: str) -> str | None:
    """Raises UsageError for what is no text, or no file."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{path}: not a regular file", "move it away")
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise UsageError(f"{path} is too large", "look into it")
        return data.decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text", "mend it") from None


def answered(data: bytes, options: Sequence[str]) -> str:
    """What a hook of Codex's says: the same command, in a sandbox. Raises UsageError."""
    try:
        asked = json.loads(data)
        tool, given = asked["tool_name"], asked["tool_input"]
        command = given["command"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError("this is no question of Codex's before a command", "") from None
    if tool != "Bash" or not isinstance(command, str):
        raise UsageError(f"there is nothing to run in {tool!r}", "")
    words = [*NONO, "run", *options, "-c", command]
    changed = {**given, "command": shlex.join(words)}
    # Without "allow" the change does not count, and the command runs as it was.
    answer = {"hookEventName": _EVENT, "permissionDecision": "allow", "updatedInput": changed}
    return json.dumps({"hookSpecificOutput": answer})
