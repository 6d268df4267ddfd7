"""`nono audit`: what earlier runs were allowed and refused."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from nono.broker import Origin, Request, singly, visible
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.audit.chain_reading import Ending
from nono.broker.audit.records import (
    Decision,
    End,
    Exchange,
    Exit,
    Limited,
    Program,
    Record,
    Start,
    Summed,
    Unresolved,
)
from nono.broker.explaining.explain import summary
from nono.broker.settings import flag
from nono.supervisor import exit_status
from nono.supervisor.audit.reader import Session, Summary, local_time
from nono.supervisor.audit.sessions import clean_up, find_session, find_sessions
from nono.supervisor.cli.audit_lines import lines
from nono.supervisor.cli.listing import json_option, print_json
from nono.supervisor.cli.options import policy_options
from nono.supervisor.cli.section import Section
from nono.supervisor.errors import AuditError
from nono.supervisor.planning.options import to_options
from nono.supervisor.report.asked import answer_fields

_KEPT = 20
_MAX_JSON = 8192


if TYPE_CHECKING:
    from nono.supervisor.planning.plan import Plan


@click.group(cls=Section)
def audit() -> None:
    """Look at what earlier runs were allowed and refused.

    SESSION is a name that `nono audit list` shows, a beginning of one, or `last`.
    """


def _session_argument(function: Callable[..., None]) -> Callable[..., None]:
    return click.argument("name", metavar="SESSION", default="last")(function)


_COLUMNS = "{}  {:8} {:>7}  {}"


def _found(name: str) -> Session:
    return Session(find_session(os.environ, name))


@audit.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the sessions that are kept, the last one at the end."""
    if as_json:
        every = [(each, each.summary()) for each in map(Session, find_sessions(os.environ))]
        print_json({"session": each.name, **_plain(told)} for each, told in every)
        return
    sessions = [*map(Session, find_sessions(os.environ))]
    if sessions:
        click.echo(
            _COLUMNS.format("SESSION".ljust(len(sessions[0].name)), "STATE", "RECORDS", "COMMAND")
        )
    for session in sessions:
        found = session.summary()
        command = visible(shlex.join(found.argv)) if found.argv else "(nothing was recorded)"
        click.echo(_COLUMNS.format(session.name, found.state, found.records, command))


def _plain(found: Summary) -> dict[str, object]:
    return {"state": found.state, "records": found.records, "argv": found.argv}


@audit.command()
@_session_argument
@click.option("--refused", is_flag=True, help="Only what was refused.")
def show(name: str, refused: bool) -> None:
    """Show every record of a session."""
    for number, time, words in lines(_found(name).records(), refused):
        click.echo(f"{number:6} {local_time(time)} {words}")


@audit.command()
@_session_argument
@click.pass_context
def verify(ctx: click.Context, /, name: str) -> None:
    """Check that nothing in a session was changed, removed or moved. Exit 0 intact, 1 not."""
    session = _found(name)
    found = session.verify()
    ending = "nono still runs" if _runs(session, found.ending) else found.ending.value
    click.echo(f"{session.name}: {found.count} records: {ending}")
    if found.damage:
        click.echo(f"  {found.damage}")
    click.echo(f"  SHA-256 of the last good record: {found.digest.hex()}")
    ctx.exit(exit_status.of_answer(found.is_intact))


def _runs(session: Session, ending: Ending) -> bool:
    return ending is Ending.OPEN and session.summary().state == "running"


@audit.command()
@_session_argument
@click.option("--json", "as_json", is_flag=True, default=True, help="As lines of JSON: always.")
def export(name: str, as_json: bool) -> None:
    """Print every record of a session, one line of JSON each."""
    for number, record in _found(name).records():
        click.echo(json.dumps({"number": number, **_fields(record)}))


@audit.command()
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=_KEPT,
    show_default=True,
    metavar="NUMBER",
    help="How many of the last sessions to keep.",
)
def cleanup(keep: int) -> None:
    """Remove old sessions. One that still runs stays."""
    removed = clean_up(os.environ, keep)
    click.echo(f"{removed} session{'' if removed == 1 else 's'} removed (--keep {keep})")


@audit.command()
@_session_argument
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.option(
    "--questions", is_flag=True, help=f"Show what {flag('ask')} would have asked, instead."
)
@policy_options
@click.pass_context
def replay(ctx: click.Context, /, name: str, as_json: bool, questions: bool, **values: Any) -> None:
    """Decide every recorded request again, under the policy of these options.

    Shows what would be refused that was allowed, and the other way round. Exit 0 no change, 1 a
    change.
    """
    from nono.supervisor.audit import replay as replaying
    from nono.supervisor.planning.make_plan import make_plan
    from nono.supervisor.report import replay as shown

    session = _found(name)
    program = session.program()
    if program is None:
        raise AuditError(f"session {session.name}: nothing was run in it", "nono audit list")
    checked = session.verify()
    if not checked.is_intact:
        hint = f"nono audit verify {session.name}"
        raise AuditError(f"session {session.name}: {checked.damage}", hint)
    if values["workdir"] is None:
        values["workdir"] = program.cwd
    plan = make_plan(to_options(values), program.argv)
    if questions:
        ctx.exit(_count_questions(session, plan, as_json))
    result = replaying.replay(session, plan)
    for line in [shown.as_json(result)] if as_json else shown.text(result):
        click.echo(line)
    ctx.exit(exit_status.of_answer(result.is_same))


def _count_questions(session: Session, plan: Plan, as_json: bool) -> int:
    """What would have been asked; the exit code."""
    from nono.supervisor.asking.opening import place_of
    from nono.supervisor.asking.waiting.answered import asked
    from nono.supervisor.audit.questions import questions

    found = [asked(each) for each in questions(session, plan, place_of(plan))]
    if as_json:
        click.echo(json.dumps({"questions": found, "count": len(found)}))
    else:
        number = len(found)
        click.echo("\n".join([f"{number} {'question' if number == 1 else 'questions'}", *found]))
    return exit_status.of_answer(not found)


def _fields(record: Record) -> dict[str, object]:
    """A record for programs. Text of the sandbox is escaped, as in every report."""
    head: dict[str, object] = {"kind": type(record).__name__.lower(), "time_ns": record.time}
    match record:
        case Start(_, nono, tmpdir, policy):
            rules = [
                {
                    "effect": rule.effect.value,
                    "pattern": _safe(rule.pattern.spelled),
                    "origin": _safe(str(rule.origin)),
                }
                for rule in singly((*policy.rules, *policy.network.rules))
            ]
            return {**head, "nono": _safe(nono), "tmpdir": _safe(tmpdir), "rules": rules}
        case Program(_, argv, cwd):
            return {**head, "argv": [_safe(word) for word in argv], "cwd": _safe(cwd)}
        case Exit(_, status):
            code = None if status is None else os.waitstatus_to_exitcode(status)
            return {**head, "returncode": code}
        case Limited(_, name, words):
            return {**head, "limit": _safe(name), "summary": _safe(words)}
        case Decision(_, request, effect, number, origin, decided, native, _):
            return {
                **head,
                "pid": request.process.pid,
                "exe": _safe(request.process.exe),
                "argv": [_safe(word) for word in request.process.argv],
                "request": _request(request),
                "effect": effect.value,
                "errno": number,
                "rule": None if origin is None else _safe(str(origin)),
                "decided": None if decided is None else _request(decided),
                "layer": "kernel floor" if native else "broker",
            }
        case Unresolved(_, host, why):
            return {**head, "host": _safe(host), "why": _safe(why)}
        case Exchange(_, service, method, path, status, sent, received, reason):
            return {
                **head,
                "service": _safe(service),
                "method": _safe(method),
                "path": _safe(path),
                "status": status,
                "sent": sent,
                "received": received,
                "reason": _safe(reason),
            }
        case Answered():
            return {**head, **answer_fields(record)}
        case Changed(_, deed, person, what, origin):
            names = [_safe(each) for each in what]
            return {**head, "deed": deed, "person": _safe(person), "what": names, **_rule(origin)}
        case Summed(_, kind, count):
            return {**head, "what": _safe(kind), "count": count}
        case End(_, count):
            return {**head, "count": count}


def _rule(origin: Origin) -> dict[str, object]:
    return {"rule": _safe(str(origin))}


def _request(request: Request) -> dict[str, object]:
    fields = {
        name: value if isinstance(value, bool | int) or value is None else _safe(str(value))
        for name in request.__slots__
        if name != "process"
        for value in [getattr(request, name)]
    }
    return {"kind": type(request).__name__, **fields, "summary": summary(request)}


def _safe(text: str) -> str:
    return visible(text, limit=_MAX_JSON)
