"""A FIFO that a program put where nono reads later is not waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Nono

_READERS = {
    "first.py": "import nono.supervisor.planning.program.beginnings as p; p.first_line(path)",
    "pyvenv.cfg": "import nono.supervisor.planning.program.program as p; list(p._bases('.'))",
    "more.pth": "import nono.supervisor.decisions.own_code as p; list(p._added_by('.'))",
    "tool": "import nono.supervisor.decisions.shared_libraries as p; p.needed(path)",
    "own.json": (
        "import nono.supervisor.planning.profiles.promotion as p\n"
        "try: p.promoted('./own.json', [], {'HOME': '/'})\n"
        "except OSError: pass"
    ),
    "mcp.json": (
        "import nono.supervisor.cli.mcp_config as p\ntry: p.Config(path)\nexcept OSError: pass"
    ),
    "stats": (
        "import nono.supervisor.cli.counting as p\ntry: p.Counting(path)\nexcept p.UsageError: pass"
    ),
}


@pytest.mark.parametrize("name", _READERS)
def test_whatever_reads_it(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    text = f"import sys\npath = sys.argv[1]\n{_READERS[name]}"
    words = (sys.executable, "-P", "-c", text, str(tmp_path / name))
    # It would go on for ever: the bound is that of everything that tests start.
    subprocess.run(words, cwd=tmp_path, check=True, timeout=TIMEOUT)


@pytest.mark.requires(landlock=2)
def test_a_command_that_is_one(nono: Nono, project: Path) -> None:
    os.mkfifo(project / "fifo", 0o644)
    done = nono("run", "--allow", ".", "--", "./fifo")
    assert done.returncode == 126
    assert "Permission denied: it is not executable" in done.stderr
