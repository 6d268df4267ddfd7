"""Environments with nono that every user can read, made by uv: in seconds, where pip takes minutes.

    python3 -m tests.environments DIRECTORY

`ordinary` has what programs of the tests import, for accounts that cannot read the one that the
tests run in, or where that one is without the extra `clients`; `frameworks` has every framework
that nono has an adapter for. `.ci/run` makes them beside the rest and says in NONO_ENVIRONMENTS
where; the tests wait for them. By hand each process makes what it needs.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.copied import CHECKOUT, copy_sources

OF_TESTS = {"clients", "dev", "docs", "plots", "test", "tui"}
"""The extras of pyproject.toml that are no framework."""
_IMPORTS = """
import importlib, sys
sys.dont_write_bytecode = False
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
_CLIENTS = ("httpx", "keyrings", "redis", "requests")
"""Modules of the extra `clients`; the large ones are not in the image of tests/kernels."""
_PUBLIC = "/usr/local/bin:/usr/bin:/bin"
"""Where every user can execute an interpreter."""
_SECONDS = 400.0


@dataclass(frozen=True)
class Environment:
    """What is installed besides nono, and what is compiled: an ordinary user could not write it."""

    extras: Sequence[str]
    besides: Sequence[str]
    imported: Sequence[str] | None
    """What is compiled besides nono and its dependencies, by an import here; None: everything."""


def _frameworks() -> list[str]:
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return sorted({*extras["optional-dependencies"]} - OF_TESTS)


ENVIRONMENTS = {
    "ordinary": Environment(["clients", "executor", "tui"], ["numpy", "pip"], imported=None),
    "frameworks": Environment(
        _frameworks(),
        ["celery", "distributed", "mcp", "numpy", "pydantic-ai-harness", "pytest", "ray"],
        imported=[
            *("agents.sandbox", "celery", "deepagents", "distributed", "ipykernel.kernelapp"),
            *("jupyter_client", "mcp.server.mcpserver", "numpy", "pydantic_ai", "pytest", "ray"),
            "smolagents",
        ],
    ),
}


def given(name: str) -> str | None:
    """The interpreter of an environment that `.ci/run` makes."""
    made = os.environ.get("NONO_ENVIRONMENTS")
    return python_of(Path(made) / name) if made else None


def with_clients(place: Path) -> str:
    """One that imports what programs of the tests do: ours, unless there is another, or must be."""
    if made := given("ordinary"):
        return made
    is_whole = all(map(importlib.util.find_spec, _CLIENTS))
    return sys.executable if is_whole else interpreter("ordinary", place)


def interpreter(name: str, place: Path) -> str:
    """That of an environment, which is made below `place` unless `.ci/run` makes it."""
    if made := given(name):
        return made
    make(place / "environments", [name])
    return python_of(place / "environments" / name)


def make(target: Path, names: Sequence[str]) -> None:
    """Whoever waits for one is told by the file `done` in it: empty, or why there is none."""
    for name in names:
        (target / name).mkdir(parents=True, exist_ok=True)
    for name in names:
        said = "it was not finished"
        try:
            _install(target, name, ENVIRONMENTS[name])
            said = ""
        except subprocess.CalledProcessError as error:
            said = f"{error}\n{error.stderr}"
        finally:
            (target / name / "done.new").write_text(said)
            (target / name / "done.new").rename(target / name / "done")


def python_of(target: Path) -> str:
    """The interpreter of an environment, once it is there. Raises RuntimeError, TimeoutError."""
    done, end = target / "done", time.monotonic() + _SECONDS
    while not done.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"nobody has made {target}")
        time.sleep(0.1)
    if said := done.read_text():
        raise RuntimeError(said)
    return str(target / "python/bin/python")


def install(place: Path, environment: Path, *what: str) -> None:
    """Make an environment of this interpreter's with nothing but that. Raises CalledProcessError.

    By the uv of `.ci/run`, or by one below `place`.
    """
    made = os.environ.get("NONO_ENVIRONMENTS")
    if made:
        python_of(Path(made) / "ordinary")  # uv is there by then
    uv = _uv(Path(made or place), place)
    _run(uv, "venv", "-q", "--python", sys.executable, str(environment), tmpdir=place)
    _run(uv, "pip", "install", "-q", "--python", str(environment), *what, tmpdir=place)


def _uv(target: Path, tmpdir: Path) -> str:
    """That below `target`; it is installed the first time."""
    uv = target / "uv/bin/uv"
    if not uv.exists():
        _run(sys.executable, "-m", "venv", str(target / "uv"), tmpdir=tmpdir)
        _run(str(target / "uv/bin/pip"), "install", "-qq", "uv", tmpdir=tmpdir)
    return str(uv)


def _install(target: Path, name: str, wanted: Environment) -> None:
    run = partial(_run, tmpdir=target)
    system = shutil.which("python3", path=_PUBLIC) or sys.executable
    uv, made = _uv(target, target), target / name / "python"
    source = copy_sources(target / name / "source")
    run(uv, "venv", "-q", "--python", system, str(made))
    install = (uv, "pip", "install", "-q", "--python", str(made))
    everything = (f"{source}[{','.join(wanted.extras)}]", *wanted.besides)
    if wanted.imported is None:
        run(*install, "--compile-bytecode", *everything)
    else:
        run(*install, "--compile-bytecode", str(source))
        run(*install, *everything)
        run(str(made / "bin/python"), "-c", _IMPORTS, *wanted.imported)
    shutil.rmtree(source)
    _start(made / "bin/python", target)


def _start(python: Path, home: Path) -> None:
    """Whoever may write there keeps the modules that a start needs: all is as after the first."""
    environment = {"HOME": str(home), "PATH": _PUBLIC}
    for words in (
        ("run", "--no-audit", "--", "true"),
        ("learn", "--", "true"),
        ("why", "read", "/"),
    ):
        command = [str(python), "-P", "-m", "nono.supervisor", *words]
        subprocess.run(command, capture_output=True, umask=0o022, env=environment)


def _run(*command: str, tmpdir: Path) -> None:
    """uv leaves locks in a TMPDIR."""
    environment = {**os.environ, "TMPDIR": str(tmpdir)}
    subprocess.run(
        command, check=True, capture_output=True, text=True, umask=0o022, env=environment
    )


if __name__ == "__main__":
    os.umask(0o022)
    make(Path(sys.argv[1]), list(ENVIRONMENTS))
