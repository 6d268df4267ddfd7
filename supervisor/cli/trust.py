"""`nono trust`: a person reads what a project's or a script's file would open, and accepts it."""

from __future__ import annotations

import difflib
import os
import shlex
import stat
import sys
import termios
from collections.abc import Iterator
from typing import NoReturn

import click

from nono.broker import OriginKind, visible
from nono.broker.caches import caches
from nono.broker.rules.rule import Rule
from nono.supervisor import exit_status
from nono.supervisor.cli.messages import SHOWING, say, tell
from nono.supervisor.errors import UsageError, look_near
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.paths.workdir import PROJECT_FILE
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.projects.accepted import accept, digest, every, forget
from nono.supervisor.planning.projects.project_file import Found, Project
from nono.supervisor.planning.projects.projects import look
from nono.supervisor.report.plan import access_of, of_caches, of_network

_MAX_LINE = 1000
_MAX_DIFFERENCE = 40
_STDIN, _STDOUT = 0, 1


@click.command()
@click.option("--accept", "accepted", metavar="DIGEST", help="Accept it if it is what has DIGEST.")
@click.option("--forget", "forgets", is_flag=True, help="Accept nothing of FILE any more.")
@click.option("--known", "lists", is_flag=True, help="List the files of which something counts.")
@click.argument("file", metavar="[FILE]", required=False)
@click.pass_context
def trust(
    ctx: click.Context, /, accepted: str | None, forgets: bool, lists: bool, file: str | None
) -> None:
    """Show what [tool.nono] of FILE would open, and ask whether runs may go by it.

    FILE is a pyproject.toml, which counts in its own directory, or a script with inline metadata
    (PEP 723); the pyproject.toml of the working directory, if not said. What is accepted counts for
    you, for this path, and until the file says something else. Exit 1 when it is not accepted.

    For scripts: without a terminal nothing is asked, and the last line is the DIGEST for --accept.
    """
    if lists:
        known = [visible(each.path, limit=_MAX_LINE) for each in every(os.environ)]
        tell(known or ["no file is accepted"])
        return
    path = os.path.abspath(os.path.expanduser(file or PROJECT_FILE))
    found = look(path, os.environ)
    if forgets:
        had = found is not None and forget(found.project.path, os.environ)
        tell(["forgotten" if had else "nothing of it was accepted"])
        ctx.exit(exit_status.of_answer(had))
    if found is None and not os.path.exists(path):
        raise UsageError(f"{path}: No such file or directory", look_near(path))
    if found is None or not found.project.text:
        raise UsageError(f"{path} has no [tool.nono]", _how_to_forget(found))
    ctx.exit(exit_status.of_answer(_accepted(found, accepted)))


def _how_to_forget(found: Found | None) -> str:
    path = None if found is None else found.project.path
    return "nono trust FILE" if path is None else f"nono trust --forget {shlex.quote(path)}"


def _accepted(found: Found, expected: str | None) -> bool:
    """Whether runs may go by it, by what was accepted before or a person says now."""
    project = found.project
    whole = digest(project.path, project.text)
    if expected is not None and expected != whole:
        raise UsageError(
            f"{project.path} is not what has that digest", f"nono trust {shlex.quote(project.path)}"
        )
    # Also for what was accepted: what may never be opened is said here, and nothing is kept.
    opened = list(_opened(project))
    if expected is None:
        _show(found, opened)
        if found.is_accepted:
            tell(["this was accepted already"])
            return True
        if not _says_yes():
            tell([f"not accepted: nono trust --accept {whole} {shlex.quote(project.path)}"])
            return False
    accept(project.path, project.text, os.environ)
    tell(["accepted"])
    return True


def _says_yes() -> bool:
    """Ask on the terminal; no where there is none."""
    if not (os.isatty(_STDIN) and os.isatty(_STDOUT)):
        return False
    # What was typed before this was read is no answer to it.
    termios.tcflush(_STDIN, termios.TCIFLUSH)
    return click.confirm("May runs go by this?", default=False)


def _show(found: Found, opened: list[str]) -> None:
    """All of it: what the file says, what is new in that, what it opens."""
    if os.isatty(_STDOUT) and os.environ.get("TERM", "") not in ("", "dumb"):
        # A program may have left the terminal so that no text shows.
        sys.stdout.write(SHOWING)
    lines = [f"{each}" for each in found.project.text.splitlines()]
    told = [f"{found.project.path} has in [tool.nono]:", "", *(f"  {line}" for line in lines), ""]
    if found.accepted is not None and not found.is_accepted:
        told += ["beside what was accepted before:", "", *_difference(found), ""]
    told += ["a run would get, besides what every run has:", "", *opened, ""]
    tell([*map(_plain, told), *map(_plain, _oddities(found.project.path))])


def _plain(line: str) -> str:
    """With nothing but ASCII in it: a letter of another alphabet looks like one of ours."""
    return visible(line, limit=_MAX_LINE).encode("ascii", "backslashreplace").decode()


def _difference(found: Found) -> list[str]:
    before, after = (found.accepted or "").splitlines(), found.project.text.splitlines()
    lines = list(difflib.unified_diff(before, after, "accepted", "now", lineterm="", n=1))
    return [f"  {line}" for line in lines]


def _opened(project: Project) -> Iterator[str]:
    """What the settings come to here, a line each. Raises ProfileError for what is never opened."""
    workdir = os.path.dirname(project.path)
    plan = make_plan(Options(workdir=workdir), project=project)
    own = [rule for rule in plan.policy.rules if rule.origin.kind is OriginKind.PROFILE]
    yield f"  working directory, here: {workdir}"
    yield from (f"  {_words(rule)}" for rule in own)
    yield from (f"  {line}" for line in of_network(plan, plan.policy.network, short=True))
    if plan.caches is not None:
        lines = of_caches(plan.environment, plan.caches.directory, short=True)
        yield from (f"  {line}" for line in lines)
    yield from (f"  variable {name}={value}" for name, value in _own_variables(plan))
    if plan.environment.only:
        yield f"  of the environment only: {', '.join(plan.environment.only)}"
    if plan.ask:
        yield "  a person is asked about what no rule decides"
    yield from (f"  note: {note}" for note in plan.notes)


def _own_variables(plan: Plan) -> Iterator[tuple[str, str]]:
    """But for those of the sandbox's own caches, with the values that these have in every run."""
    directory = None if plan.caches is None else plan.caches.directory
    for name, value in plan.environment.set:
        known = caches().get(name) if directory else None
        usual = known and known.value(directory or "", os.environ.get(name, ""))
        if value != usual:
            yield name, value


def _words(rule: Rule) -> str:
    path = getattr(rule.pattern, "path", rule.pattern.spelled)
    return f"{rule.effect} {access_of(rule)}: {path}  [{rule.origin.name}]"


def _oddities(path: str) -> Iterator[str]:
    state = os.stat(path, follow_symlinks=False)
    if state.st_uid not in (0, os.geteuid()):
        yield f"note: it belongs to user {state.st_uid}, and is looked at again before each run"
    elif state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        yield "note: others may write it; it is looked at again before each run"


def refuse(found: Found) -> NoReturn:
    """Say that a run does not go by what nobody accepted. Raises UsageError."""
    path = found.project.path
    if found.accepted is None:
        what = f"{path} has a [tool.nono] that nobody accepted"
    elif found.project.text:
        say([f"nono: {_plain(line)}" for line in _difference(found)[:_MAX_DIFFERENCE]])
        what = f"[tool.nono] of {path} is not what was accepted"
    else:
        what = f"[tool.nono] of {path}, which was accepted, is gone"
    how = shlex.quote(path)
    first = f"nono trust {how}" if found.project.text else f"nono trust --forget {how}"
    raise UsageError(f"{what}: nothing was run, and --no-project runs without it", first)
