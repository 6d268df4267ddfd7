"""`nono why`: whether something would be allowed, by which rule, and who enforces it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from nono.broker import (
    Access,
    Allow,
    Execute,
    Explanation,
    Open,
    Operation,
    PathChange,
    Request,
    Rule,
    explain,
    floor_exclude,
    visible,
)
from nono.supervisor.caller import Caller
from nono.supervisor.kernel_mounts import refuse_kernel_mounts
from nono.supervisor.options import policy_options, to_options
from nono.supervisor.plan import Plan, canonical, make_plan
from nono.supervisor.ruleset import RealTree

_DENIED = 1
_OPERATIONS = ("read", "write", "execute")


@click.command()
@click.option("--path", required=True, metavar="PATH", help="The file or directory.")
@click.option("--op", type=click.Choice(_OPERATIONS), default="read", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.option("--command", metavar="COMMAND", help="The program that would be run.")
@policy_options
@click.pass_context
def why(
    ctx: click.Context, /, path: str, op: str, as_json: bool, command: str | None, **values: Any
) -> None:
    """Explain what `nono run` with the same options would decide. Exit 0 allowed, 1 denied."""
    plan = make_plan(to_options(values), [command] if command else [])
    plan = replace(plan, policy=refuse_kernel_mounts(plan.policy))
    target = canonical(os.path.join(plan.workdir, os.path.expanduser(path)))
    request = _request(op, target)
    verdict = plan.policy.decide(request)
    floor = plan.policy.floor(RealTree(), floor_exclude())
    explanation = explain(
        plan.policy, request, verdict, directory=os.path.isdir(target), floor=floor
    )
    considered = plan.policy.considered(request)
    allowed = isinstance(verdict, Allow) and (
        op != "execute" or floor.covers(target, Access.EXECUTE)
    )
    show = _json if as_json else _text
    click.echo(show(plan, target, allowed, verdict.rule, explanation, considered))
    ctx.exit(0 if allowed else _DENIED)


def _request(op: str, path: str) -> Request:
    process = Caller(os.getpid(), 0)
    if op == "execute":
        return Execute(process, path)
    if op == "write" and not os.path.lexists(path):
        return PathChange(process, Operation.CREATE, path)
    return Open(process, path, Access.READ if op == "read" else Access.WRITE)


def _text(
    plan: Plan,
    target: str,
    allowed: bool,
    rule: Rule,
    explanation: Explanation,
    considered: Sequence[Rule],
) -> str:
    lines = [
        f"{'allowed' if allowed else 'denied'}: {explanation.summary}",
        f"  why: {explanation.reason}",
        f"  rule: {visible(str(rule.origin))}",
        f"  enforced by: the {explanation.layer}",
    ]
    lines += [f"  considered: {_words(other)}" for other in considered]
    if explanation.fix:
        lines.append(f"hint: {shlex.join(explanation.fix)}")
    return "\n".join(lines)


def _words(rule: Rule) -> str:
    return f"{rule.effect} {visible(rule.pattern.spelled)} ({visible(str(rule.origin))})"


def _json(
    plan: Plan,
    target: str,
    allowed: bool,
    rule: Rule,
    explanation: Explanation,
    considered: Sequence[Rule],
) -> str:
    return json.dumps(
        {
            "allowed": allowed,
            "object": visible(target, limit=8192),
            "summary": explanation.summary,
            "reason": explanation.reason,
            "rule": str(rule.origin),
            "layer": explanation.layer,
            "fix": list(explanation.fix),
            "considered": [_words(other) for other in considered],
        }
    )
