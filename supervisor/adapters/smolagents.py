"""smolagents: an executor whose code, with its variables and tools, is in a sandbox.

    with CodeAgent(tools, model, executor=NonoExecutor()) as agent:
        agent.run("...")

Answers come back as JSON and never as a pickle, whatever the code does.
"""

from __future__ import annotations

import json
import os
import re
import sys
import weakref
from collections.abc import Sequence
from typing import Any

from smolagents.local_python_executor import CodeOutput
from smolagents.monitoring import AgentLogger, LogLevel
from smolagents.remote_executors import RemotePythonExecutor
from smolagents.utils import AgentError

import nono
from nono.adapters.python_session import PythonSession, has_too_many_parts
from nono.adapters.refusals import below as with_refusals
from nono.adapters.refusals import printed
from nono.adapters.workspace import Workspace

SECONDS = 10 * 60
"""What one step of an agent may take."""
_NUMBERS = re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)|complex(64|128)")
"""Arrays of others take memory that their text does not."""
_MEMBERS = {"set": False, "frozenset": False, "dict_with_complex_keys": True}
"""What is made by hashing its members, and whether these are pairs of which the first one is it."""
_MAX_PLAIN, _MAX_OTHERS = 50_000, 100
"""Members whose hash nobody can choose, and others: those may all be compared with each other."""
_MAX_NUMBER = 1 << 60
"""A number below it has a hash of its own."""


class NonoExecutor(RemotePythonExecutor):
    """Runs the code of one agent. `cleanup`, which the agent calls, ends it.

    `policy` is what the code may do besides using its working directory, which is `directory`, or
    one that is made in `below` and goes at the end; without one it may import what `executable`
    has. Tools run in the sandbox, too. Nothing is installed there.
    """

    def __init__(
        self,
        policy: nono.Policy | None = None,
        *,
        directory: str | os.PathLike[str] | None = None,
        below: str | os.PathLike[str] | None = None,
        executable: str = sys.executable,
        timeout: float | None = SECONDS,
        logger: AgentLogger | None = None,
    ) -> None:
        # `additional_imports` are what others install in a new container.
        super().__init__([], logger or AgentLogger(level=LogLevel.ERROR), allow_pickle=False)
        policy = nono.Policy.python(executable) if policy is None else policy
        self._place = Workspace(policy, directory, below)
        self._executable, self._timeout = executable, timeout
        self._session: PythonSession | None = None
        weakref.finalize(self, self._place.destroy)

    def run_code_raise_errors(self, code: str) -> CodeOutput:
        """One piece of code. Raises AgentError, which the agent reads, with what was refused."""
        if self._session is None:
            self._session = PythonSession(self._place.box(), self._executable)
        ran = self._session.run(code, self._timeout)
        logs = with_refusals(ran.logs, ran.refused)
        if ran.error is not None:
            raise AgentError(f"{logs}\nExecuting code yielded an error:\n{ran.error}", self.logger)
        if ran.final is None:
            output = None if ran.output is None else printed(ran.output)
            return CodeOutput(output=output, logs=logs, is_final_answer=False)
        return CodeOutput(output=self._final(ran.final), logs=logs, is_final_answer=True)

    def install_packages(self, additional_imports: Sequence[str]) -> list[str]:
        """There are those of the interpreter, and no others: what is lacking fails to import."""
        return list(additional_imports)

    def cleanup(self) -> None:
        """End the code and whatever it has started. What it wrote goes unless it was given."""
        self._session = None
        self._place.destroy()

    def _final(self, text: str) -> Any:
        """What the code says is the answer: it may say anything."""
        try:
            if has_too_many_parts(text):
                raise ValueError("it has too many parts")
            _check([json.loads(text.removeprefix("safe:"))])
            return self._deserialize_final_answer(text, allow_pickle=False)
        except (Exception, RecursionError) as error:
            raise AgentError(f"the final answer cannot be read: {error}", self.logger) from error


def _check(answer: Any) -> None:
    """Raises ValueError for what would take this process long, or much memory, to make."""
    for each in answer.values() if isinstance(answer, dict) else answer:
        if isinstance(each, dict | list):
            _check(each)
    if not isinstance(answer, dict):
        return
    kind = answer.get("__type__")
    if kind == "ndarray" and not _NUMBERS.fullmatch(str(answer.get("dtype"))):
        raise ValueError(f"arrays are of numbers, not of {str(answer.get('dtype'))[:40]!r}")
    if isinstance(kind, str) and kind in _MEMBERS:
        members = answer["data"]
        if not isinstance(members, list):
            raise ValueError(f"a {kind} has a list of members")
        _check_members([each[0] for each in members] if _MEMBERS[kind] else members)


def _check_members(members: list[Any]) -> None:
    others = sum(not _is_plain(each) for each in members)
    if others > _MAX_OTHERS or len(members) > _MAX_PLAIN:
        raise ValueError(f"a set has {len(members)} members: it could take for ever to make")


def _is_plain(member: Any) -> bool:
    if isinstance(member, int):
        return abs(member) < _MAX_NUMBER
    return member is None or isinstance(member, str | float)
