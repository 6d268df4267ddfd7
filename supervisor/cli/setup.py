"""`nono setup --check`: what this machine's kernel gives, and what is missing."""

from __future__ import annotations

import click

from nono.supervisor import exit_status
from nono.supervisor.errors import UsageError


@click.command()
@click.option("--check", is_flag=True, help="Say what this machine offers; changes nothing.")
@click.pass_context
def setup(ctx: click.Context, check: bool) -> None:
    """Look at this machine. Exit 0 only if `nono run` can work fully."""
    if not check:
        raise UsageError("nothing to do", "nono setup --check")
    from nono.supervisor.linux.machine_check import examine
    from nono.supervisor.linux.trial import try_out

    findings = [*examine(), *try_out()]
    for finding in findings:
        click.echo(f"{'ok ' if finding.good else 'NO '} {finding.what}: {finding.found}")
        if finding.cost:
            click.echo(f"     {finding.cost}")
    works = all(finding.good or not finding.needed for finding in findings)
    click.echo(f"nono run {'works' if works else 'does not work fully'} on this machine")
    ctx.exit(exit_status.of_answer(works))
