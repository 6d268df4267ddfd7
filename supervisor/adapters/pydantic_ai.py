"""Pydantic AI: workspaces whose commands and files are in a sandbox.

    agent = Agent(model, capabilities=[NonoSandbox(nono.Policy().hosts("pypi.org"))])

An agent's tools, and those of other capabilities, then use it as `ctx.workspace`.
"""

from __future__ import annotations

import errno
import math
import os
import posixpath
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.tools import RunContext
from pydantic_ai.workspaces import (
    CommandResult,
    FileEntry,
    SupportsCommands,
    SupportsFilesystem,
    SupportsRealpath,
    Workspace,
    WorkspaceBackend,
    WorkspaceCommand,
    WorkspaceOutputLimitError,
    WorkspaceRef,
    WorkspaceTimeoutError,
    WorkspaceUnavailableError,
)

import nono
from nono.adapters.by_program import SECONDS as FILE_SECONDS
from nono.adapters.in_threads import in_thread, run, status_of
from nono.adapters.refusals import below, explained, printed
from nono.adapters.workspace import Gone
from nono.adapters.workspace import Workspace as Place

T = TypeVar("T")
PROVIDER = "nono"
MAX_OUTPUT = 10 << 20
"""Bytes of each stream of a command; more is an error, as Pydantic AI wants it."""
_MAX_PREVIEW = 64 << 10


class NonoBackend(WorkspaceBackend, SupportsCommands, SupportsFilesystem, SupportsRealpath):
    """One workspace: commands run in the sandbox, files are opened by its policy.

    `policy` is what commands may do besides using the workspace's directory, which is `directory`,
    or one that is made in `below` when it is used first. `ref` is of a workspace that was made so
    before. `close` ends what runs in it, `destroy` removes what was made.
    """

    def __init__(
        self,
        policy: nono.Policy | None = None,
        *,
        directory: str | os.PathLike[str] | None = None,
        below: str | os.PathLike[str] | None = None,
        ref: WorkspaceRef | None = None,
        max_output: int = MAX_OUTPUT,
    ) -> None:
        if ref is not None and ref.provider != PROVIDER:
            raise ValueError(f"{ref.provider!r} is no workspace of nono's")
        self._make = partial(Place, policy, directory, below)
        self._ref = ref
        self._place = None if ref is not None and directory is None else self._make()
        self._max_output = max_output
        self._by_shell = Workspace(_Commands(self))

    @property
    def ref(self) -> WorkspaceRef | None:
        if self._ref is None and self._place is not None and self._place.name is not None:
            self._ref = WorkspaceRef(provider=PROVIDER, id=self._place.name)
        return self._ref

    async def working_dir(self) -> str:
        await self._box()
        assert self._place is not None
        return self._place.directory

    async def run(
        self,
        command: WorkspaceCommand,
        *,
        shell: bool = False,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> CommandResult:
        argv = _argv(command, shell)
        if timeout is not None and not (math.isfinite(timeout) and timeout > 0):
            raise ValueError("timeout is a number of seconds above 0, or None")
        box = await self._box()
        try:
            done = await run(box, argv, env=env, timeout=timeout, max_output=self._max_output)
        except nono.TimeoutExpired as error:
            out, err = _texts(error.completed)
            raise WorkspaceTimeoutError(str(error), stdout=out, stderr=err) from error
        except nono.CommandError as error:
            return CommandResult(exit_code=error.exit_code, stdout="", stderr=f"{error}\n")
        except (nono.BrokenError, nono.UsageError) as error:
            raise WorkspaceUnavailableError(str(error)) from error
        return self._result(done)

    def _result(self, done: nono.Completed) -> CommandResult:
        if self._place is None or not self._place.is_there:
            raise WorkspaceUnavailableError("the workspace is gone")
        out, err = _texts(done)
        if done.truncated:
            raise WorkspaceOutputLimitError(
                f"more than {self._max_output} bytes of output: write it to a file",
                limit=self._max_output,
                stdout=out[:_MAX_PREVIEW],
                stderr=err[:_MAX_PREVIEW],
            )
        return CommandResult(exit_code=status_of(done), stdout=out, stderr=err)

    async def read_bytes(self, path: str) -> bytes:
        found = await self._file(lambda box: box.read(path))
        return await self._by_shell.read_bytes(path) if found is None else bytes(found)

    async def write_bytes(self, path: str, data: bytes) -> None:
        def write(box: nono.Sandbox) -> bool:
            box.write(path, data, parents=True)
            return True

        if await self._file(write) is None:
            await self._by_shell.write_bytes(path, data)

    async def list_dir(self, path: str) -> Sequence[FileEntry]:
        entries: list[nono.Entry] | None = await self._file(lambda box: box.entries(path))
        if entries is None or any(each.kind == "link" for each in entries):
            return await self._by_shell.list_dir(path)
        return [
            FileEntry(
                name=each.name,
                path=posixpath.join(path, each.name),
                is_dir=each.kind == "directory",
                size=each.size if each.kind == "file" else None,
            )
            for each in entries
        ]

    async def stat(self, path: str) -> FileEntry:
        return await self._by_shell.stat(path)

    async def make_dir(self, path: str) -> None:
        await self._by_shell.make_dir(path)

    async def remove(self, path: str) -> None:
        await self._by_shell.remove(path)

    async def exists(self, path: str) -> bool:
        return await self._by_shell.exists(path)

    async def realpath(self, path: str) -> str:
        return await self._by_shell.realpath(path)

    async def close(self) -> None:
        """End every program in it. The next use opens the sandbox again."""
        if self._place is not None:
            await in_thread(self._place.close)

    async def destroy(self) -> None:
        """Close it for good; the directory goes unless it was given."""
        await self._box()
        assert self._place is not None
        await in_thread(self._place.destroy)

    async def __aenter__(self) -> NonoBackend:
        return self

    async def __aexit__(self, *error: object) -> None:
        with anyio.CancelScope(shield=True):
            await self.close()

    async def _box(self) -> nono.Sandbox:
        return await in_thread(self._opened)

    def _opened(self) -> nono.Sandbox:
        try:
            if self._place is None:
                assert self._ref is not None
                self._place = self._make(self._ref.id)
            return self._place.box()
        except Gone as error:
            raise WorkspaceUnavailableError(str(error)) from error

    async def _file(self, use: Callable[[nono.Sandbox], T]) -> T | None:
        """Of the sandbox's files, through no link; None where one is on the way.

        There a program inside has to look, with its own rights.
        """
        box = await self._box()
        try:
            return await in_thread(partial(use, box))
        except PermissionError as error:
            raise explained(error, box) from error
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            return None


class _Commands(WorkspaceBackend, SupportsCommands):
    """The same workspace, without its files: Pydantic AI then uses them by shell commands."""

    def __init__(self, backend: NonoBackend) -> None:
        self._backend = backend

    async def run(
        self,
        command: WorkspaceCommand,
        *,
        shell: bool = False,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> CommandResult:
        """A link may lead to what never ends, or never begins."""
        seconds = FILE_SECONDS if timeout is None else timeout
        return await self._backend.run(command, shell=shell, env=env, timeout=seconds)

    @property
    def ref(self) -> WorkspaceRef | None:
        return self._backend.ref

    async def working_dir(self) -> str:
        return await self._backend.working_dir()


_MADE_FOR_RUNS = weakref.WeakSet[NonoBackend]()
"""By a capability: these are closed when their run ends, and one that somebody gave is not."""


@dataclass(kw_only=True)
class NonoSandbox(AbstractCapability[Any]):
    """Gives each run of an agent a workspace in a sandbox; see `NonoBackend` for what is given.

    What commands leave running ends with the run. The workspace stays: a later run that is given
    its reference goes on there, and `destroy` removes it.
    """

    policy: nono.Policy | None = None
    directory: str | os.PathLike[str] | None = None
    below: str | os.PathLike[str] | None = None
    max_output: int = MAX_OUTPUT

    def get_workspace(
        self, ctx: RunContext[Any], *, ref: WorkspaceRef | None
    ) -> WorkspaceBackend | None:
        if ref is not None and not self._is_ours(ref):
            return None
        backend = self._backend(ref)
        _MADE_FOR_RUNS.add(backend)
        return backend

    def backend(self, ref: WorkspaceRef) -> NonoBackend:
        """The workspace of a reference, opened when it is used. Raises ValueError."""
        if not self._is_ours(ref):
            raise ValueError(f"{ref} is none of this capability's workspaces")
        return self._backend(ref)

    async def destroy(self, ref: WorkspaceRef) -> None:
        """Remove a workspace. Raises WorkspaceUnavailableError when there is none."""
        await self.backend(ref).destroy()

    async def wrap_run(self, ctx: RunContext[Any], *, handler: Any) -> Any:
        try:
            return await handler()
        finally:
            if isinstance(ctx.workspace, Workspace):
                backend = ctx.workspace.backend
                if isinstance(backend, NonoBackend) and backend in _MADE_FOR_RUNS:
                    with anyio.CancelScope(shield=True):
                        await backend.close()

    def _backend(self, ref: WorkspaceRef | None) -> NonoBackend:
        return NonoBackend(
            self.policy,
            directory=self.directory,
            below=self.below,
            ref=ref,
            max_output=self.max_output,
        )

    def _is_ours(self, ref: WorkspaceRef) -> bool:
        """A reference may come from a conversation: it opens no other directory."""
        if self.directory is None:
            return bool(ref.provider == PROVIDER and "/" not in ref.id)
        return bool(ref.provider == PROVIDER and ref.id == os.path.realpath(self.directory))


def _argv(command: WorkspaceCommand, shell: bool) -> list[str]:
    if isinstance(command, str) is not shell:
        raise TypeError("a text is for shell=True, a list of words for shell=False")
    return ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)


def _texts(done: nono.Completed) -> tuple[str, str]:
    """Its output; what it was refused is told below what it has said of it."""
    out, err = (each.decode("utf-8", "replace") for each in (done.stdout, done.stderr))
    return printed(out), below(err, done.denials)
