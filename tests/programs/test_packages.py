"""A virtual environment is made, packages from the configured index are installed, and run."""

import re
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside
from tests.package_index import local_directories, pip_configuration
from tests.programs.conftest import Alike

SLOW = 300.0
TEST_FILES = {
    "src/count.py": "def words(text: str) -> int:\n    return len(text.split())\n",
    "tests/test_count.py": program_beside(__file__, "count_tests.py"),
}


@pytest.fixture
def pip_options() -> tuple[list[str], dict[str, str]]:
    """Options for nono, and variables, that let pip use what it is configured to use."""
    settings = pip_configuration()
    reads = [option for path in local_directories(settings) for option in ("--read", path)]
    return [*reads, "--env-allow", "PIP_*"], settings


def without_times(output: str) -> str:
    return re.sub(r" in [0-9.]+s", "", output)


@BY_A_USER
def test_an_environment_is_made(alike: Alike) -> None:
    assert alike("python3", "-m", "venv", "--without-pip", ".venv").returncode == 0


@BY_A_USER
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


@BY_A_USER
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
