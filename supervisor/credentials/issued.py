"""What one sandbox was given in place of real keys, and what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence

from nono.broker.credentials.masking import Mask
from nono.broker.credentials.services import InjectMode, Service
from nono.supervisor.credentials.keys import MIN_LENGTH, Key, load
from nono.supervisor.credentials.usage import Usage
from nono.supervisor.decisions.services import PROXY_ADDRESS
from nono.supervisor.faults import Faults


class Issued:
    """The services by name; of each its key, the token that stands for it, and what hides it.

    `usage` and `faults` are noted while requests are answered. Raises NonoError for a key that
    is missing.
    """

    def __init__(self, services: Sequence[Service], env: Mapping[str, str]) -> None:
        self.services = {service.name: service for service in services}
        self.keys: dict[str, Key] = {name: load(each, env) for name, each in self.services.items()}
        # One service may show what another one of the same host was sent.
        self.mask = Mask(*self._secrets()) if self.keys else None
        self.tokens = {name: _token(name) for name in self.services}
        self.usage = Usage()
        self.faults = Faults(self.masked)

    def _secrets(self) -> Iterator[bytes]:
        """The keys, and of a name with a password the password alone, too."""
        for name, key in self.keys.items():
            yield key.value
            if self.services[name].injection.mode is InjectMode.BASIC_AUTH:
                password = key.value.partition(b":")[2]
                if len(password) >= MIN_LENGTH:
                    yield password

    def masked(self, text: str) -> str:
        """The text without any real key."""
        return text if self.mask is None else self.mask.text(text)

    def holds_key(self, text: str) -> bool:
        """Whether a text contains a real key in some form."""
        return self.masked(text) != text


def url(service: Service, port: int) -> str:
    """Where the program finds a service's host, when the proxy listens on this port."""
    return f"http://{PROXY_ADDRESS}:{port}/{service.name}"


def _token(name: str) -> bytes:
    return f"nono-{name}-{secrets.token_urlsafe(32)}".encode()
