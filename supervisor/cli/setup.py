"""`nono setup --check`: what this machine's kernel gives, and what is missing."""

from __future__ import annotations

import sys

import click

from nono.supervisor import exit_status
from nono.supervisor.cli.elsewhere import differences
from nono.supervisor.cli.messages import tell
from nono.supervisor.cli.options import platform_option
from nono.supervisor.errors import UsageError
from nono.supervisor.places import platform as here


@click.command()
@click.option("--check", is_flag=True, help="Say what this machine offers; changes nothing.")
@platform_option
@click.pass_context
def setup(ctx: click.Context, check: bool, platform: str | None) -> None:
    """Look at this machine. Exit 0 only if `nono run` can work fully.

    Of another platform it says what a sandbox is like there, and looks at nothing.
    """
    if not check:
        raise UsageError("nothing to do", "nono setup --check")
    if (platform or here()) == "macos":
        tell(differences())
        if here() != "macos":
            ctx.exit(exit_status.SUCCESS)
    if sys.platform == "darwin":
        from nono.supervisor.macos.machine_check import examine

        findings = list(examine())
    else:
        from nono.supervisor.linux.machine_check import examine
        from nono.supervisor.linux.trial import try_out

        findings = [*examine(), *try_out()]
    for finding in findings:
        mark = "ok " if finding.good else "NO " if finding.needed else "-  "
        click.echo(f"{mark} {finding.what}: {finding.found}")
        if finding.cost:
            click.echo(f"     {finding.cost}")
    works = all(finding.good or not finding.needed for finding in findings)
    click.echo(f"nono run {'works' if works else 'does not work fully'} on this machine")
    ctx.exit(exit_status.of_answer(works))
