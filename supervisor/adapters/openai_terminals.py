"""OpenAI Agents SDK: commands that an agent looks at again later, and types into."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from agents.sandbox.session.base_sandbox_session import BaseSandboxSession
from agents.sandbox.session.pty_types import (
    PTY_PROCESSES_MAX,
    PtyExecUpdate,
    allocate_pty_process_id,
    clamp_pty_yield_time_ms,
    process_id_to_prune_from_meta,
    resolve_pty_write_yield_time_ms,
    truncate_text_by_tokens,
)

import nono
from nono.adapters.in_threads import in_thread
from nono.adapters.interactive import Interactive
from nono.adapters.refusals import below

_YIELD = 10.0
_POLL = 0.25


class Terminals(BaseSandboxSession):
    """The part of a session for them. Each is ended with the session, or when there are 64 more."""

    def __init__(self) -> None:
        super().__init__()
        self._programs: dict[int, Interactive] = {}

    async def box(self, command: list[str]) -> nono.Sandbox:
        """The open sandbox, for this command."""
        raise NotImplementedError

    async def variables(self) -> dict[str, str]:
        """Those of the manifest."""
        return dict(await self.state.manifest.environment.resolve())

    def supports_pty(self) -> bool:
        return True

    async def pty_exec_start(
        self,
        *command: str | Path,
        timeout: float | None = None,
        shell: bool | list[str] = True,
        user: Any = None,
        tty: bool = False,
        yield_time_s: float | None = None,
        max_output_tokens: int | None = None,
    ) -> PtyExecUpdate:
        argv = self._prepare_exec_command(*command, shell=shell, user=user)
        box, variables = await self.box(argv), await self.variables()
        how: dict[str, Any] = {"pty": True} if tty else {"stdout": nono.PIPE, "stderr": nono.STDOUT}
        starting = partial(box.start, argv, env={**os.environ, **variables}, **how)
        program = Interactive(await in_thread(starting), tty)
        number = allocate_pty_process_id(set(self._programs))
        self._make_room()
        self._programs[number] = program
        waited = clamp_pty_yield_time_ms(
            int(1000 * (_YIELD if yield_time_s is None else yield_time_s))
        )
        return await self._update(number, program, waited / 1000, max_output_tokens)

    async def pty_write_stdin(
        self,
        *,
        session_id: int,
        chars: str,
        yield_time_s: float | None = None,
        max_output_tokens: int | None = None,
    ) -> PtyExecUpdate:
        program = self._resolve_pty_session_entry(
            pty_processes=self._programs, session_id=session_id
        )
        if chars:
            if not program.has_terminal:
                raise RuntimeError("stdin is not available for this process")
            await in_thread(partial(program.write, chars), abandon=True)
        asked = int(1000 * (_POLL if yield_time_s is None else yield_time_s))
        waited = resolve_pty_write_yield_time_ms(yield_time_ms=asked, input_empty=not chars)
        return await self._update(session_id, program, waited / 1000, max_output_tokens)

    async def pty_terminate_all(self) -> None:
        programs = list(self._programs.values())
        self._programs.clear()
        for each in programs:
            each.process.kill()

    async def _update(
        self, number: int, program: Interactive, seconds: float, max_tokens: int | None
    ) -> PtyExecUpdate:
        data, refused = await in_thread(partial(program.taken, seconds), abandon=True)
        text = below(data.decode("utf-8", "replace"), refused)
        shown, tokens = truncate_text_by_tokens(text, max_tokens)
        status = None
        if program.is_over:
            self._programs.pop(number, None)
            status = program.process.returncode
            status = 127 if status is None else status if status >= 0 else 128 - status
        return PtyExecUpdate(
            process_id=number if status is None else None,
            output=shown.encode("utf-8", "replace"),
            exit_code=status,
            original_token_count=tokens,
        )

    def _make_room(self) -> None:
        if len(self._programs) >= PTY_PROCESSES_MAX:
            known = [(n, each.last_used, each.is_over) for n, each in self._programs.items()]
            oldest = process_id_to_prune_from_meta(known)
            if oldest is not None:
                self._programs.pop(oldest).process.kill()
