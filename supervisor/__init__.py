"""nono.supervisor: runs programs in sandboxes, performs what the policy allows, talks to people.

Names are imported when they are used, so that the command starts fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import AuditOptions
    from nono.supervisor.decisions.denials import Denial
    from nono.supervisor.errors import (
        BrokenError,
        CommandError,
        NonoError,
        StartError,
        UsageError,
    )
    from nono.supervisor.planning.options import Options
    from nono.supervisor.planning.plan import Plan, make_plan
    from nono.supervisor.sandbox import Completed, Sandbox, open_sandbox, run

_WHERE = {
    "AuditOptions": "audit.writer",
    "BrokenError": "errors",
    "CommandError": "errors",
    "Completed": "sandbox",
    "Denial": "decisions.denials",
    "NonoError": "errors",
    "Options": "planning.plan",
    "Plan": "planning.plan",
    "Sandbox": "sandbox",
    "StartError": "errors",
    "UsageError": "errors",
    "make_plan": "planning.plan",
    "open_sandbox": "sandbox",
    "run": "sandbox",
}

__all__ = [
    "AuditOptions",
    "BrokenError",
    "CommandError",
    "Completed",
    "Denial",
    "NonoError",
    "Options",
    "Plan",
    "Sandbox",
    "StartError",
    "UsageError",
    "make_plan",
    "open_sandbox",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
