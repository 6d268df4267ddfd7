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
_COMPILED = (
    *("agents.sandbox", "celery", "deepagents", "distributed", "ipykernel.kernelapp"),
    *("jupyter_client", "mcp.server.mcpserver", "numpy", "pydantic_ai", "pytest", "ray"),
    "smolagents",
)
"""What is imported here: an ordinary user could not write down what is compiled."""
_COMPILES = """
import compileall, importlib, sys
sys.dont_write_bytecode = False
for name in sys.argv[1:]:
    importlib.import_module(name)
import nono
compileall.compile_dir(nono.__path__[0], quiet=1)
"""
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
    for command in (
        [sys.executable, "-m", "venv", str(target / "uv")],
        [str(target / "uv/bin/pip"), "install", "-qq", "uv"],
        [uv, "venv", "-q", "--python", python, made],
        [uv, "pip", "install", "-q", "--python", made, f"{source}[{wanted}]", *BESIDES],
        [f"{made}/bin/python", "-c", _COMPILES, *_COMPILED],
    ):
        subprocess.run(command, check=True, capture_output=True, text=True, umask=0o022)
    shutil.rmtree(source)


if __name__ == "__main__":
    os.umask(0o022)
    make(Path(sys.argv[1]))
