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


@pytest.fixture
def installed(as_user: Account, project: Path, sources: Path) -> Path:
    """A project with nono in an environment of its own, as somebody may have it: `.venv`.

    The dependencies are those of the environment of the tests, by a .pth file.
    """
    venv = project / ".venv"
    done = as_user(as_user.python, "-m", "venv", "--without-pip", venv)
    assert done.returncode == 0, done.stderr
    (site_packages,) = venv.glob("lib/python3*/site-packages")
    shutil.copytree(
        sources, site_packages / "nono", ignore=shutil.ignore_patterns("*.toml", "*.md")
    )
    given = as_user(as_user.python, "-c", "import msgpack; print(msgpack.__path__[0])").stdout
    (site_packages / "others.pth").write_text(f"{Path(given.strip()).parent}\n{project}/later\n")
    subprocess.run(["chown", "-R", f"{as_user.uid}:{as_user.gid}", venv], check=True)
    return venv


def run(account: Account, venv: Path, *command: str, env: dict[str, str] | None = None) -> Finished:
    nono = (venv / "bin/python", "-P", "-m", "nono.supervisor", "run")
    project = venv.parent
    return account(
        *nono, "--allow-cwd", "--allow", account.home, "--", *command, cwd=project, env=env
    )
