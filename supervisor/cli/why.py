"""`nono why`: whether something would be allowed, by which rule, and who enforces it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from nono.broker import (
    TLS_PORT,
    Access,
    Allow,
    Connect,
    ConnectHost,
    Execute,
    Explanation,
    InvalidHost,
    Mode,
    Open,
    Operation,
    PathChange,
    Request,
    Rule,
    canonical_host,
    destination,
    explain,
    visible,
)
from nono.broker.requests import NOBODY
from nono.supervisor import exit_status
from nono.supervisor.cli.help import PolicyCommand
from nono.supervisor.cli.messages import say_notes
from nono.supervisor.cli.options import platform_option, policy_options, project_option
from nono.supervisor.cli.project import project_of
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.errors import UsageError
from nono.supervisor.network.hosts_file import of_this_machine
from nono.supervisor.places import planned_for
from nono.supervisor.places import platform as here
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import to_options
from nono.supervisor.planning.plan import Plan
from nono.supervisor.walk import way

_OTHERWISE = "Seatbelt cannot tell it from what is decided otherwise, or needs it for every program"
_OPEN_NETWORK = (
    "macOS opens every address where the network is open: name the hosts, and it does not"
)
_PROXY = "proxy of nono's"
_MAX_DIGITS = 5
_SEATBELT = "kernel, by Seatbelt"
_OPERATIONS = ("read", "write", "create", "execute")


@click.command(cls=PolicyCommand)
@click.argument("object_", metavar="[PATH|HOST]", required=False)
@click.option("--path", metavar="PATH", help="The file or directory.")
@click.option("--op", type=click.Choice(_OPERATIONS), help="What to do with it: read, if not said.")
@click.option("--host", metavar="HOST", help="The host to connect to: a name or an address.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="PORT", help="443, if not said.")
@click.option("--last", is_flag=True, help="What the last run was refused, from its audit.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.option("--command", metavar="COMMAND", help="The program that would be run.")
@click.option("-v", "--verbose", is_flag=True, help="With --last: all of it.")
@platform_option
@project_option
@policy_options
@click.pass_context
def why(
    ctx: click.Context,
    /,
    object_: str | None,
    path: str | None,
    op: str | None,
    host: str | None,
    port: int | None,
    last: bool,
    as_json: bool,
    command: str | None,
    verbose: bool,
    platform: str | None,
    **values: Any,
) -> None:
    """Explain what `nono run` with the same options would decide. Exit 0 allowed, 1 denied.

    Of a PATH, or of a HOST: what has a slash, is there, or begins with ~ or a dot is a path.

    With --last: what the last run was refused, whatever the options. Exit 0 nothing.
    """
    if object_ is not None and path is None and host is None and not last:
        path, host = _meant(object_, port, os.path.expanduser(values["workdir"] or ""))
    elif object_ is not None:
        _check_question("", op, "", port, last)
    _check_question(path, op, host, port, last)
    if last:
        ctx.exit(_about_last_run(as_json, verbose))
    with planned_for(platform or here()):
        argv = [command] if command else []
        plan = make_plan(to_options(values), argv, project=project_of(argv, values))
        say_notes(plan.notes)
        made = complete(plan)
        if host is not None:
            answer = _about_host(made, host, port or TLS_PORT)
        else:
            answer = _about_path(plan, made, path or "", op or "read")
        if (platform or here()) == "macos":
            answer = _on_macos(answer, made)
        elif plan.by_proxy and _is_of_host(answer.request):
            answer = replace(answer, layer=_PROXY)
    click.echo(_json(answer) if as_json else _text(answer))
    ctx.exit(exit_status.of_answer(answer.allowed))


@dataclass(frozen=True, slots=True)
class _Answer:
    """`target` is the object of the question, resolved; `layer` enforces the answer."""

    target: str
    allowed: bool
    rule: Rule
    explanation: Explanation
    considered: Sequence[Rule]
    request: Request
    layer: str


def explained(
    plan: Plan, path: str = "", op: str = "read", host: str = "", port: int = TLS_PORT
) -> str:
    """What a run of this plan would decide on a path, or on a host, in words. Raises UsageError."""
    if op not in _OPERATIONS:
        raise UsageError(f"{op[:80]!r} is none of {', '.join(_OPERATIONS)}")
    made = complete(plan)
    answer = _about_host(made, host, port) if host else _about_path(plan, made, path, op)
    return _text(answer)


def _meant(object_: str, port: int | None, workdir: str) -> tuple[str | None, str | None]:
    """The path or the host that somebody named without saying which.

    What is there, in the working directory, is a path. Raises UsageError where it may be either.
    """
    is_path = "/" in object_ or object_[:1] in ("~", ".")
    if "://" in object_:
        host = object_.partition("://")[2].partition("/")[0]
        raise UsageError(f"{object_}: a URL is no host", f"nono why --host {shlex.quote(host)}")
    if is_path or (port is None and os.path.lexists(os.path.join(workdir, object_))):
        return object_, None
    if "." in object_.strip(".") or ":" in object_ or port is not None:
        return None, object_
    raise UsageError(f"{object_}: a path or a host?", f"nono why --path {shlex.quote(object_)}")


def _check_question(
    path: str | None, op: str | None, host: str | None, port: int | None, last: bool
) -> None:
    if (path is not None) + (host is not None) + last != 1:
        raise UsageError("say what to explain: one of --path, --host and --last", "nono why --help")
    if host is None and port is not None:
        raise UsageError("--port belongs to --host", "nono why --host api.example.org --port 443")
    if path is None and op is not None:
        raise UsageError("--op belongs to --path", "nono why --path . --op write")


def _about_last_run(as_json: bool, verbose: bool) -> int:
    """The report of the last run once more; the exit code."""
    from nono.supervisor.audit.last_run import asked, exchanges, recorded
    from nono.supervisor.audit.reader import Session
    from nono.supervisor.audit.sessions import find_session
    from nono.supervisor.credentials.usage import usage_of
    from nono.supervisor.report import asked as asking
    from nono.supervisor.report import run as report

    session = Session(find_session(os.environ, "last"))
    decisions, usage = recorded(session), usage_of(exchanges(session))
    program = session.program()
    workdir = program.cwd if program else ""
    if as_json:
        answers = asking.as_json(asked(session))
        click.echo(report.as_json(decisions, usage=usage, workdir=workdir, asked=answers))
    else:
        command = shlex.join(program.argv) if program else "(nothing was run)"
        click.echo(f"session {session.name}: {visible(command)}")
        lines = report.text(decisions, usage, workdir, report.How(verbose))
        lines = lines or ["nothing was refused"]
        click.echo("\n".join([*asking.text(asked(session)), *lines]))
    return exit_status.of_answer(not decisions.denials.all())


def _is_of_host(request: Request) -> bool:
    return isinstance(request, ConnectHost | Connect)


def _on_macos(answer: _Answer, made: Complete) -> _Answer:
    """The same question where Seatbelt answers: of a path it says what the profile does."""
    if _is_of_host(answer.request):
        return _of_host_on_macos(answer, made.policy.network.mode)
    from nono.supervisor.cli.elsewhere import seatbelt

    held = seatbelt(made)
    request, allowed = held.on_disk(answer.request), held.allows(answer.request)
    answer = replace(answer, layer=_SEATBELT)
    if allowed == answer.allowed:
        return answer
    verdict = held.policy.decide(request)
    if isinstance(verdict, Allow) is not allowed:
        explanation = replace(answer.explanation, reason=_OTHERWISE, fix=())
        return replace(answer, allowed=allowed, explanation=explanation)
    explanation = explain(held.policy, request, verdict)
    considered = held.policy.considered(request)
    return replace(
        answer,
        allowed=allowed,
        rule=verdict.rule,
        explanation=replace(explanation, summary=answer.explanation.summary),
        considered=considered,
    )


def _of_host_on_macos(answer: _Answer, mode: Mode) -> _Answer:
    """The kernel there knows no hosts: it opens all of them, none, or the proxy."""
    if mode is Mode.FILTERED:
        return replace(answer, layer=_PROXY)
    if mode is Mode.UNRESTRICTED and not answer.allowed:
        explanation = replace(answer.explanation, reason=_OPEN_NETWORK, fix=())
        answer = replace(answer, allowed=True, explanation=explanation)
    return replace(answer, layer=_SEATBELT)


def _about_path(plan: Plan, made: Complete, path: str, op: str) -> _Answer:
    from nono.supervisor.report.surroundings import around

    run = made.decisions()
    names: list[str] = []
    target = way(os.path.join(plan.workdir, os.path.expanduser(path)), names).end
    request = _request(op, target)
    if isinstance(request, Open):
        named = run.refused_name(NOBODY, names, request.access)
        request, target = (request, target) if named is None else (named, named.path)
    request, verdict = run.verdict(request)
    allowed = isinstance(verdict, Allow) and (
        op != "execute" or run.floor_covers(target, Access.EXECUTE)
    )
    explanation = explain(
        run.policy, request, verdict, around=around(request, plan.workdir), floor=run.floor
    )
    considered = run.policy.considered(request)
    layer = explanation.layer
    return _Answer(target, allowed, verdict.rule, explanation, considered, request, layer)


def _about_host(made: Complete, host: str, port: int) -> _Answer:
    """By name alone: where the name leads to is decided again at each connection.

    One that the machine's own hosts file has for loopback means a port of this machine.
    """
    if destination(host) is None:
        try:
            host = canonical_host(host)
        except InvalidHost as error:
            raise UsageError(f"--host: {error.message}", _with_port(host)) from None
    run = made.decisions()
    local = () if run.policy.network.restricts_host(host) else of_this_machine(host)
    asked = Connect(NOBODY, local[0], port) if local else ConnectHost(NOBODY, host, port)
    request, verdict = run.verdict(asked)
    explanation = explain(run.policy, request, verdict)
    return _Answer(
        f"{host} port {port}",
        isinstance(verdict, Allow),
        verdict.rule,
        explanation,
        run.policy.considered(request),
        request,
        explanation.layer,
    )


def _with_port(host: str) -> str:
    """How somebody asks who has written HOST:PORT; else an example."""
    name, _, port = host.rpartition(":")
    if not (name and port.isdecimal() and len(port) <= _MAX_DIGITS):
        name, port = "api.example.org", "443"
    return f"nono why --host {shlex.quote(name.strip('[]'))} --port {port}"


def _request(op: str, path: str) -> Request:
    if op == "execute":
        return Execute(NOBODY, path)
    if op == "create" or (op == "write" and not os.path.lexists(path)):
        return PathChange(NOBODY, Operation.CREATE, path)
    return Open(NOBODY, path, Access.READ if op == "read" else Access.WRITE)


def _text(answer: _Answer) -> str:
    explanation = answer.explanation
    lines = [
        f"{'allowed' if answer.allowed else 'denied'}: {explanation.summary}",
        f"  why: {explanation.reason}",
        f"  rule: {visible(str(answer.rule.origin))}",
        f"  enforced by: the {answer.layer}",
    ]
    lines += [f"  considered: {_words(other)}" for other in answer.considered]
    if explanation.fix:
        lines.append(f"hint: {shlex.join(explanation.fix)}")
    return "\n".join(lines)


def _words(rule: Rule) -> str:
    return f"{rule.effect} {visible(rule.pattern.spelled)} ({visible(str(rule.origin))})"


def _json(answer: _Answer) -> str:
    explanation = answer.explanation
    return json.dumps(
        {
            "allowed": answer.allowed,
            "object": visible(answer.target, limit=8192),
            "summary": explanation.summary,
            "reason": explanation.reason,
            "rule": str(answer.rule.origin),
            "layer": answer.layer,
            "fix": list(explanation.fix),
            "considered": [_words(other) for other in answer.considered],
        }
    )
