"""The options that say what a program may do, shared by the commands that make a policy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from nono.broker.errors import InvalidHost
from nono.broker.profile.spelling import PLATFORMS
from nono.broker.rules.hosts import parse_ports
from nono.broker.settings import BY_NAME
from nono.supervisor.cli.duration import checked
from nono.supervisor.cli.help import WrongValue

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _option(name: str, *also: str, **more: Any) -> Callable[[Any], Any]:
    """The flag of a setting; `also` are further spellings, `more` is for click."""
    key = BY_NAME[name]
    more |= {"multiple": key.repeated} if key.stands_for is None else {"is_flag": True}
    if key.stands_for is False:
        return click.option(key.option, f"--{key.option}/{key.flag}", default=True, **more)
    return click.option(key.option, key.flag, *also, **more)


_path = partial(_option, metavar="PATH")


def _ports(text: str) -> int | str:
    """A port as a number, or a range of them as text."""
    try:
        first, last = parse_ports(text)
    except InvalidHost as error:
        raise WrongValue(error.message, error.hint) from None
    return first if first == last else text


_port = partial(_option, type=_ports, metavar="PORT[-PORT]")

_POLICY_OPTIONS = (
    click.option(
        "--profile",
        "-p",
        metavar="NAME|FILE",
        help="Start from a profile: `nono profile list` names them. The other options add to it.",
    ),
    _path("filesystem.allow", "-a", help="Read, write and execute in this directory. Repeatable."),
    _path("filesystem.read", "-r", help="Read and execute in this directory. Repeatable."),
    _path("filesystem.write", "-w", help="Write in this directory, without reading. Repeatable."),
    _path(
        "filesystem.list",
        help="List the names in this directory, without opening what has them. Repeatable.",
    ),
    _path("filesystem.allow_file", help="Read, write and execute this file. Repeatable."),
    _path("filesystem.read_file", help="Read and execute this file. Repeatable."),
    _path("filesystem.write_file", help="Write this file. Repeatable."),
    _path(
        "filesystem.deny",
        help="Refuse this path or pattern inside what is opened. Repeatable.",
    ),
    _path(
        "filesystem.deny_write",
        help="Refuse changes to this path or pattern, which may still be read. Repeatable.",
    ),
    _path(
        "filesystem.bypass_protection",
        help="Lift the protection of a path such as ~/.ssh; it still needs to be allowed.",
    ),
    _option("workdir.access", help="Allow the working directory."),
    click.option("--workdir", metavar="DIR", help="Use DIR as the working directory."),
    _option(
        "filesystem.caches",
        help="Give tools caches of the sandbox's own, kept for the profile or the directory.",
    ),
    _option(
        "environment.env_allow",
        metavar="NAME",
        help="Pass on a variable that looks like a secret. Patterns with * work. Repeatable.",
    ),
    _option(
        "network.network_profile",
        metavar="NAME",
        help="Reach only the hosts of this profile: minimal, developer, enterprise, ...",
    ),
    _option(
        "network.allow_domain",
        "--allow-proxy",
        metavar="HOST[:PORT]|*.SUFFIX|ADDRESS|BLOCK",
        help="Reach only this host; without a port, its ports 80 and 443. Repeatable.",
    ),
    _option(
        "network.deny_domain",
        metavar="HOST[:PORT]|*.SUFFIX|ADDRESS|BLOCK",
        help="Refuse this host, whatever allows it; without a port, all its ports. Repeatable.",
    ),
    _option("network.block", help="No network at all."),
    _option(
        "network.loopback_only",
        help="No host: only what listens in the sandbox, and named ports of this machine.",
    ),
    _port("network.open_port", help="Reach this port of this machine. Repeatable."),
    _port("network.listen_port", help="Listen on this port for other machines. Repeatable."),
    _port("network.connect_port", help="Reach this port of every public host. Repeatable."),
    _path("filesystem.unix_socket", help="Connect to this unix socket. Repeatable."),
    _option(
        "filesystem.ssh_agent",
        help="Sign in with your SSH agent; also read public keys and known hosts.",
    ),
    _option(
        "ask",
        is_flag=False,
        flag_value="auto",
        metavar="[=CHANNEL]",
        help="Ask a person about what no option allows, while the program waits. CHANNEL is who:"
        " auto (if none is given: the nearest of these three that is there), watch (`nono watch`,"
        " or another client), tmux (a popup), tty (this terminal); plain (this terminal, as a list"
        " for screen readers), acp (the editor), socket (=PATH: who listens there), notify (a"
        " notification, then `nono watch`), none.",
    ),
    _option("groups.gpu", help="Use graphics cards and accelerators."),
    _option("preload", help="Load a library into programs that makes their opens faster, or not."),
    _option(
        "network.no_sni_check",
        metavar="HOST",
        help="Do not compare the server name in TLS for this host. Repeatable.",
    ),
    _option(
        "network.dns",
        metavar="ADDRESS[:PORT]",
        help="Ask this server for the addresses of allowed hosts. Repeatable.",
    ),
    _option(
        "network.upstream_proxy",
        metavar="URL",
        help="Reach allowed hosts through this proxy of your company's; HTTPS_PROXY, if not said.",
    ),
    _option(
        "network.by",
        metavar="proxy",
        help="Reach what is allowed by nono's proxy alone, which programs have to use; also with"
        " --floor-only.",
    ),
    _option(
        "network.credentials",
        "--credential",
        metavar="SERVICE[=PLACE]",
        help="Use this service, with a token in place of its key: `nono credential list`."
        " Repeatable.",
    ),
    _option(
        "limits.timeout",
        callback=checked,
        metavar="SECONDS|5m|2h",
        help="Kill the program, and all that it started, after so long; the exit status is 124.",
    ),
    _option(
        "limits.memory",
        metavar="SIZE",
        help="Use at most so much memory, all processes together: 512M, 2G (docs/limits.md).",
    ),
    _option("limits.processes", metavar="N", help="Have at most N processes and threads."),
    _option(
        "limits.cpu_time",
        metavar="SECONDS|5m|2h",
        help="Use at most so much processor time, all processes together.",
    ),
    _option("limits.open_files", metavar="N", help="Open at most N files in each process."),
    _option(
        "limits.written",
        metavar="SIZE",
        help="Write at most so much, into one file and in all: 100M, 2G.",
    ),
)


platform_option = click.option(
    "--platform",
    type=click.Choice(sorted(PLATFORMS)),
    help="Answer for this platform; nothing is run there.",
)


project_option = click.option(
    "--no-project",
    is_flag=True,
    help="Leave out [tool.nono] of the pyproject.toml here, and of a script: `nono trust`.",
)


def policy_options(function: _Function) -> _Function:
    """Add every option of `Options` to a click command."""
    for option in reversed(_POLICY_OPTIONS):
        function = option(function)
    return function
