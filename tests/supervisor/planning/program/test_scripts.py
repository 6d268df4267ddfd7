"""Which script a command line runs, and what is put before one that is named alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.broker import File
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.program.program import script_rules
from nono.supervisor.planning.program.scripts import script_of, with_interpreter
from nono.supervisor.walk import Changeable

BY_NONO = "#!/usr/bin/env -S nono run --\n"
BY_PYTHON = "#!/usr/bin/env python3\n"
PATH = {"PATH": "/usr/bin:/bin"}


def put(path: Path, text: str, mode: int) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_what_is_put_before_a_script(tmp_path: Path) -> None:
    put(tmp_path / "plain.py", "", 0o644)
    put(tmp_path / "by_nono.py", BY_NONO, 0o755)
    put(tmp_path / "by_python.py", BY_PYTHON, 0o755)
    put(tmp_path / "tool", BY_PYTHON, 0o755)
    for named, started in {
        "plain.py": ("python3", "plain.py", "x"),
        "./plain.py": ("python3", "./plain.py", "x"),
        "by_nono.py": ("python3", "by_nono.py", "x"),
        str(tmp_path / "by_nono.py"): ("python3", str(tmp_path / "by_nono.py"), "x"),
        "./by_python.py": ("./by_python.py", "x"),
        "by_python.py": ("./by_python.py", "x"),
        "./tool": ("./tool", "x"),
        "missing.py": ("missing.py", "x"),
        "ls": ("ls", "x"),
    }.items():
        made = with_interpreter((named, "x"), str(tmp_path), PATH)
        assert (tuple(made.argv), made.script) == (
            started,
            named if started[0] == "python3" else None,
        )
    put(tmp_path / "bin.py", BY_PYTHON, 0o755)
    found = with_interpreter(("bin.py",), str(tmp_path), {"PATH": str(tmp_path)})
    assert found.argv == ("bin.py",)


def test_a_script_that_would_start_nono_again(tmp_path: Path) -> None:
    put(tmp_path / "tool", BY_NONO, 0o755)
    with pytest.raises(UsageError, match="not with what"):
        with_interpreter(("./tool",), str(tmp_path), PATH)


@pytest.mark.parametrize(
    ("line", "script"),
    [
        ("python3 a.py b.py", "a.py"),
        ("/usr/bin/python3.11 -I -W error -u a.py", "a.py"),
        ("python3 -c pass a.py", None),
        ("python3 -m http.server a.py", None),
        ("python3 - a.py", None),
        ("python3", None),
        ("uv run a.py", "a.py"),
        ("uv run --script a.py", "a.py"),
        ("uv run pytest a.py", None),
        ("uv sync", None),
        ("a.py", "a.py"),
        ("ls a.py", None),
        ("/bin/ls", None),
    ],
)
def test_the_script_of_a_line(line: str, script: str | None) -> None:
    assert script_of(line.split(), "/w") == (None if script is None else f"/w/{script}")


def test_a_script_is_not_opened_through_a_link_of_the_projects(tmp_path: Path) -> None:
    (tmp_path / "secret.py").touch()
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").touch()
    (work / "led.py").symlink_to(tmp_path / "secret.py")
    changeable = Changeable([str(work)], str(work))
    rules = script_rules("a.py", str(work), changeable)
    assert [rule.pattern for rule in rules] == [File(str(work / "a.py"))]
    assert list(script_rules("led.py", str(work), changeable)) == []
