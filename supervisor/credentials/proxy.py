"""The credential proxy of one sandbox: the program's tokens in, real keys out.

*Performed on our copy*: a request is read whole up to its body, judged (broker.service_request),
and made anew; the program has a connection to us and to nobody else.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nono.broker.credentials.masking import Mask
from nono.broker.credentials.services import Service, base_url_variable
from nono.supervisor.credentials.keys import Key, load
from nono.supervisor.credentials.usage import Usage
from nono.supervisor.decisions.services import PROXY_ADDRESS
from nono.supervisor.faults import Faults

if TYPE_CHECKING:
    from nono.supervisor.credentials.upstreams import Upstreams

_BACKLOG = 512
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_NO_PROXY = ("no_proxy", "NO_PROXY")


class CredentialProxy:
    """Made before the program starts, served once trio runs. Close it at the end.

    `nameservers` are asked for the services' hosts instead of the machine's own. Raises NonoError
    for a key that is missing.
    """

    def __init__(
        self,
        services: Sequence[Service],
        env: Mapping[str, str],
        nameservers: Sequence[tuple[str, int]] = (),
    ) -> None:
        self.services = {service.name: service for service in services}
        self.keys: dict[str, Key] = {name: load(each, env) for name, each in self.services.items()}
        self.masks = {name: Mask(key.value) for name, key in self.keys.items()}
        self.tokens = {name: _token(name) for name in self.services}
        self.usage = Usage()
        self.faults = Faults(self.masked)
        self._nameservers = nameservers
        self._upstreams: Upstreams | None = None
        self._listener = socket.create_server((PROXY_ADDRESS, 0), backlog=_BACKLOG)

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        port: int = self._listener.getsockname()[1]
        return port

    def url(self, service: Service) -> str:
        """Where the program finds the service's host."""
        return f"http://{PROXY_ADDRESS}:{self.port}/{service.name}"

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """What the program gets of these variables, and its tokens and URLs."""
        made = {name: value for name, value in env.items() if not self.holds_key(value)}
        for service in self.services.values():
            token = self.tokens[service.name].decode()
            made |= dict.fromkeys(service.key_variables, token)
            made |= dict.fromkeys(service.url_variables, self.url(service) + service.upstream.path)
        # Two services may share a variable; each has its own URL here, whatever comes first.
        for service in self.services.values():
            name = base_url_variable(service.name)
            made[name] = self.url(service) + service.upstream.path
        if any(name.lower() in _PROXY_VARIABLES for name in made):
            for name in _NO_PROXY:
                made[name] = ",".join(filter(None, (made.get(name), PROXY_ADDRESS)))
        return made

    def holds_key(self, text: str) -> bool:
        """Whether a text contains a real key in some form."""
        return self.masked(text) != text

    def masked(self, text: str) -> str:
        """The text without any real key."""
        for mask in self.masks.values():
            text = mask.text(text)
        return text

    async def serve(self) -> None:
        """Answer requests until cancelled."""
        from nono.supervisor.credentials import server as serving

        await serving.serve(self._listener, self)

    @property
    def upstreams(self) -> Upstreams:
        """To be used where trio runs."""
        if self._upstreams is None:
            from nono.broker.network.refusals import METADATA_RULES
            from nono.supervisor.credentials.upstreams import Upstreams
            from nono.supervisor.network.resolver import Resolver

            self._upstreams = Upstreams(Resolver(self._nameservers), METADATA_RULES)
        return self._upstreams

    def close(self) -> None:
        """The tokens are good for nothing from now on, and the keys are forgotten."""
        with contextlib.suppress(OSError):
            self._listener.close()
        self.keys.clear()


def _token(name: str) -> bytes:
    return f"nono-{name}-{secrets.token_urlsafe(32)}".encode()
