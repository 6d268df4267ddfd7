"""`nono answers`: what was answered with "always", and what becomes of it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence

import click

from nono.broker import visible
from nono.supervisor.cli.listing import json_option, print_json
from nono.supervisor.cli.messages import say, say_notes
from nono.supervisor.cli.section import Section
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory, profile_directory
from nono.supervisor.planning.profiles.answers_file import ANSWERS, answers_file
from nono.supervisor.planning.profiles.kept_answers import KeptAnswer, read_answers, write_answers


@click.group(cls=Section)
def answers() -> None:
    """List, forget and promote what was answered with "always" when `nono run --ask` asked.

    They count in every later run with the same profile, without a profile in the same working
    directory. NUMBER is what `nono answers list` shows.
    """


def _which(function: Callable[..., None]) -> Callable[..., None]:
    profile = click.option("--profile", "-p", metavar="NAME|FILE", help="Those of this profile.")
    workdir = click.option("--workdir", metavar="DIR", help="Those of runs in DIR, without one.")
    return profile(workdir(function))


def _file(profile: str | None, workdir: str | None) -> str:
    home = home_directory(os.environ)
    return answers_file(profile, os.environ, home, _directory(workdir))


def _directory(workdir: str | None) -> str:
    return os.path.realpath(os.path.expanduser(workdir or "."))


def _read(file: str) -> list[KeptAnswer]:
    return read_answers(file, os.environ, home_directory(os.environ))


@answers.command("list")
@_which
@click.option("--all", "everything", is_flag=True, help="Those of every profile and directory.")
@json_option
def list_(profile: str | None, workdir: str | None, everything: bool, as_json: bool) -> None:
    """List the answers that are kept for a profile or a working directory."""
    directory = profile_directory(os.environ, home_directory(os.environ))
    names = os.listdir(directory) if os.path.isdir(directory) else []
    files = sorted(each for each in names if each.endswith(ANSWERS))
    if as_json:
        chosen = (
            [os.path.join(directory, name) for name in files]
            if everything
            else [_file(profile, workdir)]
        )
        print_json(row for file in chosen for row in _rows(file))
        return
    if not everything:
        file = _file(profile, workdir)
        _show(_read(file))
        others = len({*files} - {os.path.basename(file)})
        if others:
            what = "profile or directory has" if others == 1 else "profiles or directories have"
            say([f"{others} other {what} answers: nono answers list --all"])
        return
    for name in files:
        click.echo(visible(name.removesuffix(ANSWERS)))
        _show(_read(os.path.join(directory, name)))


def _rows(file: str) -> Iterator[dict[str, object]]:
    """For programs. `number` is what other commands take."""
    of = os.path.basename(file).removesuffix(ANSWERS)
    for number, each in enumerate(_read(file), 1):
        yield {
            "of": of,
            "number": number,
            "key": each.key,
            "value": each.value,
            "answered": each.answered,
            "used": each.used,
            "words": each.words,
            "stale": each.is_stale,
        }


def _show(found: Sequence[KeptAnswer]) -> None:
    if not found:
        click.echo("no answers are kept")
    for number, each in enumerate(found, 1):
        stale = "  (not used for 90 days: it counts no more)" if each.is_stale else ""
        words = f"  ({visible(each.words)})" if each.words else ""
        click.echo(f"{number:4}  {each.answered}  {visible(str(each))}{words}{stale}")


@answers.command()
@click.argument("numbers", metavar="NUMBER...", nargs=-1, type=click.IntRange(1))
@click.option("--all", "everything", is_flag=True, help="All of them.")
@_which
def forget(
    numbers: tuple[int, ...], everything: bool, profile: str | None, workdir: str | None
) -> None:
    """Forget answers: what they opened is asked about again."""
    file = _file(profile, workdir)
    found = _read(file)
    chosen = _chosen(found, numbers, everything, "nono answers forget 1")
    write_answers(file, [each for each in found if each not in chosen])
    for each in chosen:
        click.echo(f"forgotten: {visible(str(each))}")


def _chosen(
    found: Sequence[KeptAnswer], numbers: Sequence[int], everything: bool, example: str
) -> list[KeptAnswer]:
    if bool(numbers) == everything:
        raise UsageError("say which answers: their numbers, or --all", example)
    wrong = [number for number in numbers if number > len(found)]
    if wrong:
        raise UsageError(f"there is no answer {wrong[0]}", "nono answers list")
    return list(found) if everything else [found[number - 1] for number in numbers]


@answers.command()
@click.argument("numbers", metavar="NUMBER...", nargs=-1, type=click.IntRange(1))
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--into", metavar="NAME|FILE", help="The profile; that of --profile, if not said.")
@click.option("--yes", is_flag=True, help="Do not ask before it is written.")
@_which
def promote(
    numbers: tuple[int, ...],
    everything: bool,
    into: str | None,
    yes: bool,
    profile: str | None,
    workdir: str | None,
) -> None:
    """Move answers into a profile of yours, after the change was shown.

    An answer whose path leads elsewhere by now stays where it is.
    """
    from nono.supervisor.planning.profiles.led_elsewhere import without_led
    from nono.supervisor.planning.profiles.profile_paths import Variables
    from nono.supervisor.planning.profiles.promotion import promoted

    target = into or profile
    if target is None:
        raise UsageError("say into which profile", "nono answers promote --all --into NAME")
    file = _file(profile, workdir)
    found = _read(file)
    chosen = _chosen(found, numbers, everything, f"nono answers promote 1 --into {target}")
    variables = Variables(os.environ, home_directory(os.environ), _directory(workdir))
    entries, notes = without_led([(each.key, each.value) for each in chosen], variables)
    say_notes(notes)
    if not entries:
        raise UsageError("none of these answers is about what it was about", "nono answers forget")
    change = promoted(target, entries, os.environ)
    for line in change.difference:
        click.echo(visible(line, limit=1000))
    command = shlex.quote(change.path)
    if not yes and not click.confirm(f"write {command}?"):
        raise click.Abort
    if without_led(entries, variables)[1]:
        raise UsageError("a path leads elsewhere since the change was shown", "try it again")
    change.write()
    write_answers(file, [each for each in found if (each.key, each.value) not in entries])
