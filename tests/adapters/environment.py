"""One environment with nono and every framework that it has an adapter for.

    python3 -m tests.adapters.environment DIRECTORY

Made by uv, which takes seconds where pip takes minutes. `.ci/run` does it beside the rest and says
in NONO_FRAMEWORKS where; the tests wait for it. By hand they make one for themselves.
"""

import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from tests.copied import CHECKOUT, copy_sources

NO_FRAMEWORKS = {"dev", "plots", "test", "tui"}
"""The other extras of pyproject.toml."""
BESIDES = ("celery", "distributed", "mcp", "numpy", "pydantic-ai-harness", "pytest", "ray")
"""What the tests of adapters import besides."""
_PUBLIC = "/usr/local/bin:/usr/bin:/bin"
"""Where every user can execute an interpreter."""
_SECONDS = 400.0


def make(target: Path) -> None:
    """Whoever waits for it is told by the file `done`: empty, or why there is none."""
    target.mkdir(parents=True, exist_ok=True)
    said = "it was not finished"
    try:
        _install(target)
        said = ""
    except subprocess.CalledProcessError as error:
        said = f"{error}\n{error.stderr}"
    finally:
        (target / "done.new").write_text(said)
        (target / "done.new").rename(target / "done")


def python_of(target: Path) -> str:
    """Its interpreter, once it is there. Raises RuntimeError, TimeoutError."""
    done, end = target / "done", time.monotonic() + _SECONDS
    while not done.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"nobody has made {target}")
        time.sleep(0.1)
    if said := done.read_text():
        raise RuntimeError(said)
    return str(target / "python/bin/python")


def _install(target: Path) -> None:
    extras = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = ",".join(sorted({*extras["optional-dependencies"]} - NO_FRAMEWORKS))
    source = copy_sources(target / "source")
    python = shutil.which("python3", path=_PUBLIC) or sys.executable
    uv, made = str(target / "uv/bin/uv"), str(target / "python")
    # Each start of an interpreter would compile what it imports, since nobody may write there.
    installing = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", made]
    for command in (
        [sys.executable, "-m", "venv", str(target / "uv")],
        [str(target / "uv/bin/pip"), "install", "-qq", "uv"],
        [uv, "venv", "-q", "--python", python, made],
        [*installing, f"{source}[{wanted}]", *BESIDES],
    ):
        subprocess.run(command, check=True, capture_output=True, text=True, umask=0o022)
    shutil.rmtree(source)


if __name__ == "__main__":
    os.umask(0o022)
    make(Path(sys.argv[1]))
