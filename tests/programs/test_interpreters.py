"""The interpreter that runs is found and readable without a flag, wherever it is installed."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, SYSTEM_PATH, Account
from tests.programs.conftest import Alike

SAY = "import marker, sys; print(marker.TEXT, sys.prefix, sys.executable)"


@pytest.fixture
def venv(as_user: Account) -> Iterator[Path]:
    """A virtual environment outside of every project, with a module of its own."""
    path = as_user.home / "environments" / "venv"
    made = as_user("python3", "-m", "venv", "--without-pip", path)
    assert made.returncode == 0, made.stderr
    library = next(path.glob("lib/python3*/site-packages"))
    as_user.file(library / "marker.py", "TEXT = 'found'\n")
    yield path
    shutil.rmtree(path.parent)


@BY_A_USER
def test_an_absolute_path(alike: Alike, venv: Path) -> None:
    assert alike(venv / "bin/python", "-c", SAY).stdout.startswith(f"found {venv}")


@BY_A_USER
def test_a_relative_path(alike: Alike, venv: Path) -> None:
    relative = Path("..", "environments", "venv", "bin", "python3")
    assert alike(relative, "-c", SAY).stdout.startswith("found")


@BY_A_USER
def test_a_search_through_path(alike: Alike, venv: Path) -> None:
    env = {"PATH": f"{venv}/bin:{SYSTEM_PATH}"}
    assert alike("python3", "-c", SAY, env=env).stdout.startswith(f"found {venv}")


@BY_A_USER
def test_an_active_environment_behind_a_shell(alike: Alike, venv: Path) -> None:
    env = {"PATH": f"{venv}/bin:{SYSTEM_PATH}", "VIRTUAL_ENV": str(venv)}
    done = alike("sh", "-c", f'python3 -c "{SAY}"', env=env)
    assert done.stdout.startswith(f"found {venv}")


@BY_A_USER
@pytest.mark.parametrize("line", ["#!{venv}/bin/python", "#!/usr/bin/env python3"])
def test_the_first_line_of_a_script(alike: Alike, venv: Path, line: str) -> None:
    files = {"say": f"{line.format(venv=venv)}\n{SAY}\n"}
    env = {"PATH": f"{venv}/bin:{SYSTEM_PATH}"}
    assert alike("./say", files=files, env=env).stdout.startswith(f"found {venv}")


@BY_A_USER
def test_a_command_installed_in_an_environment(alike: Alike, venv: Path, as_user: Account) -> None:
    as_user.file(venv / "bin/say", f"#!{venv}/bin/python3\n{SAY}\n", 0o755)
    as_user.directory(as_user.home / "links")
    link = as_user.home / "links/say"
    link.symlink_to(venv / "bin/say")
    try:
        assert alike(link).stdout.startswith(f"found {venv}")
    finally:
        shutil.rmtree(link.parent)


@BY_A_USER
def test_an_environment_made_from_another(alike: Alike, venv: Path, as_user: Account) -> None:
    inner = as_user.home / "inner"
    command = (venv / "bin/python", "-m", "venv", "--without-pip", "--system-site-packages", inner)
    assert as_user(*command).returncode == 0
    try:
        say = "import sys; print(sys.prefix, sys.base_prefix)"
        assert alike(inner / "bin/python", "-c", say).stdout.startswith(str(inner))
    finally:
        shutil.rmtree(inner)


@pytest.fixture(params=[".pyenv", "opt/pyenv"])
def pyenv(as_user: Account, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An imitation of pyenv: shims, which are scripts that look for the version to run."""
    root = as_user.directory(as_user.home / request.param)
    version = root / "versions/3.99.1"
    as_user.file(root / "version", "3.99.1\n")
    shim = f'#!/usr/bin/env bash\nexec "{root}/libexec/pyenv" exec "${{0##*/}}" "$@"\n'
    select = f'#!/bin/sh\nshift; v=$(cat "{root}/version"); exec "{root}/versions/$v/bin/$@"\n'
    as_user.file(root / "shims/python3", shim, 0o755)
    as_user.file(root / "libexec/pyenv", select, 0o755)
    as_user.directory(version / "bin")
    as_user.directory(version / "lib")
    _copy_installation(version)
    yield root
    shutil.rmtree(as_user.home / Path(request.param).parts[0])


def _copy_installation(version: Path) -> None:
    """The system's own Python at another place: its executable, its library by a link."""
    system = shutil.which("python3", path=SYSTEM_PATH)
    assert system
    ask = "import os, sys, sysconfig; print(os.path.realpath(sys.executable))"
    ask += "; print(sysconfig.get_path('stdlib'))"
    answer = subprocess.run([system, "-c", ask], check=True, capture_output=True, text=True)
    executable, library = answer.stdout.splitlines()
    shutil.copy(executable, version / "bin/python3")
    (version / "lib" / Path(library).name).symlink_to(library)


@BY_A_USER
def test_a_shim(alike: Alike, pyenv: Path) -> None:
    env = {"PATH": f"{pyenv}/shims:{SYSTEM_PATH}", "PYENV_ROOT": str(pyenv)}
    say = "import sys; print(sys.executable)"
    assert alike("python3", "-c", say, env=env).stdout == f"{pyenv}/versions/3.99.1/bin/python3\n"
