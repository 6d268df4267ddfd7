"""`nono run` and `nono shell`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nono.supervisor.errors import UsageError
from nono.supervisor.messages import say
from nono.supervisor.options import policy_options, to_options
from nono.supervisor.plan import Plan, make_plan

if TYPE_CHECKING:
    from nono.supervisor.enforcement import Enforcement
    from nono.supervisor.prepare import Prepared
    from nono.supervisor.session import Session

_SHORT_SECONDS = 0.1

_RUN_OPTIONS = (
    click.option("--dry-run", is_flag=True, help="Show the policy and run nothing."),
    click.option(
        "--best-effort", is_flag=True, help="Run even if this kernel cannot enforce everything."
    ),
    click.option(
        "--floor-only", is_flag=True, help="Run without the broker: inside another sandbox."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the report as JSON, on stderr."),
    click.option("-v", "--verbose", is_flag=True, help="Say what is set up and what is left out."),
    click.option("-q", "--quiet", is_flag=True, help="Print no report."),
)


def _run_options(function: Any) -> Any:
    for option in reversed(_RUN_OPTIONS):
        function = option(function)
    return policy_options(function)


@click.command(context_settings={"allow_interspersed_args": False})
@_run_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, /, command: tuple[str, ...], **values: Any) -> None:
    """Run COMMAND in a sandbox.

    It may read the system and its own interpreter, and what the options allow.
    """
    if not command:
        raise UsageError("no command to run", "nono run --allow-cwd -- python3 my_script.py")
    ctx.exit(_run(command, values))


@click.command()
@_run_options
@click.pass_context
def shell(ctx: click.Context, /, **values: Any) -> None:
    """Start your shell in a sandbox."""
    ctx.exit(_run((os.environ.get("SHELL") or "/bin/sh",), values))


def _run(argv: Sequence[str], values: dict[str, Any]) -> int:
    plan = make_plan(to_options(values), argv)
    if values["dry_run"]:
        from nono.supervisor.dry_run import describe

        print("\n".join(describe(plan, argv)))
        return 0
    return _supervise(plan, argv, values)


def _supervise(plan: Plan, argv: Sequence[str], values: dict[str, Any]) -> int:
    """Start the program first and import the rest while it already runs."""
    from nono.supervisor import signals
    from nono.supervisor.launch import ForkHere, inherited_signals
    from nono.supervisor.prepare import prepare
    from nono.supervisor.session import inherited_streams, start

    streams = inherited_streams()
    prepared = prepare(
        plan.policy,
        best_effort=values["best_effort"],
        broker=not values["floor_only"],
        nameservers=plan.nameservers,
    )
    try:
        if values["verbose"]:
            _say_what_is_set_up(plan, prepared)
        environment = plan.environment.apply(os.environ)
        with contextlib.ExitStack() as at_the_end, signals.terminal_returned():
            inherited = inherited_signals()
            signals.block()
            session = start(
                prepared, argv, environment, plan.workdir, streams, ForkHere(), inherited
            )
            _raise_descriptor_limit()
            at_the_end.callback(lambda: _report(prepared.enforcement, session.faults, values))
            try:
                signals.forward_to(session.child_pidfd)
                return _exit_code(_wait(session))
            finally:
                session.close()
    finally:
        prepared.close()


def _raise_descriptor_limit() -> None:
    """To the hard limit, for what the program's calls need of us. It has started with its own."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _wait(session: Session) -> int:
    from nono.supervisor import signals

    def stopped() -> None:
        signals.program_stopped(session.child_pid, session.child_pidfd)

    if session.ends_within(_SHORT_SECONDS, stopped):
        return session.status
    import trio

    return trio.run(session.wait, stopped)


def _exit_code(status: int) -> int:
    """The program's exit status as a shell gives it: 128 + n for a signal."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _say_what_is_set_up(plan: Plan, prepared: Prepared) -> None:
    from nono.broker import visible

    floor = prepared.enforcement.floor
    dropped = plan.environment.dropped(os.environ)
    lines = [
        f"nono: {len(plan.policy.rules)} rules; {len(floor.rules)} of the kernel's own",
        f"nono: private TMPDIR {prepared.tmpdir}",
    ]
    if floor.carved:
        carved = ", ".join(visible(path) for path in sorted(floor.carved)[:10])
        lines.append(f"nono: decided call by call, since something inside is denied: {carved}")
    if dropped:
        lines.append(f"nono: variables not passed on: {', '.join(map(visible, dropped))}")
    say(lines)


def _report(enforcement: Enforcement, faults: Sequence[str], values: dict[str, Any]) -> None:
    from nono.supervisor import report

    if values["as_json"]:
        if not values["quiet"]:
            say([report.as_json(enforcement, faults)])
        return
    say(report.bug(faults))
    if not values["quiet"]:
        say(report.text(enforcement))
