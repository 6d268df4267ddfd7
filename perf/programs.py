"""Whole programs: what to run, and how long a process takes from its start to its end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from importlib.util import cache_from_source
from pathlib import Path

from nono.perf.place import SYSTEM_PATH, Place, system_python
from nono.supervisor import version

TRUE = ("/bin/true",)
_INCLUDE = "/usr/include"
_WHEELS = (Path(os.__file__).parent / "ensurepip/_bundled", Path("/usr/share/python-wheels"))


def starting(place: Place, command: Sequence[str]) -> Callable[[int], array[int]]:
    """Measures the whole life of a process. Its byte code is there, as after an installation."""
    env = {**os.environ}
    if not os.path.exists(cache_from_source(version.__file__)):
        env["PYTHONPYCACHEPREFIX"] = str(place.top / "pycache")
        env.pop("PYTHONDONTWRITEBYTECODE", None)

    def measure(count: int) -> array[int]:
        samples = array("Q")
        for _ in range(count):
            start = time.perf_counter_ns()
            subprocess.run(command, check=True, cwd=place.project, env=env)
            samples.append(time.perf_counter_ns() - start)
        return samples

    measure(1)
    return measure


def python_alone() -> list[str]:
    """The interpreter that runs nono, by itself."""
    return [sys.executable, "-c", "pass"]


def find() -> list[str] | None:
    return _if_installed("find", _INCLUDE) if os.path.isdir(_INCLUDE) else None


def importing() -> list[str] | None:
    python = system_python()
    return [python, "-c", "import asyncio, ssl, json"] if python else None


def installing(place: Place) -> list[str] | None:
    """pip installs the wheel of pip itself that came with Python: no index, no network."""
    python = system_python()
    wheel = next((wheel for folder in _WHEELS for wheel in folder.glob("pip-*.whl")), None)
    if not python or not wheel or not _has_pip(python):
        return None
    shutil.copy(wheel, place.project)
    options = ("--quiet", "--no-index", "--no-deps", "--upgrade", "--target", "installed")
    return [python, "-m", "pip", "install", *options, wheel.name]


def _has_pip(python: str) -> bool:
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def _if_installed(name: str, *arguments: str) -> list[str] | None:
    program = shutil.which(name, path=f"{SYSTEM_PATH}:{os.environ.get('PATH', '')}")
    return [program, *arguments] if program else None
