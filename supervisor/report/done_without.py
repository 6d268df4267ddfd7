"""What a run that succeeded has done without: data (data/harmless.json), as harmless probes are.

Unlike these it may be what a program fails for, so it is left out only where nothing failed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nono.broker import Access, Forbidden, Open, Operation, OriginKind, PathChange, Request
from nono.broker.datafile import data
from nono.broker.rules.patterns import Glob
from nono.supervisor.places import home_directory
from nono.supervisor.report.entry import Entry


def is_done_without(entry: Entry, workdir: str) -> bool:
    """Of a run there that succeeded. What a rule of somebody's refuses is told in any case."""
    request, rule = entry.denial.request, entry.denial.verdict.rule
    if isinstance(request, Forbidden):
        return any(request.call == each.get("call") for each in _known())
    if rule.origin.kind is not OriginKind.DEFAULT or not entry.path.startswith("/"):
        return False
    name = os.path.basename(request.process.exe)
    return any(
        "path" in each
        and _is_of(each, request, is_workdir=entry.path == workdir)
        and any(Glob(f"/{by}").matches(f"/{name}") for by in each["by"])
        and _pattern(each["path"]).matches(entry.path)
        for each in _known()
    )


def _known() -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = data("harmless")["where_it_ends_well"]
    return found


def _is_of(each: Mapping[str, Any], request: Request, *, is_workdir: bool) -> bool:
    """Whether it is what the program tries there."""
    match request:
        case Open(_, _, Access.READ):
            return "workdir" in each and is_workdir
        case PathChange(_, Operation.CREATE):
            return "create" in each or "write" in each
        case PathChange(_, Operation.MKDIR):
            return "write" in each
    return False


def _pattern(path: str) -> Glob:
    return Glob(home_directory(os.environ) + path[1:] if path[0] == "~" else path)
