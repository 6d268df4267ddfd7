"""`nono profile`: make profiles, look at them, compare them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import click

from nono.broker import Group, group, groups, visible
from nono.broker.errors import PolicyError, ProfileError
from nono.supervisor import exit_status
from nono.supervisor.cli.listing import json_option, print_json
from nono.supervisor.cli.messages import say_notes
from nono.supervisor.cli.options import platform_option
from nono.supervisor.cli.section import Section
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory, planned_for, profile_directory
from nono.supervisor.places import platform as here
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.paths.workdir import PROJECT_FILE
from nono.supervisor.planning.plan import Plan

_SUFFIX = ".json"
_SCRIPT = ".py"
_DEFAULT = "default"
_CLOSED = "(it cannot be read)"
_MISTAKEN = "(it has mistakes: nono profile validate)"
_UNREAD = (_CLOSED, _MISTAKEN)
_GROUP_LISTS = (
    "deny",
    "deny_write",
    "read",
    "read_file",
    "write",
    "readwrite",
    "create",
    "connect",
)
_START = """\
{
  // What the program may do. `nono profile schema --markdown` explains every key.
  "meta": {"name": %s},

  // The working directory: none, read, write or readwrite.
  "workdir": {"access": "readwrite"},

  // Named sets of paths: `nono profile groups` lists them.
  "groups": {"include": []},

  // Paths: allow, read, write, list for directories; allow_file, read_file, write_file;
  // deny, deny_write.
  "filesystem": {"read": [], "deny": ["**/.env"]},

  // Hosts. Empty: none. Without the key the network is open.
  "network": {"allow_domain": []}
}
"""


@click.group(cls=Section)
def profile() -> None:
    """Make profiles, look at them, compare them.

    PROFILE is a file, the name of one of yours, or the name of one that comes with nono. `default`
    is a run without a profile, with what was answered with "always" in this directory. A file may
    also be a pyproject.toml or a script that has a profile in [tool.nono].
    """


@profile.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Replace a profile of this name.")
def init(name: str, force: bool) -> None:
    """Write a profile to start from: NAME in your own directory, a file, or `-` for stdout."""
    from nono.supervisor.planning.profiles.profile_files import new_file

    text = _START % json.dumps(os.path.basename(name).removesuffix(_SUFFIX))
    if name == "-":
        click.echo(text, nl=False)
        return
    directory = profile_directory(os.environ, home_directory(os.environ))
    try:
        descriptor, path = new_file(name, directory, force)
    except FileExistsError as error:
        hint = f"nono profile init --force {name}"
        raise UsageError(f"{error.filename} is there already", hint) from None
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    click.echo(path)


@profile.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the profiles that can be named."""
    found = list(listed())
    if as_json:
        print_json(
            {"name": n, "place": p, "description": None if d in _UNREAD else d} for n, p, d in found
        )
        return
    for name, place, words in found:
        click.echo(f"{visible(name):16} {place:8}  {visible(words)}")


def listed() -> Iterator[tuple[str, str, str]]:
    """Name, place and description of each, or why it has none."""
    from nono.broker.profile.parse import parse
    from nono.supervisor.planning.profiles.profile_files import Profiles, is_built_in

    profiles = Profiles(os.environ, home_directory(os.environ))
    for name in profiles.names():
        try:
            source = profiles.load(name, None)
        except PolicyError:
            yield name, "own", _CLOSED
            continue
        try:
            meta = parse(source.file, source.data).profile.meta
            words = (meta.description or "") if meta else ""
            yield name, "built-in" if is_built_in(source.file) else "own", words
        except PolicyError:
            yield name, "own", _MISTAKEN


@profile.command()
@click.argument("name", metavar="PROFILE")
@click.option("--all", "everything", is_flag=True, help="Each rule of the groups, too.")
@click.option("--json", "as_json", is_flag=True, help="The profile with all that it extends.")
@platform_option
def show(name: str, everything: bool, as_json: bool, platform: str | None) -> None:
    """Show what a run with PROFILE goes by: what the profile says, and a line for each group."""
    if as_json:
        from nono.supervisor.planning.profiles.profile_files import Profiles

        merged = Profiles(os.environ, home_directory(os.environ)).resolve(name).profile()
        plain = merged.model_dump(mode="json", by_alias=True, exclude_none=True)
        click.echo(json.dumps(plain, indent=2))
        return
    from nono.supervisor.decisions.always import complete
    from nono.supervisor.report.plan import describe

    with planned_for(platform or here()):
        plan = _plan(name)
        say_notes(plan.notes)
        made = complete(plan)
        lines = describe(plan, made, verbose=everything, short=not everything, more="--all")
        click.echo("\n".join(lines))


@profile.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.pass_context
def diff(ctx: click.Context, /, first: str, second: str) -> None:
    """Say what B lets through that A does not, and the other way round. Exit 1 when they differ."""
    from nono.broker.explaining.difference import opened
    from nono.supervisor.planning.moved_caches import elsewhere

    # Each profile has its own caches: where they are is no difference.
    plans = [elsewhere(_plan(name), None) for name in (first, second)]
    differs = False
    for (one, before), (other, after) in (
        ((first, plans[0]), (second, plans[1])),
        ((second, plans[1]), (first, plans[0])),
    ):
        lines = [
            *opened(before.policy, after.policy),
            *_variables(before, after),
            *(["caches of the sandbox's own"] if after.caches and not before.caches else []),
        ]
        if lines:
            differs = True
            click.echo(f"{visible(other)} lets through what {visible(one)} does not:")
            click.echo("\n".join(f"  {visible(line, limit=1000)}" for line in lines))
    if not differs:
        click.echo("no difference")
    ctx.exit(exit_status.of_answer(not differs))


def _variables(before: Plan, after: Plan) -> Iterator[str]:
    """What of the environment only the second passes on."""
    passed = [plan.environment.apply(os.environ) for plan in (before, after)]
    for name in sorted(passed[1].keys() - passed[0].keys()):
        yield f"the variable {name}"
    for name in sorted(passed[1].keys() & passed[0].keys()):
        if passed[0][name] != passed[1][name]:
            yield f"another value of the variable {name}"


@profile.command()
@click.argument("names", metavar="PROFILE...", nargs=-1, required=True)
@click.pass_context
def validate(ctx: click.Context, /, names: tuple[str, ...]) -> None:
    """Check profiles: every mistake, with its line and column. Exit 1 when there is one."""
    code = exit_status.SUCCESS
    for name in names:
        try:
            plan = _plan(name)
        except ProfileError as error:
            code = exit_status.NO
            for problem in error.problems:
                hint = f"  hint: {problem.hint}" if problem.hint else ""
                click.echo(visible(f"{problem}{hint}", limit=1000))
        except PolicyError as error:
            code = exit_status.NO
            click.echo(visible(f"{name}: {error.message}  hint: {error.hint}", limit=1000))
        else:
            say_notes(plan.notes)
            click.echo(f"{visible(name)}: no mistakes")
    ctx.exit(code)


@profile.command("groups")
@click.argument("name", metavar="GROUP", required=False)
@json_option
def groups_(name: str | None, as_json: bool) -> None:
    """List the groups of paths, or what is in one."""
    if as_json:
        print_json(map(_plain, groups().values() if name is None else [group(name)]))
        return
    if name is not None:
        click.echo("\n".join(_contents(group(name))))
        return
    for each in groups().values():
        platform = f" ({each.platform})" if each.platform else ""
        click.echo(f"{each.name:26} {each.description}{platform}")


def _plain(found: Group) -> dict[str, object]:
    lists = {key: getattr(found, key) for key in _GROUP_LISTS}
    about = {"name": found.name, "description": found.description, "platform": found.platform}
    return {**about, **lists}


def _contents(found: Group) -> Iterator[str]:
    yield f"{found.name}: {found.description}"
    for key in _GROUP_LISTS:
        for path in getattr(found, key):
            why = f"  ({found.reasons[path]})" if path in found.reasons else ""
            yield f"  {key}: {path}{why}"


@profile.command()
@click.option("--markdown", is_flag=True, help="As a page for people.")
def schema(markdown: bool) -> None:
    """Print the JSON Schema of profiles, for editors."""
    if markdown:
        from nono.broker.profile.page import page

        click.echo(page(), nl=False)
        return
    from nono.broker.profile.format import schema as made

    click.echo(json.dumps(made(), indent=2))


def _plan_of_project(name: str) -> Plan:
    """Of a run by what a pyproject.toml or a script has in it, accepted or not."""
    from nono.supervisor.planning.projects.projects import look

    path = os.path.abspath(name)
    found = look(path, os.environ)
    if found is None or not found.project.text:
        raise UsageError(f"{path} has no [tool.nono]", "nono profile list")
    if not found.is_accepted:
        say_notes([f"no run goes by it before it is accepted: nono trust {path}"])
    return make_plan(Options(workdir=os.path.dirname(path)), project=found.project)


def _plan(name: str) -> Plan:
    """Of a run with this profile, and the answers that are kept for it.

    `default` is a run without a profile, whose answers are those of the working directory; a name
    with an `@`, as `nono answers list --all` has it, is that of answers.
    """
    from nono.supervisor.planning.profiles.answers_file import ANSWERS
    from nono.supervisor.planning.profiles.profile_files import Profiles, is_built_in

    home = home_directory(os.environ)
    if os.path.basename(name) == PROJECT_FILE or name.endswith(_SCRIPT):
        return _plan_of_project(name)
    kept = os.path.join(profile_directory(os.environ, home), name + ANSWERS)
    if "@" in name and os.sep not in name and os.path.isfile(kept):
        return make_plan(Options(profile=kept))
    if name == _DEFAULT and not os.path.isfile(kept):
        source = Profiles(os.environ, home).load(name, None)
        return make_plan(Options(profile=None if is_built_in(source.file) else name))
    return make_plan(Options(profile=name))
