"""The credential proxy of one sandbox: the program's tokens in, real keys out.

*Performed on our copy*: a request is read whole up to its body, judged
(broker.credentials.request), and made anew; the program has a connection to us and to nobody else.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nono.broker.credentials.services import Service, base_url_variable
from nono.supervisor.credentials.issued import Issued, url
from nono.supervisor.decisions.services import PROXY_ADDRESS

if TYPE_CHECKING:
    from nono.supervisor.credentials.upstreams import Upstreams
    from nono.supervisor.network.upstream_proxy import UpstreamProxy

_BACKLOG = 512
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_NO_PROXY = ("no_proxy", "NO_PROXY")


class CredentialProxy:
    """Made before the program starts, served once trio runs. Close it at the end.

    `nameservers` are asked for the services' hosts instead of the machine's own, and these are
    reached through `upstream_proxy`, if there is one. Raises NonoError for a key that is missing.
    """

    def __init__(
        self,
        services: Sequence[Service],
        env: Mapping[str, str],
        nameservers: Sequence[tuple[str, int]] = (),
        upstream_proxy: UpstreamProxy | None = None,
    ) -> None:
        self.issued = Issued(services, env)
        self._nameservers = nameservers
        self._upstream_proxy = upstream_proxy
        self._upstreams: Upstreams | None = None
        self._listener = socket.create_server((PROXY_ADDRESS, 0), backlog=_BACKLOG)

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        port: int = self._listener.getsockname()[1]
        return port

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """What the program gets of these variables, and its tokens and URLs."""
        made = {name: value for name, value in env.items() if not self.issued.holds_key(value)}
        services = self.issued.services.values()
        urls = {each.name: url(each, self.port) + each.upstream.path for each in services}
        for service in services:
            token = self.issued.tokens[service.name].decode()
            made |= dict.fromkeys(service.key_variables, token)
            made |= dict.fromkeys(service.url_variables, urls[service.name])
        # Two services may share a variable; each has its own URL here, whatever comes first.
        made |= {base_url_variable(name): own for name, own in urls.items()}
        if any(name.lower() in _PROXY_VARIABLES for name in made):
            for name in _NO_PROXY:
                made[name] = ",".join(filter(None, (made.get(name), PROXY_ADDRESS)))
        return made

    async def serve(self) -> None:
        """Answer requests until cancelled."""
        from nono.supervisor.credentials.server import serve

        await serve(self._listener, self.issued, self.upstreams)

    @property
    def upstreams(self) -> Upstreams:
        """To be used where trio runs."""
        if self._upstreams is None:
            from nono.broker.network.refusals import METADATA_RULES
            from nono.supervisor.credentials.upstreams import Upstreams
            from nono.supervisor.network.resolver import Resolver

            resolver = Resolver(self._nameservers)
            self._upstreams = Upstreams(resolver, METADATA_RULES, self._upstream_proxy)
        return self._upstreams

    def close(self) -> None:
        """The tokens are good for nothing from now on, and the keys are forgotten."""
        with contextlib.suppress(OSError):
            self._listener.close()
        self.issued.keys.clear()
