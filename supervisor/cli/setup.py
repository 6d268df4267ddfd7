"""`nono setup --check`: what this machine's kernel gives, and what is missing."""

from __future__ import annotations

import importlib
import os
import shlex
import sys

import click

from nono.supervisor import exit_status
from nono.supervisor.cli.elsewhere import differences
from nono.supervisor.cli.kept_modules import KeptModules
from nono.supervisor.cli.messages import tell
from nono.supervisor.cli.options import platform_option
from nono.supervisor.errors import UsageError
from nono.supervisor.finding import Finding
from nono.supervisor.places import platform as here
from nono.supervisor.session.loaded import load_everything, load_what_plans

_A_START = "nono.supervisor.session.prepare"
"""A module that is kept where those of a run are."""


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

        findings = [*examine(), _kept_modules()]
    else:
        from nono.supervisor.linux.machine_check import examine
        from nono.supervisor.linux.trial import try_out

        findings = [*examine(), _kept_modules(), *try_out()]
    for finding in findings:
        mark = "ok " if finding.good else "NO " if finding.needed else "-  "
        click.echo(f"{mark} {finding.what}: {finding.found}")
        if finding.cost:
            click.echo(f"     {finding.cost}")
    works = all(finding.good or not finding.needed for finding in findings)
    click.echo(f"nono run {'works' if works else 'does not work fully'} on this machine")
    ctx.exit(exit_status.of_answer(works))


def _load_what_runs_load() -> None:
    """So that it is kept: not to be used here."""
    load_everything()
    load_what_plans()
    # The rest of what a run needs stands above this one.
    importlib.import_module("nono.supervisor.cli.supervise")


def _kept_modules() -> Finding:
    """Whether a start finds its modules in one file. Whoever may write that has it full by this."""
    what = "modules of a start in one file"
    kept = next((each for each in sys.meta_path if isinstance(each, KeptModules)), None)
    if kept is not None and kept.may_be_written():
        _load_what_runs_load()
        return Finding(what, "yes", good=True, needed=False)
    if kept is not None and _A_START in kept.entries and not kept.is_stale:
        return Finding(what, "yes", good=True, needed=False)
    owner = os.stat(__file__).st_uid
    if kept is None or owner == os.geteuid():
        cost = "a start takes a third longer where Python may keep no compiled modules"
    else:
        command = f"sudo -u '#{owner}' {shlex.quote(os.path.realpath(sys.argv[0]))} setup --check"
        cost = f"a start takes a third longer until the owner of nono's files ran: {command}"
    return Finding(what, "no", good=False, cost=cost, needed=False)
