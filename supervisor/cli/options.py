"""The options that say what a program may do, shared by the commands that make a policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from nono.supervisor.planning.options import Options

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _paths(*names: str, help: str) -> Callable[[_Function], _Function]:
    return click.option(*names, multiple=True, metavar="PATH", help=help)


def _ports(name: str, help: str) -> Callable[[_Function], _Function]:
    kind = click.IntRange(1, 65535)
    return click.option(name, multiple=True, type=kind, metavar="PORT", help=help)


_NETWORK_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--network-profile",
        metavar="NAME",
        help="Reach only the hosts of this profile: minimal, developer, enterprise, ...",
    ),
    click.option(
        "allow_domain",
        "--allow-domain",
        "--allow-proxy",
        multiple=True,
        metavar="HOST[:PORT]|*.SUFFIX|ADDRESS|BLOCK",
        help="Reach only this host; without a port, its ports 80 and 443. Repeatable.",
    ),
    click.option("--block-net", is_flag=True, help="No network at all."),
    _ports("--open-port", "Reach this port of this machine. Repeatable."),
    _ports("--listen-port", "Listen on this port for other machines. Repeatable."),
    _ports("--allow-connect-port", "Reach this port of every public host. Repeatable."),
    _paths("--allow-unix-socket", help="Connect to this unix socket. Repeatable."),
    click.option(
        "--no-sni-check",
        multiple=True,
        metavar="HOST",
        help="Do not compare the server name in TLS for this host. Repeatable.",
    ),
    click.option(
        "--dns",
        multiple=True,
        metavar="ADDRESS[:PORT]",
        help="Ask this server for the addresses of allowed hosts. Repeatable.",
    ),
)
_SERVICE_OPTION = click.option(
    "proxy_credential",
    "--proxy-credential",
    "--credential",
    multiple=True,
    metavar="SERVICE[=PLACE]",
    help="Use this service, with a token in place of its key: `nono credential list`. Repeatable.",
)
_POLICY_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--profile",
        "-p",
        metavar="NAME|FILE",
        help="Start from a profile: `nono profile list` names them. The other options add to it.",
    ),
    _paths("--allow", "-a", help="Read, write and execute in this directory. Repeatable."),
    _paths("--read", "-r", help="Read and execute in this directory. Repeatable."),
    _paths("--write", "-w", help="Write in this directory, without reading. Repeatable."),
    _paths("--allow-file", help="Read, write and execute this file. Repeatable."),
    _paths("--read-file", help="Read and execute this file. Repeatable."),
    _paths("--write-file", help="Write this file. Repeatable."),
    _paths(
        "--deny",
        help="Refuse this path or pattern inside what is opened. Repeatable.",
    ),
    _paths(
        "--bypass-protection",
        help="Lift the protection of a path such as ~/.ssh; it still needs to be allowed.",
    ),
    click.option("--allow-cwd", is_flag=True, help="Allow the working directory."),
    click.option("--workdir", metavar="DIR", help="Use DIR as the working directory."),
    click.option(
        "--env-allow",
        multiple=True,
        metavar="NAME",
        help="Pass on a variable that looks like a secret. Patterns with * work. Repeatable.",
    ),
    *_NETWORK_OPTIONS,
    _SERVICE_OPTION,
)


def policy_options(function: _Function) -> _Function:
    """Add every option of `Options` to a click command."""
    for option in reversed(_POLICY_OPTIONS):
        function = option(function)
    return function


def to_options(values: dict[str, Any]) -> Options:
    """The `Options` among the parameters of a click command."""
    return Options(**{name: values[name] for name in Options.__dataclass_fields__})
