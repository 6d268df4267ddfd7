"""Learn, then run: the learned profile runs the same program again and nothing is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BY_A_USER, SYSTEM_PATH, Account, program_beside
from tests.package_index import pip_flags, pip_settings
from tests.supervisor.learning.conftest import Again, Learn, paths, said_by_nono
from tests.supervisor.network.world import Host, World, world

__all__ = ["pip_flags", "pip_settings"]

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

SLOW = 240.0
PROTECTED = (".ssh", ".aws", ".gnupg", ".bashrc", ".netrc")


@pytest.fixture
def python(as_user: Account) -> str:
    """The account's interpreter, which has the libraries of the test extra."""
    return as_user.python


def check(profile: dict[str, Any], project: Path, home: Path) -> None:
    """Nothing protected, and nothing above the project but named groups and lists of names."""
    opened = {**profile, "filesystem": {**profile.get("filesystem", {}), "list": []}}
    for entry in paths(opened):
        path = Path(str(home) + entry[1:] if entry.startswith("~") else entry)
        assert path != home
        assert path not in project.parents
        assert not any((home / name).is_relative_to(path) for name in PROTECTED)
        assert not any(path.is_relative_to(home / name) for name in PROTECTED)


SCRAPER = program_beside(__file__, "scraper.py")


def test_a_web_scraper(
    learn: Learn, again: Again, as_user: Account, project: Path, python: str
) -> None:
    as_user.file(project / "scraper.py", SCRAPER)
    with world() as made:
        shop, api = made.https("shop.example.net"), made.http("api.example.net", 8080)
        other = made.https("other.example.net")
        made.ca(project / "ca.pem")
        dns = (f"--dns={made.dns.address}:{made.dns.port}",)
        profile, done = learn(python, "scraper.py", options=dns)
        assert done.returncode == 0, done.stderr
        check(profile, project, as_user.home)
        assert profile["workdir"] == {"access": "readwrite"}
        assert set(profile["network"]["allow_domain"]) == expected(shop) | expected(api)
        assert "python_runtime" in profile["groups"]["include"]
        assert "/nowhere/settings.ini" not in done.stdout
        repeated = again(python, "scraper.py", options=dns)
        assert (repeated.returncode, repeated.stderr) == (0, "")
        assert repeated.stdout == "No such file or directory\n4\n"
        elsewhere = again(python, "-c", reaching(other), options=dns)
        assert elsewhere.stdout == "ConnectionError\n"
        assert other.connections == []


def expected(host: Host) -> set[str]:
    """A name, and the address that it leads to, which is a private one."""
    return {f"{host.name}:{host.port}", f"{host.address}:{host.port}"}


def reaching(host: Host) -> str:
    return (
        f"import requests\ntry: requests.get('https://{host.name}')\n"
        "except requests.ConnectionError as error: print(type(error).__name__)"
    )


DATA = program_beside(__file__, "data.py")


def test_a_data_script(
    learn: Learn, again: Again, as_user: Account, project: Path, python: str
) -> None:
    as_user.file(project / "data.py", DATA)
    as_user.file(project / "data.csv", "a,b,c\n" + "1,2,3\n4,5,6\n" * 10)
    profile, done = learn(python, "data.py")
    assert done.returncode == 0, done.stderr
    check(profile, project, as_user.home)
    assert profile["workdir"] == {"access": "readwrite"}
    assert profile["network"] == {"block": True}
    (project / "picture.png").unlink()
    repeated = again(python, "data.py")
    assert (repeated.returncode, repeated.stdout, repeated.stderr) == (0, "20 3\n", "")
    assert (project / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_pip_install(
    learn: Learn,
    again: Again,
    as_user: Account,
    project: Path,
    pip_settings: dict[str, str],
    pip_flags: list[str],
) -> None:
    path = f"{Path(as_user.python).parent}:{SYSTEM_PATH}"
    environment = {**pip_settings, "PATH": path, "PIP_TARGET": "lib"}
    environment.pop("PIP_NO_CACHE_DIR")
    # As root, pip opens the first directory above its cache that is there: not the home itself.
    as_user.directory(as_user.home / ".cache/pip")
    # How this machine finds its index, which is no part of what is learned.
    own = tuple(flag for flag in pip_flags if not flag.startswith("--allow-domain"))
    command = ("pip", "install", "--upgrade", "six")
    profile, done = learn(*command, options=own, env=environment, timeout=SLOW)
    assert done.returncode == 0, done.stderr
    check(profile, project, as_user.home)
    hosts = {entry.rpartition(":")[0] for entry in profile["network"]["allow_domain"]}
    index = pip_settings["PIP_INDEX_URL"].split("/")[2].partition(":")[0]
    assert index in hosts
    repeated = again(*command, options=own, env=environment, timeout=SLOW)
    assert repeated.returncode == 0, repeated.stderr
    assert [line for line in said_by_nono(repeated) if "note:" not in line] == []
    assert (project / "lib/six.py").is_file()


NODE = program_beside(__file__, "page.js")


@pytest.mark.requires(commands=["node"])
def test_a_node_script(learn: Learn, again: Again, as_user: Account, project: Path) -> None:
    as_user.file(project / "page.js", NODE)
    as_user.file(project / "settings.json", json.dumps({"host": "page.example.net"}))
    with World() as made:
        page = made.http("page.example.net")
        dns = (f"--dns={made.dns.address}:{made.dns.port}",)
        profile, done = learn("node", "page.js", options=dns)
        assert done.returncode == 0, done.stderr
        check(profile, project, as_user.home)
        assert set(profile["network"]["allow_domain"]) == expected(page)
        assert "node_runtime" in profile["groups"]["include"]
        repeated = again("node", "page.js", options=dns)
        assert (repeated.returncode, repeated.stderr) == (0, "")
        assert repeated.stdout == "this is page.example.net\n"
        assert os.listdir(project / "out") == ["page.txt"]
