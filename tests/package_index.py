"""How this machine's pip finds its index, for tests that install packages."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest

from nono.broker.network.refusals import PRIVATE_RULES, reaching

ON_PYPI = ("pypi.org", "files.pythonhosted.org")
PORTS = {"http": 80, "https": 443}


def pip_configuration() -> dict[str, str]:
    """pip's own configuration as environment variables: the account's home has none."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    settings = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2].upper().replace("-", "_")
        settings[f"PIP_{name}"] = value.strip("'\"")
    return settings


def local_directories(settings: dict[str, str]) -> Iterator[str]:
    """The wheel directories and local indexes that the configuration names.

    An index links to files that lie beside it.
    """
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        for place in settings.get(name, "").split():
            path = unquote(urlsplit(place).path) if place.startswith("file:") else place
            if os.path.isdir(path):
                yield path if name == "PIP_FIND_LINKS" else os.path.dirname(path)


def reaching_hosts_of(*urls: str) -> Iterator[str]:
    """Flags that allow these servers; one within a private network by its address, too."""
    for url in urls:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
        if host is None or port is None:
            continue  # an index of files
        yield f"--allow-domain={_entry(host, port)}"
        for *_, (address, *_) in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if reaching(PRIVATE_RULES, str(address)):
                yield f"--allow-domain={_entry(str(address), port)}"


def _entry(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@pytest.fixture(scope="module")
def pip_settings() -> dict[str, str]:
    """pip's configuration as variables, without the local directories that it may look in first."""
    configured = pip_configuration()
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        configured.pop(name, None)
    fixed = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_RETRIES": "0"}
    return {"PIP_INDEX_URL": "https://pypi.org/simple", **configured, **fixed}


@pytest.fixture(scope="module")
def pip_flags(pip_settings: dict[str, str]) -> list[str]:
    """What pip needs where its index is another one than PyPI."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
    command += ["--quiet", "--report", "-", "six"]
    environment = {**os.environ, **pip_settings}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    file = json.loads(done.stdout)["install"][0]["download_info"]["url"]
    places = [
        url
        for url in (pip_settings["PIP_INDEX_URL"], file)
        if urlsplit(url).hostname not in ON_PYPI
    ]
    reads = [f"--read={path}" for path in local_directories(pip_settings)]
    return ["--env-allow=PIP_*", *reaching_hosts_of(*places), *reads]
