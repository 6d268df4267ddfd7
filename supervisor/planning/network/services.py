"""Which services a run uses: those that options and the profile name, and what they say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NoReturn

from nono.broker import PolicyError
from nono.broker.credentials.services import (
    Service,
    built_in_service,
    built_in_services,
    with_source,
)
from nono.broker.credentials.sources import InEnvironment
from nono.broker.dataclass import replace
from nono.broker.errors import Problem, UnknownName
from nono.broker.policy.environment import Environment
from nono.broker.settings import Setting, Settings, flag
from nono.supervisor.errors import UsageError


def own_services(settings: Settings, complain: Callable[[Problem], None]) -> dict[str, Service]:
    """The services that a profile describes, by name."""
    found = {}
    for setting in settings.all("network.custom_credentials"):
        try:
            found[setting.name] = setting.value.service(setting.name, setting.file)
        except PolicyError as error:
            complain(setting.problem(f"{setting.name[:80]!r}: {error.message}", error.hint))
    return found


def named_services(
    settings: Settings,
    own: Mapping[str, Service],
    complain: Callable[[Setting, PolicyError], None],
    env: Mapping[str, str],
) -> Iterator[Service]:
    """The services that flags or a profile name; with a `?` behind its name, one that has a key."""
    for setting in settings.all("network.credentials"):
        try:
            service, is_optional = _named(setting, own)
        except PolicyError as error:
            complain(setting, error)
            continue
        if not is_optional or _has_key(service, env):
            yield service


def refuse(setting: Setting, error: PolicyError) -> NoReturn:
    """Nothing is run with a flag that names no service. Raises UsageError."""
    raise UsageError(f"{setting}: {error.message}", error.hint) from None


def together(services: Iterable[Service]) -> tuple[Service, ...]:
    """Each service once; the last one of a name counts, and what another one had is set aside."""
    found: dict[str, Service] = {}
    for service in services:
        earlier = found.get(service.name)
        if earlier is not None:
            aside = (*service.set_aside, *earlier.set_aside, *earlier.sources)
            service = replace(service, set_aside=aside)
        found[service.name] = service
    return tuple(found.values())


def not_passed_on(
    environment: Environment, services: Iterable[Service], env: Mapping[str, str]
) -> tuple[str, ...]:
    """The names of `env` that a program does not get.

    But for what is a service's: it has a token of these, or is never to have them.
    """
    own = set()
    for service in services:
        own |= {*service.key_variables, *service.url_variables}
        own |= {each.name for each in service.sources if isinstance(each, InEnvironment)}
    return tuple(name for name in environment.dropped(env) if name not in own)


def services_of_keys(variables: Iterable[str]) -> dict[str, str]:
    """Which of these variables have the key of a built-in service, each with the service: of
    several, the one that it is called after."""
    found: dict[str, str] = {}
    for name in built_in_services():
        service = built_in_service(name)
        of_it = {each.name for each in service.sources if isinstance(each, InEnvironment)}
        for variable in of_it.union(service.key_variables).intersection(variables):
            if variable not in found or name in variable.lower():
                found[variable] = name
    return found


def _has_key(service: Service, env: Mapping[str, str]) -> bool:
    # What only a run with such a service needs is loaded only then.
    from nono.supervisor.credentials.keys import has_key

    return has_key(service, env)


def _named(setting: Setting, own: Mapping[str, Service]) -> tuple[Service, bool]:
    """The service NAME, NAME?, or NAME=PLACE; True for one that may be without a key."""
    name, given, source = setting.value.partition("=")
    is_optional, name = name.endswith("?"), name.removesuffix("?")
    if name in own:
        service = own[name]
    elif name in built_in_services():
        by = f"{setting.key} in {setting.file}" if setting.file else flag(setting.key)
        service = built_in_service(name, by)
    else:
        raise UnknownName("service", name, (*own, *built_in_services()))
    return with_source(service, source) if given else service, is_optional
