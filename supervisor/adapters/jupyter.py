"""Jupyter's kernels in a sandbox: a provisioner, and the kernelspec that names it.

The server, or whoever starts kernels by jupyter_client, starts this one as any other; the program
runs in a sandbox of its own, whose options stand in the kernelspec.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning import LocalProvisioner
from traitlets import Dict

import nono

PROVISIONER = "nono-provisioner"
_PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")
_PARENT = {"JPY_PARENT_PID": "1"}
"""It ends with the sandbox: it need not watch its parent, which is the sandbox's own init."""
_LAUNCHES = (
    "import runpy, sys; sys.path[:] = [*filter(None, sys.path)];"
    " runpy.run_module('ipykernel_launcher', run_name='__main__', alter_sys=True)"
)
"""As `python -m` does it; but in the notebook's directory, where an earlier kernel may have left a
module of that name, nothing is looked for before the kernel runs."""
_POLL = 0.05
"""Seconds between two looks whether it has ended, as the provisioner of jupyter_client has it."""


class NonoProvisioner(LocalProvisioner):
    """Starts a kernel in a sandbox. `options` are fields of `nono.Options`."""

    options = Dict(help="Fields of nono.Options, as `nono jupyter install` writes them.").tag(
        config=True
    )

    _box: nono.Sandbox | None = None
    _kernel: nono.Process | None = None
    _status: int | None = None

    @property
    def has_process(self) -> bool:
        """Until `wait` has seen its end."""
        return self._kernel is not None

    @property
    def _running(self) -> nono.Process | None:
        """What can be told something: with its end the sandbox is closed."""
        return None if self._box is None else self._kernel

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Raises nono.NonoError when there can be no sandbox, or it allows too little."""
        await self._close()
        self.cwd = kwargs.get("cwd") or os.getcwd()
        env = {**(kwargs.get("env") or os.environ), **_PARENT}
        await asyncio.to_thread(self._launch, cmd, env)
        assert self._kernel is not None
        self.pid = self._kernel.pid
        return self.connection_info

    def _launch(self, cmd: list[str], env: dict[str, str]) -> None:
        info = self.connection_info
        ports = [int(info[name]) for name in _PORTS] if info["transport"] == "tcp" else []
        file = getattr(self.parent, "connection_file", None)
        policy = policy_for(self.options, cmd[0], self.cwd or ".", ports, [file] if file else [])
        box = self._box = nono.Sandbox(policy).made_for(cmd).open()
        # Its history and its configuration: nothing that a later kernel outside would read.
        env["IPYTHONDIR"] = os.path.join(box.tmpdir, "ipython")
        self._kernel = box.start(cmd, env=env)

    async def poll(self) -> int | None:
        """Its status; None while it runs. With its end ends what it has started."""
        if self._kernel is None:
            return 0
        if self._status is None:
            self._status = self._ended()
            if self._status is not None:
                box, self._box = self._box, None
                if box is not None:
                    await asyncio.to_thread(box.close)
        return self._status

    def _ended(self) -> int | None:
        assert self._kernel is not None
        try:
            return self._kernel.wait(0)
        except subprocess.TimeoutExpired:
            return None
        except nono.NonoError as error:  # it was never executed, or the sandbox broke
            self.log.error("%s: %s", error.message, error.hint)
            return 1

    async def wait(self) -> int | None:
        """Its status, once it has ended; the sandbox is closed then."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(_POLL)
        await self._close()
        return status

    async def send_signal(self, signum: int) -> None:
        """To the kernel alone."""
        if (kernel := self._running) is not None:
            kernel.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """The kernel, and all that it has started."""
        if (kernel := self._running) is not None:
            kernel.kill()

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        if (kernel := self._running) is not None:
            kernel.terminate()

    async def cleanup(self, restart: bool = False) -> None:
        """Whatever happened before."""
        await self._close()
        await super().cleanup(restart)

    async def _close(self) -> None:
        box, self._box, self._kernel, self._status = self._box, None, None, None
        if box is not None:
            await asyncio.to_thread(box.close)


def policy_for(
    given: Mapping[str, Any], python: str, cwd: str, ports: Sequence[int], files: Sequence[str]
) -> nono.Policy:
    """What the kernelspec says, and what any kernel needs: its interpreter, its connection.

    Its ports are those of this machine that a client connects to. Raises NonoError, TypeError.
    """
    options = nono.Options(**{**given, "workdir": os.path.abspath(cwd)})
    options = replace(options, read_file=(*options.read_file, *files))
    policy = nono.Policy(options, programs=(python,))
    mode = policy.plan([python]).policy.network.mode.name
    if not ports or mode == "UNRESTRICTED":
        return policy
    if mode == "BLOCKED":
        policy = policy.with_options(block_net=False, loopback_only=True)
    return policy.ports(*ports)


def install(
    options: Mapping[str, Any],
    *,
    name: str = "nono",
    display_name: str = "Python (nono)",
    python: str | None = None,
    prefix: str | None = None,
) -> str:
    """Write a kernelspec, for this user unless there is a `prefix`; its directory."""
    config = {"options": dict(options)}
    spec = {
        "argv": [python or sys.executable, "-c", _LAUNCHES, "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "metadata": {
            "debugger": False,
            "kernel_provisioner": {"provisioner_name": PROVISIONER, "config": config},
        },
    }
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        with open(os.path.join(directory, "kernel.json"), "w", encoding="utf-8") as file:
            json.dump(spec, file, indent=1)
        where: dict[str, Any] = {"prefix": prefix} if prefix else {"user": True}
        found: str = KernelSpecManager().install_kernel_spec(directory, name, **where)
    return found


def remove(name: str = "nono") -> str:
    """Remove a kernelspec of ours; where it was. Raises UsageError for another one."""
    manager = KernelSpecManager()
    spec: Any = None
    with contextlib.suppress(KeyError):
        spec = manager.get_kernel_spec(name)
    if (
        spec is None
        or spec.metadata.get("kernel_provisioner", {}).get("provisioner_name") != PROVISIONER
    ):
        raise nono.UsageError(f"{name} is no kernel of nono's", "jupyter kernelspec list")
    found: str = manager.remove_kernel_spec(name)
    return found
