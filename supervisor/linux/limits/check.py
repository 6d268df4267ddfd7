"""What this machine can hold a sandbox to, for `nono setup --check` and `nono run --dry-run`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from nono.broker.limits import Limits
from nono.broker.settings import flag
from nono.supervisor.finding import Finding
from nono.supervisor.linux.limits.delegation import could_be_found
from nono.supervisor.linux.limits.holding import OWN_GROUP
from nono.supervisor.linux.limits.scope import asked_for_scope, in_scope

_HELD = (
    ("limits of memory", "memory", "limits.memory", "{} needs --best-effort, which only looks"),
    ("limits of processes", "pids", "limits.processes", ""),
    ("limits of processor time", "", "limits.cpu_time", "{} needs --best-effort, which only looks"),
)
"""What is limited, by which controller of control groups, and what is lost without one."""


def findings() -> Iterator[Finding]:
    """One for each kind that a control group holds."""
    scope = cache(in_scope)  # which takes long, and is asked where no group is
    said = "a scope of systemd's, which nono run goes into"
    yield from (_finding(*each, scope, said) for each in _HELD)


def foreseen(limits: Limits, *, best_effort: bool) -> Iterator[str]:
    """For people: what would hold each of these, or that a run would not start.

    It starts nothing, so whether systemd gives a scope stays open.
    """
    said = {f"limits.{name}" for name in limits.said()}
    told = "a scope, if systemd gives one: nono setup --check tries that"
    held = (_finding(*each, asked_for_scope, told) for each in _HELD if each[2] in said)
    for each in held:
        lost = f"; {each.cost}" if each.cost else ""
        end = "" if each.good or best_effort else ", so a run would not start"
        yield f"{each.what}: {each.found}{end}{lost}"


def _finding(
    what: str, controller: str, key: str, lost: str, scope: Callable[[], list[str]], in_one: str
) -> Finding:
    directory = could_be_found(frozenset({controller} - {""}))
    if directory is not None:
        return Finding(what, f"a control group below {directory}", True, needed=False)
    if lost and scope():
        return Finding(what, in_one, True, needed=False)
    found = "no control group of version 2" if lost else "nono counts them: each start of one"
    cost = f"{lost.format(flag(key))}: {OWN_GROUP}" if lost else ""
    return Finding(what, found, not lost, cost, needed=False)
