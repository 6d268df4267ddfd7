"""`nono credential`: the real keys of services, in the system's keychain."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from nono.broker import visible
from nono.broker.credentials.services import (
    Service,
    built_in_service,
    built_in_services,
    own_service,
)
from nono.broker.credentials.sources import InKeychain, Source, parse_source
from nono.supervisor import exit_status
from nono.supervisor.cli.listing import json_option, print_json
from nono.supervisor.cli.section import Section
from nono.supervisor.errors import KeychainError, NonoError, UsageError

_UNKNOWN = "key not known"
_MAX_LENGTH = 1 << 16
_NO_UPSTREAM = "https://localhost"


@click.group(cls=Section)
def credential() -> None:
    """Keep the real keys of services, which programs get only tokens for."""


def _profile_option(function: Any) -> Any:
    return click.option(
        "--profile", "-p", metavar="NAME|FILE", help="Know the services of this profile, too."
    )(function)


@credential.command("set")
@click.argument("name")
@_profile_option
def set_(name: str, profile: str | None) -> None:
    """Store the key of the service NAME, or of an account of that name.

    The key is asked for without showing it, or read from stdin. It is never an argument.
    """
    from nono.supervisor.credentials import keychain

    place = _in_keychain(name, profile)
    key = _read_key(name)
    if not key:
        raise UsageError(
            "the key is empty: nothing was stored",
            f"nono credential set {shlex.quote(name)} < FILE",
        )
    try:
        keychain.put(place, key)
    except KeychainError as error:
        from nono.supervisor.credentials.keys import way, with_way

        service = _service(name, profile)
        raise KeychainError(with_way(service, error), way(service)) from None
    click.echo(f"stored in {visible(str(place))}")


@credential.command("list")
@_profile_option
@json_option
def list_(profile: str | None, as_json: bool) -> None:
    """Show the services, the variables that programs find a token in, and where a key was found."""
    if as_json:
        print_json(
            {
                "service": service.name,
                "upstream": str(service.upstream),
                "key_variables": service.key_variables,
                "url_variables": service.url_variables,
                "key": where,
            }
            for service, where in _found(_services(profile))
        )
        return
    for service, where in _found(_services(profile)):
        variables = ", ".join((*service.key_variables, *service.url_variables))
        click.echo(f"{visible(service.name)}  {visible(str(service.upstream))}  {visible(where)}")
        click.echo(f"    {variables}")


@credential.command("test")
@click.argument("name")
@_profile_option
def test(name: str, profile: str | None) -> None:
    """Load the key of NAME as a run would, and say where it was found. Exit 1 when it is not."""
    from nono.supervisor.credentials import keys

    service = _service(name, profile)
    try:
        key = keys.load(service, os.environ)
    except NonoError as error:
        click.echo(f"nono: {visible(error.message, limit=1000)}\nhint: {error.hint}", err=True)
        click.get_current_context().exit(exit_status.NO)
    click.echo(f"{visible(service.name)}: there is a usable key in {visible(str(key.source))}")


@credential.command("delete")
@click.argument("name")
@_profile_option
@click.pass_context
def delete(ctx: click.Context, name: str, profile: str | None) -> None:
    """Remove the key of NAME from the keychain. Exit 1 when there is none."""
    from nono.supervisor.credentials import keychain

    place = _in_keychain(name, profile)
    if not keychain.delete(place):
        click.echo(f"nono: there is no key in {visible(str(place))}", err=True)
        ctx.exit(exit_status.NO)
    click.echo(f"removed from {visible(str(place))}")


def _read_key(name: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(f"key of {visible(name)}", hide_input=True, err=True)).strip()
    text = sys.stdin.read(_MAX_LENGTH + 1)
    if len(text) > _MAX_LENGTH:
        raise UsageError("stdin is too long to be a key", f"nono credential set {name} < FILE")
    return text.strip()


def _services(profile: str | None) -> dict[str, Service]:
    found = {name: built_in_service(name) for name in built_in_services()}
    if profile is not None:
        from nono.broker.errors import Problem, ProfileError
        from nono.supervisor.places import home_directory
        from nono.supervisor.planning.network.services import own_services
        from nono.supervisor.planning.profiles.profile_files import Profiles

        problems: list[Problem] = []
        merged = Profiles(os.environ, home_directory(os.environ)).resolve(profile)
        found |= own_services(merged, problems.append)
        if problems:
            raise ProfileError(problems)
    return found


def _service(name: str, profile: str | None) -> Service:
    """The service of that name; else one with its key in the account or place of that name."""
    service = _services(profile).get(name)
    if service is not None:
        return service
    source = parse_source(name)
    return own_service(_plain(source), _NO_UPSTREAM, name, "NONE")


def _plain(source: Source) -> str:
    text = source.account if isinstance(source, InKeychain) else "key"
    return (
        "".join(c if c.isalnum() and c.isascii() else "-" for c in text)[:60].lstrip("-") or "key"
    )


def _in_keychain(name: str, profile: str | None) -> InKeychain:
    sources = _service(name, profile).sources
    for source in sources:
        if isinstance(source, InKeychain):
            return source
    raise UsageError(
        f"the key of {name} is not in the keychain but in {sources[0]}", "change it there"
    )


def _found(services: Mapping[str, Service]) -> Iterator[tuple[Service, str]]:
    """Each service, and where its key is in words. A keychain that failed is not asked again."""
    from nono.supervisor.credentials import keys

    failed = False
    for service in services.values():
        if failed and isinstance(keys.find(service, os.environ), InKeychain):
            yield service, _UNKNOWN
            continue
        try:
            yield service, f"key in {keys.load(service, os.environ).source}"
        except KeychainError as error:
            # What is wrong is so for all: which of them was looked for first says nothing.
            known = error.__cause__ if isinstance(error.__cause__, KeychainError) else error
            why = visible(known.message, limit=1000)
            click.echo(f"nono: {why}: no key in a keychain is looked for", err=True)
            failed = True
            yield service, _UNKNOWN
        except NonoError:
            yield service, "no key"
