"""`nono grant`, `nono revoke`, `nono status`: what a sandbox that runs may do, and a change of it.

By its control socket, as any other client does it: see docs/control.md.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import click

from nono.broker import Access, visible
from nono.broker.asking.control.json_rpc import ProtocolError
from nono.broker.explaining.access_words import verbs
from nono.broker.settings import KEYS, Kind, flag
from nono.supervisor.asking.channel import QUIET
from nono.supervisor.asking.control.client import (
    Client,
    GoneError,
    SilentError,
    found,
    only,
)
from nono.supervisor.cli.messages import say_notes, tell
from nono.supervisor.errors import UsageError
from nono.supervisor.places import from_here, home_directory
from nono.supervisor.session.silent import stopped_status

_Function = TypeVar("_Function", bound=Callable[..., Any])
_PATHS = frozenset({Kind.DIRECTORY, Kind.FILE, Kind.LISTED, Kind.SOCKET})
_METAVARS = {
    Kind.HOST_GROUPS: "NAME",
    Kind.HOST: "HOST[:PORT]",
    Kind.PUBLIC_PORT: "PORT[-PORT]",
    Kind.LOCAL_PORT: "PORT[-PORT]",
    **dict.fromkeys(_PATHS, "PATH"),
}
_GRANTED = tuple(
    key for key in KEYS if key.kind in _METAVARS and key.option and key.effect == "allow"
)
_SHORT = {"filesystem.allow": "-a", "filesystem.read": "-r", "filesystem.write": "-w"}
_WILD = "$*?["
_GRANT_SECONDS = 600.0
_RUN = "RUN is a name that `nono ps` shows, or a beginning of one."


def _grants(function: _Function) -> _Function:
    """The flags of `nono run` that open something, where a run can be granted it."""
    for key in reversed(_GRANTED):
        kind = "" if key.kind is None else key.kind.value
        deed = verbs(key.access & ~Access.EXECUTE) or "connect to"
        names = (key.option, key.flag, *filter(None, [_SHORT.get(key.name)]))
        metavar = _METAVARS[key.kind] if key.kind is not None else None
        about = f"Allow it to {deed} {kind}."
        option = click.option(*names, multiple=key.repeated, metavar=metavar, help=about)
        function = option(function)
    return function


@click.command(epilog=_RUN)
@click.argument("run")
@_grants
def grant(run: str, **values: Any) -> None:
    """Open something for a sandbox that runs, until it ends or `nono revoke` takes it back.

    The options are those of `nono run`. As at a start, what a rule refuses stays refused; nothing
    can be made executable.
    """
    if not any(values.values()):
        what = f"nothing is named that {visible(run)} is to be granted"
        raise UsageError(what, f"nono grant {visible(run)} {flag('filesystem.read_file')} FILE")
    rules: dict[str, dict[str, Any]] = {}
    absent: list[str] = []
    for key in _GRANTED:
        value = values[key.option]
        if value:
            section, _, name = key.name.partition(".")
            made = [_spelled(each) for each in value] if key.kind in _PATHS else value
            rules.setdefault(section, {})[name] = made
            if key.kind in _PATHS:
                absent += [path for path in made if not os.path.lexists(path)]
    number = str(_ask(run, "grant", rules=_with_ports(rules)).get("number", ""))
    say_notes(f"{path} is not there: it is open once it is made" for path in absent)
    tell([f"granted: {visible(number)}  (nono revoke {visible(run)} {visible(number)})"])


def _spelled(path: str) -> str:
    """As a profile has it: from the root on, and no pattern."""
    whole = os.path.abspath(from_here(path, home_directory(os.environ)))
    if set(whole) & set(_WILD):
        raise UsageError(f"{whole}: a run is granted no patterns", "name a directory above")
    return whole


def _with_ports(rules: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Ports as numbers, ranges of them as texts."""
    for name in ("open_port", "connect_port"):
        ports = rules.get("network", {}).get(name)
        if ports is not None:
            rules["network"][name] = [int(p) if p.isdecimal() else p for p in ports]
    return rules


@click.command(epilog=_RUN)
@click.argument("run")
@click.argument("numbers", metavar=f"NUMBER...|{QUIET}", nargs=-1, required=True)
def revoke(run: str, numbers: tuple[str, ...]) -> None:
    """Take back what was granted to a sandbox that runs, or answered in it.

    NUMBER is what `nono status RUN` shows. `quiet` has it ask again, after "ask no more" or where
    somebody said no again and again. What the program has open already stays open.
    """
    for number in numbers:
        _ask(run, "revoke", number=number)
        tell([f"revoked: {visible(number)}"])


@click.command(epilog=_RUN)
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="All of it, in JSON.")
def status(run: str | None, as_json: bool) -> None:
    """Show what a sandbox runs, what it was given since its start, and what it was refused.

    RUN is needed where there are several.
    """
    told = _ask(run or only(os.environ), "status")
    tell([json.dumps(told, indent=2)] if as_json else _lines(told))


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    def items(name: str) -> list[Any]:
        value = told.get(name)
        return value if isinstance(value, list) else []

    def words(value: object) -> str:
        return visible(str(value), 300)

    yield f"run {words(told.get('run', ''))}: {words(shlex.join(map(str, items('argv'))))}"
    yield f"in {words(told.get('workdir', ''))}, process {words(told.get('pid', ''))}"
    yield f"asked: {words(told.get('asked', 0))}, waiting: {len(items('waiting'))}"
    if told.get("asks_no_more"):
        yield f"it asks no more: nono revoke {words(told.get('run', ''))} {QUIET}"
    for each in items("given"):
        given = each if isinstance(each, dict) else {}
        parts = (given.get(name, "") for name in ("number", "effect", "access", "what", "time"))
        number, effect, access, what, when = map(words, parts)
        yield f"{number:>4}  {effect} {access} {what}  ({when})"
    yield f"refused: {words(told.get('refused', 0))}"
    yield from (f"      {words(each)}" for each in items("last_refused"))
    stats = told.get("stats")
    if isinstance(stats, dict):
        from nono.supervisor.report import counted

        yield from counted.text(stats)


def _ask(run: str, method: str, **params: Any) -> Mapping[str, Any]:
    """What the run answers. Raises UsageError."""
    path = found(run, os.environ)
    stopped = stopped_status(path)
    if stopped is not None:
        what = f"{run}: it is stopped, as by Control-Z, and does not answer"
        raise UsageError(what, f"kill -CONT {stopped['pid']}")
    try:
        with Client(path, name=f"nono {method}", seconds=_GRANT_SECONDS) as client:
            return client.request(method, **params)
    except SilentError as error:
        raise UsageError(f"{run}: {error}", f"nono kill {visible(run)}") from error
    except ProtocolError as error:
        raise UsageError(f"{run}: {error}", error.hint or f"nono status {visible(run)}") from error
    except GoneError as error:
        raise UsageError(f"{run}: {error}", "nono ps") from error
