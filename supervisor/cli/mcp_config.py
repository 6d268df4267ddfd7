"""The configuration of a client of the Model Context Protocol: each server it starts, under nono.

A server that is wrapped says so itself: `nono run OPTIONS -- COMMAND`. So to wrap it again changes
its options alone, and to unwrap it takes what stands behind the `--`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import stat
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from nono.broker.dataclass import dataclass
from nono.broker.policy.environment import GIVES
from nono.broker.visible import visible
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.git.git_files import regular_file

_KEYS = ("mcpServers", "servers", "context_servers")
"""Where clients keep them: most, VS Code, Zed."""
_MAX_FILE = 16 << 20
_MAX_SHOWN = 1000
_INDENT = re.compile(r"^[\[{]\r?\n([ \t]+)")


@dataclass(frozen=True, slots=True)
class Change:
    """One server: its command before and after, the same where nothing is to be done."""

    name: str
    before: list[str]
    after: list[str]
    given: tuple[str, ...] = ()
    """Variables of the file's that are the server's alone from now on, or are plain again."""
    why: str = ""
    """Why it is left as it is, where that is no choice."""

    @property
    def is_one(self) -> bool:
        return self.before != self.after or bool(self.given)

    def lines(self) -> Iterator[str]:
        """For a person."""
        name = visible(self.name)
        if self.why:
            yield f"{name}: left as it is: {self.why}"
        elif not self.is_one:
            yield f"{name}: is so already: {_shown(self.before)}"
        else:
            yield f"{name}:"
            yield f"  - {_shown(self.before)}"
            yield f"  + {_shown(self.after)}"
            if self.given:
                yield f"  its variables: {_shown(self.given)}"


def _shown(words: Sequence[str]) -> str:
    return visible(shlex.join(words), limit=_MAX_SHOWN)


class Config:
    """A file that was read. Raises UsageError for what is none."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(os.path.expanduser(path))
        with open(self.path, encoding="utf-8", newline="", opener=regular_file) as file:
            self._text = file.read(_MAX_FILE)
        try:
            self._data = json.loads(self._text)
        except (ValueError, RecursionError) as error:
            why = f"{path}: no JSON without comments: {error}"
            raise UsageError(why, "put nono run OPTIONS -- before the command by hand") from None
        if not any(True for _ in self._servers()):
            where = ", ".join(_KEYS)
            raise UsageError(f"{path}: no servers in it: there is none of {where}")

    def _servers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Those of the user, and those of projects, as Claude Code has them."""
        data = self._data if isinstance(self._data, dict) else {}
        places = [data, data.get("mcp")]
        projects = data.get("projects")
        places += projects.values() if isinstance(projects, dict) else []
        for place in places:
            for key in _KEYS:
                servers = place.get(key) if isinstance(place, dict) else None
                for name, server in servers.items() if isinstance(servers, dict) else ():
                    if isinstance(server, dict):
                        yield name, server

    def wrap(self, nono: Sequence[str], options: Sequence[str], chosen: Sequence[str]) -> Any:
        """Put nono before each command; the changes. `chosen` are names, all unless given."""
        return self._change(chosen, lambda words: [*nono, "run", *options, "--", *words], GIVES)

    def unwrap(self, chosen: Sequence[str]) -> Any:
        """Take nono away again; the changes."""
        return self._change(chosen, lambda words: words, "")

    def _change(self, chosen: Sequence[str], made: Any, prefix: str) -> list[Change]:
        names = [name for name, _ in self._servers()]
        for name in chosen:
            if name not in names:
                raise UsageError(f"there is no server {name!r}", f"there are {', '.join(names)}")
        changes = []
        for name, server in self._servers():
            if chosen and name not in chosen:
                continue
            words, why = _command(server)
            if why:
                changes.append(Change(name, [], [], why=why))
                continue
            after = made(_inner(words))
            server["command"], server["args"] = after[0], after[1:]
            changes.append(Change(name, words, after, _give(server, prefix)))
        return changes

    @property
    def text(self) -> str:
        """The file as it is to be, indented as it was."""
        found = _INDENT.match(self._text)
        indent = found[1] if found else None if "\n" not in self._text.strip() else "  "
        end = "\n" if self._text.endswith("\n") else ""
        return json.dumps(self._data, indent=indent, ensure_ascii=False) + end

    def write(self) -> None:
        """Replace the file at once, with the mode and the owner it has. Raises OSError."""
        found = os.stat(self.path)
        directory, name = os.path.split(self.path)
        fd, beside = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
        try:
            with open(fd, "w", encoding="utf-8", newline="") as file:
                os.fchmod(fd, stat.S_IMODE(found.st_mode))
                if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(fd, found.st_uid, found.st_gid)
                file.write(self.text)
            os.replace(beside, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise


def _command(server: dict[str, Any]) -> tuple[list[str], str]:
    """Its words, or why it has none."""
    command, args = server.get("command"), server.get("args", [])
    if command is None:
        return [], "nothing is started here"
    if not isinstance(command, str) or not isinstance(args, list):
        return [], "its command is not a word with a list of arguments"
    if not all(isinstance(each, str) for each in args):
        return [], "its arguments are not words"
    if server.get("envFile"):
        return [], "its envFile would give nono itself variables: put them into env"
    if not isinstance(server.get("env", {}), dict):
        return [], "its env is no object"
    return [command, *args], ""


def _inner(words: list[str]) -> list[str]:
    """The command without nono, if it has it: what stands behind the first `--`."""
    program = os.path.basename(words[0])
    rest = words[1:]
    if program.startswith("python") and "nono" in rest[:4]:
        program, rest = "nono", rest[rest.index("nono") + 1 :]
    if program in ("nono", "nono-sandbox") and rest[:1] == ["run"] and "--" in rest:
        return rest[rest.index("--") + 1 :]
    return words


def _give(server: dict[str, Any], prefix: str) -> tuple[str, ...]:
    """Rename what the client sets for this server; the names as they are now, if they are others.

    The client sets it for nono, and whoever wrote the file would have a say in what nono loads and
    reads: PYTHONPATH, LD_PRELOAD, XDG_CONFIG_HOME. Under these names it is the server's alone, be
    it a secret or not.
    """
    env = server.get("env")
    if not env:
        return ()
    renamed = {f"{prefix}{name.removeprefix(GIVES)}": value for name, value in env.items()}
    server["env"] = renamed
    return () if renamed.keys() == env.keys() else tuple(renamed)
