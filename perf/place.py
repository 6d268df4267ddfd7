"""Where a benchmark runs: a directory with the compiled programs and the files that are opened.

    project/    the working directory; every rung may do everything in it
    carved/     allowed but for carved/denied, so that the broker performs opens in it
    outside/    what no rule mentions
    pycache/    byte code of the Python programs whose start is measured

It lies in /var/tmp, since a program may create and use files of its own in /tmp.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SOURCES = Path(__file__).resolve().parent
_READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/dev")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Place:
    """Removed by `close`."""

    def __init__(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="nono-perf-", dir="/var/tmp")).resolve()
        self.project = self.top / "project"
        self.carved = self.top / "carved"
        self.denied = self.carved / "denied"
        for directory in (self.project, self.denied, self.top / "outside"):
            directory.mkdir(parents=True)
        self.file = _written(self.project / "file")
        self.outside = _written(self.top / "outside/file")
        self.own = Path(f"/tmp/nono-perf-{os.getpid()}")
        """To be created from inside: /tmp is everybody's, and a sandbox may use what it made."""
        self.compiler = shutil.which("gcc") or shutil.which("cc")
        self.loop = self._compile("bare_loop")
        self.timer = self._timer()

    def make_new(self) -> Path:
        """A file in the carved directory; made after the sandbox has started, it has no rule."""
        return _written(self.carved / "new")

    def close(self) -> None:
        self.own.unlink(missing_ok=True)
        shutil.rmtree(self.top)

    def _compile(self, name: str) -> str | None:
        if self.compiler is None:
            return None
        program = self.project / name
        source = _SOURCES / f"{name}.c"
        subprocess.run([self.compiler, "-O2", "-o", program, source], check=True)
        return str(program)

    def _timer(self) -> list[str]:
        """The command of the timed program: timer.c, or timer.py without a compiler."""
        compiled = self._compile("timer")
        if compiled:
            return [compiled]
        script = shutil.copy(_SOURCES / "timer.py", self.project)
        return [system_python() or sys.executable, os.fspath(script)]


def readable() -> list[str]:
    """What every program needs, for sandboxes that know no groups of it."""
    return [*filter(os.path.isdir, _READABLE)]


def system_python() -> str | None:
    """An interpreter that a sandbox may read without an option."""
    return shutil.which("python3", path=SYSTEM_PATH)


def _written(path: Path) -> Path:
    path.write_text("x" * 64)
    return path
