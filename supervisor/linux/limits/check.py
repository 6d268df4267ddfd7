"""What this machine can hold a sandbox to, for `nono setup --check`."""

from __future__ import annotations

from collections.abc import Iterator

from nono.broker.settings import flag
from nono.supervisor.finding import Finding
from nono.supervisor.linux.limits.delegation import could_be_found
from nono.supervisor.linux.limits.holding import OWN_GROUP
from nono.supervisor.linux.limits.scope import in_scope

_HELD = (
    ("limits of memory", "memory", "limits.memory", "{} needs --best-effort, which only looks"),
    ("limits of processes", "pids", "limits.processes", ""),
    ("limits of processor time", "", "limits.cpu_time", "{} needs --best-effort, which only looks"),
)
"""What is limited, by which controller of control groups, and what is lost without one."""


def findings() -> Iterator[Finding]:
    """One for each kind that a control group holds."""
    has_scope: list[str] | None = None
    for what, controller, key, lost in _HELD:
        directory = could_be_found(frozenset({controller} - {""}))
        if directory is not None:
            yield Finding(what, f"a control group below {directory}", True, needed=False)
            continue
        if lost and (has_scope := in_scope() if has_scope is None else has_scope):
            yield Finding(
                what, "a scope of systemd's, which nono run goes into", True, needed=False
            )
            continue
        found = "no control group of version 2" if lost else "nono counts them: each start of one"
        cost = f"{lost.format(flag(key))}: {OWN_GROUP}" if lost else ""
        yield Finding(what, found, not lost, cost, needed=False)
