"""OpenAI Agents SDK: a sandbox client whose sessions are in a sandbox of nono's.

config = RunConfig(sandbox=SandboxRunConfig(client=NonoSandboxClient()))
await Runner.run(SandboxAgent(...), "...", run_config=config)
"""

from __future__ import annotations

import errno
import io
import os
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from agents.sandbox.errors import (
    ExecTimeoutError,
    ExecTransportError,
    WorkspaceArchiveReadError,
    WorkspaceArchiveWriteError,
    WorkspaceReadNotFoundError,
)
from agents.sandbox.manifest import Manifest
from agents.sandbox.session import SandboxSession, SandboxSessionState
from agents.sandbox.session.sandbox_client import BaseSandboxClient, BaseSandboxClientOptions
from agents.sandbox.snapshot import resolve_snapshot
from agents.sandbox.types import ExecResult, ExposedPortEndpoint

import nono
from nono.adapters.by_program import SECONDS as FILE_SECONDS
from nono.adapters.by_program import reading, saving
from nono.adapters.in_threads import in_thread, run, status_of
from nono.adapters.openai_terminals import Terminals
from nono.adapters.refusals import explained, printed, told
from nono.adapters.workspace import Gone, Workspace

MAX_OUTPUT = 10 << 20
"""Bytes of each stream of a command that are kept."""
MAX_ARCHIVE = 1 << 30
"""Bytes of a workspace that is saved."""
_DEFAULT_ROOT = Manifest.model_fields["root"].default
_ARCHIVE_SECONDS = 600.0
"""What saving or unpacking a workspace may take."""
_PACK = 'size=$1; shift; (tar "$@" || kill -9 $$) | head -c "$size"'
"""tar ends with what reads it: a file may say that it is as large as it likes."""


class NonoSandboxSessionState(SandboxSessionState):
    """What finds a session's workspace again."""

    type: Literal["nono"] = "nono"
    workspace: str = ""


class NonoSandboxClientOptions(BaseSandboxClientOptions):
    """Ports that the policy opens, too: `nono.Policy().ports(8000)`."""

    type: Literal["nono"] = "nono"
    exposed_ports: tuple[int, ...] = ()


class NonoSandboxSession(Terminals):
    """Made by `NonoSandboxClient`. Commands and files are all in the sandbox, or by its policy."""

    state: NonoSandboxSessionState

    def __init__(self, state: NonoSandboxSessionState, place: Workspace) -> None:
        super().__init__()
        self.state, self.place = state, place

    async def running(self) -> bool:
        return self.place.is_there

    async def _exec_internal(
        self, *command: str | Path, timeout: float | None = None
    ) -> ExecResult:
        argv = [str(each) for each in command]
        try:
            done = await self._run(argv, timeout)
        except nono.TimeoutExpired as error:
            kept = {"stdout": error.output, "stderr": error.stderr}
            raise ExecTimeoutError(
                command=argv, timeout_s=timeout, context=kept, cause=error
            ) from error
        except nono.CommandError as error:
            why = f"{error}\n".encode()
            return ExecResult(stdout=b"", stderr=why, exit_code=error.exit_code)
        said = told(done.denials)
        if done.truncated:
            said += f"nono: what came after {MAX_OUTPUT} bytes was dropped\n"
        stderr = _printed(done.stderr) + said.encode()
        return ExecResult(stdout=_printed(done.stdout), stderr=stderr, exit_code=status_of(done))

    def _prepare_exec_command(self, *command: str | Path, shell: Any, user: Any) -> list[str]:
        """No login shell: its start files are the person's."""
        if user is not None:
            raise ValueError("a sandbox of nono's has one user")
        prepared: list[str] = super()._prepare_exec_command(
            *command, shell=["sh", "-c"] if shell is True else shell, user=None
        )
        return prepared

    async def read(self, path: Path, *, user: Any = None) -> io.IOBase:
        where = await self._where(path, user)
        found = await self._file(path, lambda box: box.read(where, MAX_ARCHIVE))
        if found is None:  # a link is on the way: by a program, which has the rights of one
            done = await self._archived(reading(where, MAX_ARCHIVE), path, FILE_SECONDS)
            found = done.stdout
        return io.BytesIO(found)

    async def write(self, path: Path, data: io.IOBase, *, user: Any = None) -> None:
        where = await self._where(path, user, for_write=True)
        payload: Any = data.read()
        given = payload.encode() if isinstance(payload, str) else bytes(payload)

        def write(box: nono.Sandbox) -> bool:
            box.write(where, given, parents=True)
            return True

        if await self._file(path, write, for_write=True) is None:
            await self._fed(saving(where), given, path, FILE_SECONDS)

    async def persist_workspace(self) -> io.IOBase:
        root = self.place.directory
        skipped = [f"--exclude=./{each}" for each in self._persist_workspace_skip_relpaths()]
        argv = [
            "sh",
            "-c",
            _PACK,
            "sh",
            str(MAX_ARCHIVE + 1),
            "-C",
            root,
            *skipped,
            "-cf",
            "-",
            ".",
        ]
        done = await self._archived(argv, Path(root), _ARCHIVE_SECONDS)
        return io.BytesIO(done.stdout)

    async def hydrate_workspace(self, data: io.IOBase) -> None:
        root = self.place.directory
        argv = ["tar", "-C", root, "--no-same-owner", "-xf", "-"]
        await self._fed(argv, data.read(), Path(root), _ARCHIVE_SECONDS)

    async def _apply_manifest(self, **rest: Any) -> Any:
        if self.state.manifest.users or self.state.manifest.groups:
            raise ValueError("a sandbox of nono's has one user: the manifest names others")
        return await super()._apply_manifest(**rest)

    async def _prepare_backend_workspace(self) -> None:
        await in_thread(self.place.box)

    async def _resolve_exposed_port(self, port: int) -> ExposedPortEndpoint:
        return ExposedPortEndpoint(host="127.0.0.1", port=port)

    async def _shutdown_backend(self) -> None:
        await in_thread(self.place.close)

    async def box(self, command: list[str]) -> nono.Sandbox:
        try:
            return await in_thread(self.place.box)
        except Gone as error:
            raise ExecTransportError(command=command, cause=error) from error

    async def _run(
        self, argv: list[str], timeout: float | None, max_output: int = MAX_OUTPUT
    ) -> nono.Completed:
        box, variables = await self.box(argv), await self.variables()
        try:
            return await run(box, argv, env=variables, timeout=timeout, max_output=max_output)
        except (nono.BrokenError, nono.UsageError) as error:
            raise ExecTransportError(command=argv, cause=error) from error

    async def _archived(self, argv: list[str], path: Path, seconds: float) -> nono.Completed:
        """What a program prints, whole. Raises WorkspaceArchiveReadError."""
        try:
            done = await self._run(argv, seconds, MAX_ARCHIVE)
        except nono.TimeoutExpired as error:
            raise WorkspaceArchiveReadError(path=path, cause=error) from error
        if done.truncated or done.returncode:
            context = {"stderr": done.stderr.decode("utf-8", "replace") + told(done.denials)}
            raise WorkspaceArchiveReadError(path=path, context=context)
        return done

    async def _fed(self, argv: list[str], data: bytes, path: Path, seconds: float) -> None:
        """Raises WorkspaceArchiveWriteError."""
        box = await self.box(argv)
        feeding = partial(
            box.run, argv, input=data, timeout=seconds, stdout=nono.DEVNULL, stderr=nono.PIPE
        )
        try:
            done = await in_thread(feeding)
        except nono.TimeoutExpired as error:
            raise WorkspaceArchiveWriteError(path=path, cause=error) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace") + told(done.denials)
            raise WorkspaceArchiveWriteError(path=path, context={"stderr": said}, message=said)

    async def _where(self, path: Path, user: Any, for_write: bool = False) -> str:
        if user is not None:
            raise ValueError("a sandbox of nono's has one user")
        return str(await self._validate_path_access(path, for_write=for_write))

    async def _file(
        self, path: Path, use: Callable[[nono.Sandbox], Any], for_write: bool = False
    ) -> Any:
        """Through no link; None where one is on the way."""
        kind = WorkspaceArchiveWriteError if for_write else WorkspaceArchiveReadError
        box = await self.box([])
        try:
            return await in_thread(partial(use, box))
        except FileNotFoundError as error:
            raise WorkspaceReadNotFoundError(path=path, cause=error) from error
        except PermissionError as error:
            said = explained(error, box)
            raise kind(path=path, context={"refused": str(said)}, cause=said) from said
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise kind(path=path, cause=error) from error
            return None


def _printed(stream: bytes) -> bytes:
    return printed(stream.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


class NonoSandboxClient(BaseSandboxClient[NonoSandboxClientOptions | None]):
    """Makes sessions: a directory and the sandbox around it for each.

    `policy` is what programs may do besides using the session's directory, which is `directory`,
    or one that is made in `below` and goes with `delete`.
    """

    backend_id = "nono"
    supports_default_options = True

    def __init__(
        self,
        policy: nono.Policy | None = None,
        *,
        directory: str | os.PathLike[str] | None = None,
        below: str | os.PathLike[str] | None = None,
    ) -> None:
        self._make = partial(Workspace, policy, directory, below)
        self._directory = None if directory is None else os.path.realpath(directory)

    async def create(
        self, *, snapshot: Any = None, manifest: Any = None, options: Any = None
    ) -> SandboxSession:
        manifest = Manifest() if manifest is None else manifest
        if manifest.root not in (_DEFAULT_ROOT, self._directory):
            raise ValueError("where a workspace is says NonoSandboxClient(directory=...)")
        self._validate_manifest_for_create(manifest)
        place = self._make()
        await in_thread(place.box)
        made = uuid.uuid4()
        state = NonoSandboxSessionState(
            session_id=made,
            manifest=manifest.model_copy(update={"root": place.directory}, deep=True),
            snapshot=resolve_snapshot(snapshot, str(made)),
            exposed_ports=(options or NonoSandboxClientOptions()).exposed_ports,
            workspace=place.name or "",
        )
        return self._wrap_session(NonoSandboxSession(state, place))

    async def resume(self, state: SandboxSessionState) -> SandboxSession:
        """The same workspace, or a new one with the session's snapshot, when that has gone."""
        if not isinstance(state, NonoSandboxSessionState):
            raise TypeError("it is the state of another client's session")
        place, is_same = await in_thread(partial(self._found, state.workspace))
        state.workspace = place.name or ""
        state.manifest = state.manifest.model_copy(update={"root": place.directory}, deep=True)
        session = NonoSandboxSession(state, place)
        session._set_start_state_preserved(is_same)
        if not is_same:
            state.workspace_root_ready = False
        return self._wrap_session(session)

    async def delete(self, session: SandboxSession) -> SandboxSession:
        if not isinstance(session._inner, NonoSandboxSession):
            raise TypeError("it is another client's session")
        await in_thread(session._inner.place.destroy)
        return session

    def deserialize_session_state(self, payload: dict[str, object]) -> SandboxSessionState:
        return self._deserialize_session_state_payload(payload, NonoSandboxSessionState)

    def _found(self, name: str) -> tuple[Workspace, bool]:
        """A state may come from anywhere: it opens a directory of this client's alone."""
        if self._directory is None:
            try:
                place = self._make(name)
                place.box()
                return place, True
            except Gone:
                pass
        place = self._make()
        place.box()
        return place, self._directory is not None
