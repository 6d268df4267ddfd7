"""Which upstream proxy a run goes through: the flag's, else that of nono's own environment."""

from __future__ import annotations

from collections.abc import Mapping

from nono.broker import Allow, Connect, ConnectHost, Environment, InvalidHost, Network
from nono.broker.dataclass import replace
from nono.broker.requests import NOBODY
from nono.broker.rules.addresses import destination
from nono.broker.settings import Settings
from nono.supervisor.errors import UsageError
from nono.supervisor.network.upstream_proxy import NO_PROXY, VARIABLES, UpstreamProxy, parse_proxy


def chosen_proxy(flags: Settings, network: Network, env: Mapping[str, str]) -> UpstreamProxy | None:
    """The proxy, if there is one. Raises UsageError, in words without a password.

    A variable whose proxy the policy opens to the program is left to the program, and one that
    nono cannot speak with to nobody: what it names stays closed.
    """
    given = flags.one("network.upstream_proxy")
    if given is not None:
        try:
            return parse_proxy(given.value, str(given), env)
        except InvalidHost as error:
            raise UsageError(f"{given}: {error.message}", error.hint) from None
    for name in VARIABLES:
        if env.get(name):
            try:
                proxy = parse_proxy(env[name], name, env)
            except InvalidHost:
                continue
            # Where nono's own proxy is the only way, the variables are of no use to the program.
            is_open = not flags.speak_of("network.by") and _is_open(network, proxy)
            return None if is_open else proxy
    return None


def without_proxy(environment: Environment) -> Environment:
    """The proxy is nono's to speak with, and no way of the program's."""
    return replace(environment, deny=(*environment.deny, *VARIABLES, *NO_PROXY))


def _is_open(network: Network, proxy: UpstreamProxy) -> bool:
    if destination(proxy.host) is None:
        return isinstance(network.decide(ConnectHost(NOBODY, proxy.host, proxy.port)), Allow)
    return isinstance(network.decide(Connect(NOBODY, proxy.host, proxy.port)), Allow)
