"""Which services a run uses: those that options and the profile name, and what they say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from nono.broker import PolicyError
from nono.broker.credentials.services import (
    Service,
    built_in_service,
    built_in_services,
    with_source,
)
from nono.broker.errors import Problem, UnknownName
from nono.broker.profile.merge import Merged
from nono.supervisor.errors import UsageError


def own_services(merged: Merged, complain: Callable[[Problem], None]) -> dict[str, Service]:
    """The services that a profile describes, by name."""
    found = {}
    for setting in merged.all("network.custom_credentials"):
        try:
            found[setting.name] = setting.value.service(setting.name, setting.file)
        except PolicyError as error:
            complain(setting.problem(f"{setting.name[:80]!r}: {error.message}", error.hint))
    return found


def named_by_profile(
    merged: Merged, own: Mapping[str, Service], complain: Callable[[Problem], None]
) -> Iterator[Service]:
    """The services of the key `network.credentials`."""
    for setting in merged.all("network.credentials"):
        try:
            yield _named(setting.value, own, f"{setting.key} in {setting.file}")
        except PolicyError as error:
            complain(setting.problem(error.message, error.hint))


def named_by_options(texts: Iterable[str], own: Mapping[str, Service]) -> Iterator[Service]:
    """The services of `--proxy-credential NAME[=SOURCE]`. Raises UsageError."""
    for text in texts:
        try:
            yield _named(text, own, "--proxy-credential")
        except PolicyError as error:
            name = text.partition("=")[0][:80]
            message = f"--proxy-credential {name}: {error.message}"
            raise UsageError(message, error.hint) from None


def together(services: Iterable[Service]) -> tuple[Service, ...]:
    """Each service once; the last one of a name counts."""
    return tuple({service.name: service for service in services}.values())


def _named(text: str, own: Mapping[str, Service], origin: str) -> Service:
    name, given, source = text.partition("=")
    if name in own:
        service = own[name]
    elif name in built_in_services():
        service = built_in_service(name, origin)
    else:
        raise UnknownName("service", name, (*own, *built_in_services()))
    return with_source(service, source) if given else service
