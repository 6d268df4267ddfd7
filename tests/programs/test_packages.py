"""A virtual environment is made, packages from the configured index are installed, and run."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import Account, Nono
from tests.programs.conftest import Alike

SLOW = 300.0
TEST_FILES = {
    "src/count.py": "def words(text: str) -> int:\n    return len(text.split())\n",
    "tests/test_count.py": """
import subprocess
import sys
from pathlib import Path

import markupsafe
import pytest
from count import words


@pytest.mark.parametrize("text", ["", "one", "two words"])
def test_words(text: str, tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text(text)
    assert words(file.read_text()) == text.count(" ") + bool(text)


def test_output(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("src")
    subprocess.run([sys.executable, "-c", "import count; print(count.words('a b'))"], check=True)
    assert capfd.readouterr().out == "2\\n"


def test_compiled() -> None:
    assert markupsafe._escape_inner.__module__ == "markupsafe._speedups"


def test_fails() -> None:
    assert words("a") == 2
""",
}


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


@pytest.fixture
def pip_options() -> tuple[list[str], dict[str, str]]:
    """Options for nono, and variables, that let pip use what it is configured to use."""
    settings = pip_configuration()
    reads = [option for path in local_directories(settings) for option in ("--read", path)]
    return [*reads, "--env-allow", "PIP_*"], settings


def without_times(output: str) -> str:
    return re.sub(r" in [0-9.]+s", "", output)


def test_an_environment_is_made(alike: Alike) -> None:
    assert alike("python3", "-m", "venv", "--without-pip", ".venv").returncode == 0


def test_pip_and_pytest(
    nono: Nono,
    project: Path,
    as_user: Account,
    pip_options: tuple[list[str], dict[str, str]],
) -> None:
    """One after the other in one project, as a person would."""
    options, settings = pip_options
    for name, text in TEST_FILES.items():
        as_user.file(project / name, text)

    def run(*command: str, env: dict[str, str]) -> tuple[int, str]:
        done = nono("run", "--allow-cwd", *options, "--", *command, env=env, timeout=SLOW)
        assert "nono:" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    settings["PIP_NO_CACHE_DIR"] = "1"
    assert run("python3", "-m", "venv", ".venv", env={})[0] == 0
    install = (".venv/bin/pip", "install", "markupsafe", "pytest")
    status, output = run(*install, env=settings)
    assert (status, "Successfully installed" in output) == (0, True)
    status, output = run(
        ".venv/bin/python", "-c", "from markupsafe import _speedups; print(_speedups)", env={}
    )
    assert (status, str(project / ".venv") in output) == (0, True)
    tests = (".venv/bin/pytest", "-q", "-p", "no:cacheprovider", "tests")
    status, output = run(*tests, env={"PYTHONPATH": "src"})
    outside = as_user(*tests, cwd=project, env={"PYTHONPATH": "src"})
    assert "1 failed, 5 passed" in output
    assert (status, without_times(output)) == (1, without_times(outside.stdout))


def test_pip_without_its_cache(
    nono: Nono, project: Path, as_user: Account, pip_options: tuple[list[str], dict[str, str]]
) -> None:
    """The user's cache is closed: pip goes on without it, and the report names nothing else."""
    options, settings = pip_options
    assert as_user("python3", "-m", "venv", project / ".venv").returncode == 0
    install = (".venv/bin/pip", "install", "markupsafe")
    done = nono("run", "--allow-cwd", *options, "--", *install, env=settings, timeout=SLOW)
    assert (done.returncode, "Successfully installed" in done.stdout) == (0, True)
    report = done.stderr.partition("nono:")[2].splitlines()[1:]
    assert [line for line in report if str(as_user.home) not in line] == []
