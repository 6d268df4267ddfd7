"""Programs and environments as tests of the planning lay them out, and what starting one opens."""

from __future__ import annotations

import os
from pathlib import Path

from nono.broker import is_within
from nono.supervisor.planning.program.program import needed_by


def program(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def opened(home: Path, command: str | Path, **env: str) -> list[str]:
    """What starting a command in the project opens, below the home and outside the project."""
    found = needed_by(str(command), env, str(home / "project"), str(home))
    inside = str(home / "project")
    return sorted(
        os.path.relpath(path, home)
        for path in {*found.files, *found.directories}
        if is_within(path, str(home)) and not is_within(path, inside)
    )


def venv_at(place: Path, python: Path, base: str | Path) -> Path:
    """A virtual environment, whose `bin/python` is returned."""
    (place / "bin").mkdir(parents=True)
    (place / "pyvenv.cfg").write_text(f"home = {base}\n")
    (place / "bin" / "python").symlink_to(python)
    return place / "bin" / "python"
