"""pip and npm install from the index and the registry that this machine is configured to use."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nono.broker.network.refusals import PRIVATE_RULES, reaching
from tests.conftest import SYSTEM_PATH, Account, Nono
from tests.programs.test_packages import local_directories, pip_configuration
from tests.supervisor.linux.network.clients.conftest import DENIED, Client, refused, report

SLOW = 180.0
PYPI = ("--allow-domain", "*.pythonhosted.org", "--allow-domain", "pypi.org")
ON_PYPI = ("pypi.org", "files.pythonhosted.org")
PORTS = {"http": 80, "https": 443}
NPM = {
    "npm_config_cache": ".npm",
    "npm_config_fetch_retries": "0",
    "npm_config_update_notifier": "false",
}


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


@pytest.fixture(scope="module")
def registry() -> str:
    """The registry that npm is configured to use."""
    done = subprocess.run(["npm", "config", "get", "registry"], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip()


def test_pip(
    nono: Nono, project: Path, as_user: Account, pip_settings: dict[str, str], pip_flags: list[str]
) -> None:
    path = f"{Path(as_user.python).parent}:{SYSTEM_PATH}"
    environment = {**pip_settings, "PATH": path, "PIP_TARGET": "lib"}
    command = ("pip", "install", "six")
    done = nono(
        "run", "--allow-cwd", *PYPI, *pip_flags, "--", *command, env=environment, timeout=SLOW
    )
    assert (done.returncode, report(done)) == (0, []), done.stderr
    assert "Downloading" in done.stdout
    assert "Successfully installed six" in done.stdout
    assert (project / "lib/six.py").is_file()


def test_pip_elsewhere(client: Client, as_user: Account) -> None:
    options = ("--no-cache-dir", "--retries=0", "--disable-pip-version-check")
    index = f"--index-url={DENIED}/simple"
    command = (as_user.python, "-m", "pip", "download", *options, index, "six")
    done = client(*command, env={"PIP_CONFIG_FILE": os.devnull})
    assert done.returncode == 1
    assert "No matching distribution found for six" in done.stderr
    assert report(done) == refused()


@pytest.mark.requires(commands=["npm"])
def test_npm(nono: Nono, project: Path, registry: str) -> None:
    environment = {**NPM, "npm_config_registry": registry}
    certificates = os.environ.get("NODE_EXTRA_CA_CERTS")
    if certificates:
        environment["NODE_EXTRA_CA_CERTS"] = certificates
    view = ["npm", "view", "ms", "dist.tarball"]
    file = subprocess.run(view, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    flags = reaching_hosts_of(registry, file)
    command = ("npm", "install", "ms")
    done = nono("run", "--allow-cwd", *flags, "--", *command, env=environment, timeout=SLOW)
    assert (done.returncode, report(done)) == (0, []), done.stderr
    assert "added 1 package" in done.stdout
    assert json.loads((project / "node_modules/ms/package.json").read_text())["name"] == "ms"


@pytest.mark.requires(commands=["npm"])
def test_npm_elsewhere(client: Client) -> None:
    command = ("npm", "install", "--fetch-retries=0", f"--registry={DENIED}", "ms")
    done = client(*command, env=NPM)
    assert done.returncode == 1
    assert "ECONNREFUSED" in done.stderr
    assert report(done) == refused()
