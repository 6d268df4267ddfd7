"""What services add to a policy: the way to the credential proxy, and none to the files of keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nono.broker import (
    ALL_ACCESS,
    Access,
    AddressBlock,
    Effect,
    File,
    Mode,
    Network,
    Origin,
    OriginKind,
    Rule,
)
from nono.broker.credentials.services import PROXY_ORIGIN, Service
from nono.broker.credentials.sources import InFile
from nono.broker.dataclass import replace
from nono.broker.rules.access import CHANGING
from nono.broker.settings import flag
from nono.supervisor.errors import UsageError
from nono.supervisor.walk import way

PROXY_ADDRESS = "127.0.0.1"


def check(network: Network, broker: bool) -> None:
    """Raise UsageError where no service can be used."""
    if not broker:
        raise UsageError(
            "services need the broker, which --floor-only leaves out",
            "leave out --floor-only",
        )
    if network.mode is Mode.BLOCKED:
        raise UsageError(
            "a service cannot be used where the network is blocked",
            f"leave out {flag('network.block')} or network.block:"
            " then the services are all that is reached",
        )


def key_files(services: Iterable[Service]) -> Iterator[Rule]:
    """A refusal for each file that a key may be in, also where another place is used.

    And of changes to what the way there hangs on: the next run would take another file for it.
    """
    for service in services:
        for source in (*service.sources, *service.set_aside):
            if isinstance(source, InFile):
                origin = Origin(OriginKind.BUILTIN, f"the key of {service.name}")
                led = way(source.path)
                yield Rule(File(led.end), ALL_ACCESS, Effect.DENY, origin)
                for each in led.passed:
                    yield Rule(File(each), CHANGING, Effect.DENY, origin)


def with_proxy(network: Network, port: int | None, origin: Origin = PROXY_ORIGIN) -> Network:
    """The network, with the way to the proxy where there is one and a way is needed.

    `origin` says which of nono's proxies it is.
    """
    if port is None or network.mode is not Mode.FILTERED:
        return network
    proxy = Rule(AddressBlock(f"{PROXY_ADDRESS}/32", (port,)), Access.CONNECT, Effect.ALLOW, origin)
    return replace(network, rules=(*network.rules, proxy))
