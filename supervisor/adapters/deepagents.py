"""LangChain deepagents: a backend whose commands and files are in a sandbox.

with NonoSandbox(nono.Policy()) as sandbox:
    agent = create_deep_agent(model, backend=sandbox)
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import deepagents.backends.protocol as protocol
from deepagents.backends.protocol import ExecuteResponse, FileDownloadResponse, FileUploadResponse
from deepagents.backends.sandbox import BaseSandbox

import nono
from nono.adapters.by_program import SECONDS as FILE_SECONDS
from nono.adapters.by_program import reading, saving
from nono.adapters.in_threads import in_thread, run, status_of
from nono.adapters.refusals import below, explained, printed, told, under
from nono.adapters.workspace import Workspace

MAX_OUTPUT = 10 << 20
"""Bytes of a command's output that are kept."""
MAX_FILE = 64 << 20
"""Bytes of a file that is downloaded."""
SECONDS = 30 * 60
"""What a command may take that was given no time."""
_TIMED_OUT = 124
"""As timeout(1) has it."""
_ERRORS = {
    errno.ENOENT: protocol.FILE_NOT_FOUND,
    errno.EISDIR: protocol.IS_DIRECTORY,
    errno.ENOTDIR: protocol.INVALID_PATH,
    errno.EINVAL: protocol.INVALID_PATH,
}
_SHELL = "/bin/sh", "-c"
_REFUSED: ContextVar[list[nono.Denial] | None] = ContextVar("_REFUSED", default=None)
"""What was refused to the commands of one tool, whose output only deepagents reads."""
_IS_TOOL: ContextVar[bool] = ContextVar("_IS_TOOL", default=False)
"""Whether the commands are programs of deepagents' own: `python3 -c` in the workspace, where an
earlier program may have left a `json.py`."""


@contextlib.contextmanager
def _collecting(is_tool: bool) -> Iterator[list[nono.Denial]]:
    refused: list[nono.Denial] = []
    tokens = _REFUSED.set(refused), _IS_TOOL.set(is_tool)
    try:
        yield refused
    finally:
        _REFUSED.reset(tokens[0])
        _IS_TOOL.reset(tokens[1])


def _variables() -> dict[str, str] | None:
    return {**os.environ, "PYTHONSAFEPATH": "1"} if _IS_TOOL.get() else None


def _telling(name: str, is_tool: bool = True) -> Any:
    """A tool of deepagents' own; an error of it tells of what was refused, too."""
    tool = getattr(BaseSandbox, name)

    def use(self: NonoSandbox, *args: Any, **named: Any) -> Any:
        with _collecting(is_tool) as refused:
            return _told(tool(self, *args, **named), refused)

    return use


def _telling_later(name: str, is_tool: bool = True) -> Any:
    """The same for one that is awaited."""
    tool = getattr(BaseSandbox, name)

    async def use(self: NonoSandbox, *args: Any, **named: Any) -> Any:
        with _collecting(is_tool) as refused:
            return _told(await tool(self, *args, **named), refused)

    return use


def _told(result: Any, refused: list[nono.Denial]) -> Any:
    said = told(refused)
    response = getattr(result, "response", None)
    if response is not None:
        output = under(printed(response.output), said)
        return replace(result, response=replace(response, output=output))
    return replace(result, error=f"{result.error}\n{said}") if result.error and said else result


class NonoSandbox(BaseSandbox):
    """A directory, and the sandbox around it, for the tools of an agent.

    `policy` is what commands may do besides using the directory, which is `directory`, or one that
    is made in `below` on first use and goes with `destroy`; the `python3` of PATH, by which
    deepagents reads and writes files, may be used in any case. Paths are those of this machine: an
    agent has to be told `workdir`. `close` ends what runs.
    """

    def __init__(
        self,
        policy: nono.Policy | None = None,
        *,
        directory: str | os.PathLike[str] | None = None,
        below: str | os.PathLike[str] | None = None,
        timeout: float | None = SECONDS,
        max_output: int = MAX_OUTPUT,
    ) -> None:
        policy = nono.Policy() if policy is None else policy
        python = shutil.which("python3")
        if python is not None:  # deepagents' own tools are programs in Python
            policy = replace(policy, programs=(*policy.programs, python))
        self._place = Workspace(policy, directory, below)
        self._timeout, self._max_output = timeout, max_output

    @property
    def id(self) -> str:
        """Its directory's name."""
        self._place.box()
        return self._place.name or ""

    @property
    def workdir(self) -> str:
        """Where commands start."""
        self._place.box()
        return self._place.directory

    def execute(self, command: str, *, timeout: int | None = None) -> ExecuteResponse:
        """One command of a shell. 0 seconds are no bound, None is the sandbox's own."""
        seconds = self._timeout if timeout is None else timeout or None
        try:
            done = self._place.box().run(
                [*_SHELL, command],
                env=_variables(),
                timeout=seconds,
                max_output=self._max_output,
                stdout=nono.PIPE,
                stderr=nono.STDOUT,
            )
        except nono.TimeoutExpired as error:
            return _late(error)
        return _response(done, status_of(done))

    async def aexecute(self, command: str, *, timeout: int | None = None) -> ExecuteResponse:
        """The same. When it is cancelled, the command is killed with all that it has started."""
        box = await in_thread(self._place.box)
        seconds = self._timeout if timeout is None else timeout or None
        try:
            done = await run(
                box,
                [*_SHELL, command],
                env=_variables(),
                timeout=seconds,
                max_output=self._max_output,
                stderr=nono.STDOUT,
            )
        except nono.TimeoutExpired as error:
            return _late(error)
        return _response(done, status_of(done))

    execute_with_offload = _telling("execute_with_offload", False)
    ls, read, write, edit = map(_telling, ("ls", "read", "write", "edit"))
    delete, grep, glob = map(_telling, ("delete", "grep", "glob"))
    aexecute_with_offload = _telling_later("aexecute_with_offload", False)
    als, aread, awrite, aedit = map(_telling_later, ("als", "aread", "awrite", "aedit"))
    adelete, agrep, aglob = map(_telling_later, ("adelete", "agrep", "aglob"))

    def upload_files(self, files: list[tuple[str, bytes]]) -> list[FileUploadResponse]:
        """Each by itself; directories that are lacking are made."""
        return [
            FileUploadResponse(path=path, error=self._saved(path, data)) for path, data in files
        ]

    def download_files(self, paths: list[str]) -> list[FileDownloadResponse]:
        """Each by itself."""
        return [self._fetched(path) for path in paths]

    def close(self) -> None:
        """End every program in it. The next use opens the sandbox again."""
        self._place.close()

    def destroy(self) -> None:
        """Close it for good; the directory goes unless it was given."""
        self._place.destroy()

    def __enter__(self) -> NonoSandbox:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _saved(self, path: str, data: bytes) -> str | None:
        box = self._place.box()
        by_hand = _error_of(lambda: box.write(path, data, parents=True), box)
        if by_hand is None or not os.path.isabs(path):
            return by_hand
        try:
            done = box.run(
                saving(path),
                input=data,
                timeout=FILE_SECONDS,
                stdout=nono.DEVNULL,
                stderr=nono.DEVNULL,
            )
        except nono.TimeoutExpired:
            return by_hand
        return by_hand if done.returncode else None

    def _fetched(self, path: str) -> FileDownloadResponse:
        box, found = self._place.box(), list[bytes]()

        def read() -> None:
            found.append(box.read(path))

        error = _error_of(read, box)
        if error is not None and os.path.isabs(path):
            content = _read_inside(box, path)
            if content is not None:
                return FileDownloadResponse(path=path, content=content)
        return FileDownloadResponse(path=path, content=found[0] if found else None, error=error)


def _read_inside(box: nono.Sandbox, path: str) -> bytes | None:
    try:
        done = box.run(
            reading(path, MAX_FILE),
            timeout=FILE_SECONDS,
            max_output=MAX_FILE + 1,
            stdout=nono.PIPE,
            stderr=nono.DEVNULL,
        )
    except nono.TimeoutExpired:
        return None
    return None if done.returncode or len(done.stdout) > MAX_FILE else done.stdout


def _error_of(use: Callable[[], object], box: nono.Sandbox) -> str | None:
    """None, or the name that deepagents has for what went wrong."""
    try:
        use()
    except PermissionError as error:
        return _refusal(explained(error, box).strerror or "")
    except OSError as error:
        return _ERRORS.get(error.errno or 0, str(error))
    return None


def _refusal(said: str) -> str:
    return (
        f"{protocol.PERMISSION_DENIED}\n{said}"
        if said.startswith("nono: ")
        else protocol.PERMISSION_DENIED
    )


def _late(error: nono.TimeoutExpired) -> ExecuteResponse:
    said = f"nono: not done in {error.timeout:g} s: ended, with all that it had started\n"
    return _response(error.completed, _TIMED_OUT, said)


def _response(done: nono.Completed, status: int, said: str = "") -> ExecuteResponse:
    output, refused = done.stdout.decode("utf-8", "replace"), _REFUSED.get()
    if refused is None:
        output = below(output, done.denials)
    else:
        refused.extend(done.denials)
    return ExecuteResponse(output=output + said, exit_code=status, truncated=done.truncated)
