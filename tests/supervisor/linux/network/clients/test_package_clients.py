"""pip and npm install from the index and the registry that this machine is configured to use."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, SYSTEM_PATH, Account, Nono
from tests.package_index import pip_flags, pip_settings, reaching_hosts_of
from tests.supervisor.linux.network.clients.conftest import DENIED, Client, refused, report

__all__ = ["pip_flags", "pip_settings"]  # fixtures

SLOW = 180.0
PYPI = ("--allow-domain", "*.pythonhosted.org", "--allow-domain", "pypi.org")
NPM = {
    "npm_config_cache": ".npm",
    "npm_config_fetch_retries": "0",
    "npm_config_update_notifier": "false",
}


@pytest.fixture(scope="module")
def registry() -> str:
    """The registry that npm is configured to use."""
    done = subprocess.run(["npm", "config", "get", "registry"], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip()


@BY_A_USER
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


@BY_A_USER
def test_pip_elsewhere(client: Client, as_user: Account) -> None:
    options = ("--no-cache-dir", "--retries=0", "--disable-pip-version-check")
    index = f"--index-url={DENIED}/simple"
    command = (as_user.python, "-m", "pip", "download", *options, index, "six")
    done = client(*command, env={"PIP_CONFIG_FILE": os.devnull})
    assert done.returncode == 1
    assert "No matching distribution found for six" in done.stderr
    assert report(done) == refused()


@BY_A_USER
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


@BY_A_USER
@pytest.mark.requires(commands=["npm"])
def test_npm_elsewhere(client: Client) -> None:
    command = ("npm", "install", "--fetch-retries=0", f"--registry={DENIED}", "ms")
    done = client(*command, env=NPM)
    assert done.returncode == 1
    assert "ECONNREFUSED" in done.stderr
    assert report(done) == refused()
