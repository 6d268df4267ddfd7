"""nono in an environment inside a project, as somebody may have it."""

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Account, Finished, copy_sources

PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def sources(place: Path) -> Path:
    """Compiled once. An interpreter of another version compiles for itself."""
    copied = copy_sources(place / f"own-code-{secrets.token_hex(4)}")
    subprocess.run([sys.executable, "-m", "compileall", "-q", copied], check=True)
    return copied


@pytest.fixture(scope="module")
def environments(sources: Path) -> dict[str, Path]:
    """Of each account one, which is made once; the tests have copies."""
    return {}


@pytest.fixture
def installed(
    as_user: Account, project: Path, sources: Path, environments: dict[str, Path]
) -> Path:
    """A project with nono in an environment of its own, as somebody may have it: `.venv`.

    The dependencies are those of the environment of the tests, by a .pth file.
    """
    if as_user.name not in environments:
        environments[as_user.name] = _made(as_user, sources)
    venv = project / ".venv"
    subprocess.run(["cp", "-a", environments[as_user.name], venv], check=True)
    (others,) = venv.glob("lib/python3*/site-packages/others.pth")
    with others.open("a") as file:
        file.write(f"{project}/later\n")
    return venv


def _made(account: Account, sources: Path) -> Path:
    venv = account.directory(sources.with_name(f"{sources.name}-{account.name}"))
    done = account(account.python, "-m", "venv", "--without-pip", venv)
    assert done.returncode == 0, done.stderr
    (site_packages,) = venv.glob("lib/python3*/site-packages")
    left_out = shutil.ignore_patterns("*.toml", "*.md")
    shutil.copytree(sources, site_packages / "nono", ignore=left_out)
    given = account(account.python, "-c", "import msgpack; print(msgpack.__path__[0])").stdout
    (site_packages / "others.pth").write_text(f"{Path(given.strip()).parent}\n")
    subprocess.run(["chown", "-R", f"{account.uid}:{account.gid}", venv], check=True)
    return venv


def run(account: Account, venv: Path, *command: str, env: dict[str, str] | None = None) -> Finished:
    nono = (venv / "bin/python", "-P", "-m", "nono.supervisor", "run")
    project = venv.parent
    return account(
        *nono, "--allow-cwd", "--allow", account.home, "--", *command, cwd=project, env=env
    )
