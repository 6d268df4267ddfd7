"""`nono bench`: what nono costs here, in numbers that say how sure they are."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nono.broker.settings import flag
from nono.supervisor import exit_status
from nono.supervisor.cli.messages import say, say_notes, tell
from nono.supervisor.cli.options import policy_options
from nono.supervisor.errors import NonoError, UsageError
from nono.supervisor.places import current_directory, platform
from nono.supervisor.planning.options import to_options
from nono.supervisor.session.nested import require_listener

if TYPE_CHECKING:
    from nono.perf.policy import Under
    from nono.perf.results.result import Result

_SLOWER = 1
_MAX_ROUNDS = 1000
_LINE = "\r\x1b[K"


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--rounds", type=click.IntRange(1, _MAX_ROUNDS), help="How often all is measured.")
@click.option("--quick", is_flag=True, help="A look, in seconds, and no figure.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, to be kept.")
@click.option("--markdown", is_flag=True, help="Print tables for a page.")
@click.option("--compare", metavar="OLD.json", help="Say what became slower; exit 1 if anything.")
@click.option("--show", metavar="FILE.json", help="Measure nothing, and show this result.")
@click.option("--plot", metavar="FILE", help="Draw it, too: FILE.svg, or FILE.png by CairoSVG.")
@policy_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def bench(ctx: click.Context, /, command: tuple[str, ...], **values: Any) -> None:
    """Measure what nono costs on this machine, beside native and the sandboxes that are installed.

    The other options make the policy that is measured under. With COMMAND, it is run by itself and
    in a sandbox, in turn, and it is said where the difference comes from.
    """
    _check(command, values)
    with _ended_by_signals():
        ctx.exit(_of_command(command, values) if command else _ladder(values))


def _check(command: tuple[str, ...], values: dict[str, Any]) -> None:
    """Raise UsageError for what does not go together, NonoError where nothing can be measured."""
    for name in ("compare", "show", "plot", "markdown"):
        if command and values[name]:
            raise UsageError(f"--{name} is for the benchmarks, and not for a command's", "drop one")
    if values["as_json"] and values["markdown"]:
        raise UsageError("--json and --markdown are two forms of the same", "drop one")
    if values["show"] is None:
        if platform() != "linux":
            raise NonoError("only Linux is measured so far", "nono bench --show FILE.json")
        require_listener()


def _under(values: dict[str, Any]) -> Under:
    from nono.perf.policy import Under

    if values["ask"] is not None:
        say_notes([f"{flag('ask')} is left out: a person takes as long as a person takes"])
    return Under(to_options(values), current_directory())


def _of_command(command: tuple[str, ...], values: dict[str, Any]) -> int:
    from nono.perf import of_command
    from nono.perf.results import command as told
    from nono.supervisor.report import counted

    rounds = values["rounds"] or (2 if values["quick"] else of_command.ROUNDS)
    result = of_command.run(command, _under(values), rounds, _progress)
    _progress("")
    if values["as_json"]:
        tell([told.to_json(result).rstrip("\n")])
    else:
        tell([*told.text(result), *counted.text(result.stats)])
    return exit_status.SUCCESS


def _ladder(values: dict[str, Any]) -> int:
    from nono.perf.results import comparing

    old = None if values["compare"] is None else _kept(values["compare"])
    result = _measured(values) if values["show"] is None else _kept(values["show"])
    if values["plot"] is not None:
        _draw(result, values["plot"])
    changes = [] if old is None else comparing.compare(old, result)
    if values["as_json"]:
        _tell_json(result, changes)
    else:
        _tell_words(result, values["markdown"])
        if old is not None:
            tell(["", *map(str, changes), comparing.summary(changes)])
            say_notes(comparing.differences(old, result))
    slower = any(each.verdict is comparing.Verdict.SLOWER for each in changes)
    return _SLOWER if slower else exit_status.SUCCESS


def _measured(values: dict[str, Any]) -> Result:
    from nono.perf import bench as measuring

    usual = measuring.QUICK_ROUNDS if values["quick"] else measuring.ROUNDS
    extent = measuring.Extent(values["rounds"] or usual, values["quick"])
    result = measuring.run(_under(values), extent, _progress)
    _progress("")
    return result


def _kept(path: str) -> Result:
    """Raises NonoError, OSError."""
    from nono.perf.results.kept import MAX_BYTES, from_json

    with open(path, "rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise NonoError(f"{path} is too large for a result")
    return from_json(text.decode(errors="replace"), path)


def _draw(result: Result, path: str) -> None:
    from nono.perf.results.svg import png, svg

    drawn = png(result) if path.endswith(".png") else svg(result).encode()
    with open(path, "wb") as file:
        file.write(drawn)


def _tell_json(result: Result, changes: list[Any]) -> None:
    from nono.perf.results.kept import to_json

    made = json.loads(to_json(result))
    if changes:
        made["changes"] = [
            {
                "section": each.section,
                "name": each.name,
                "verdict": str(each.verdict),
                "ratio": [each.ratio.value, each.ratio.low, each.ratio.high],
                "of_ratios_to_native": each.of_ratios,
            }
            for each in changes
        ]
    tell([json.dumps(made, indent=1, ensure_ascii=False)])


def _tell_words(result: Result, in_markdown: bool) -> None:
    from nono.perf.results import noise, plot, table
    from nono.perf.results.heading import beside, page, whole_heading

    if in_markdown:
        tell([page(result).rstrip("\n")])
    else:
        others = [f"beside it: {line}" for line in beside(result)]
        tell([whole_heading(result), *others, "", *table.columns(result), "", *plot.plot(result)])
    say_notes(f"not measured: {note}" for note in result.notes)
    found = noise.noise(result)
    if found:
        say([f"nono: warning: {line}" for line in found])
        say(["nono: warning: figures of such a machine say little; ratios say more than times"])


def _progress(words: str) -> None:
    """On a terminal, one line that is written over; an empty one takes it away."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"{_LINE}{words}")
        sys.stderr.flush()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """What ends a program by default ends this one in order: all that it started goes with it."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(exit_status.of_signal(number))

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
