"""A run with services: a fake internet with their APIs, their keys, and nono in front."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Account, Finished, Nono
from tests.supervisor.credentials.fake import REAL_KEY, Api
from tests.supervisor.network.world import Host, World


@dataclass
class Apis:
    """Two services, as far away as a loopback address is."""

    world: World
    openai: Host
    anthropic: Host
    ca: Path

    @property
    def flags(self) -> tuple[str, ...]:
        """What lets nono resolve their names, and clients read what SSL_CERT_FILE names."""
        dns = f"--dns={self.world.dns.address}:{self.world.dns.port}"
        return dns, f"--read-file={self.ca}"

    @property
    def env(self) -> dict[str, str]:
        """Their keys, and the authority that signed their certificates."""
        return {
            "OPENAI_API_KEY": REAL_KEY,
            "ANTHROPIC_API_KEY": REAL_KEY,
            "SSL_CERT_FILE": str(self.ca),
        }


@pytest.fixture(scope="module")
def apis(place: Path) -> Iterator[Apis]:
    """Both services, up for a module of tests."""
    with World() as world:
        openai = world.https("api.openai.com", handler=Api)
        anthropic = world.https("api.anthropic.com", handler=Api)
        yield Apis(world, openai, anthropic, world.ca(place / "credentials-ca.pem"))


@dataclass
class Inside:
    """Runs Python programs in a sandbox with both services."""

    nono: Nono
    account: Account
    project: Path
    apis: Apis

    def __call__(
        self,
        code: str,
        *flags: str,
        services: tuple[str, ...] = ("openai", "anthropic"),
        env: dict[str, str] | None = None,
    ) -> Finished:
        self.account.file(self.project / "program.py", code)
        named = [f"--proxy-credential={name}" for name in services]
        command = (self.account.python, "program.py")
        return self.nono(
            *("run", "--allow-cwd", *named, *self.apis.flags, *flags, "--", *command),
            env={**self.apis.env, **(env or {})},
        )


@pytest.fixture
def inside(nono: Nono, as_user: Account, project: Path, apis: Apis) -> Inside:
    """As root and as an ordinary user."""
    Api.seen.clear()
    return Inside(nono, as_user, project, apis)
