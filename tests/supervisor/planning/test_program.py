"""What a command needs to start: interpreters, environments and scripts, found by looking."""

import os
import sys
from pathlib import Path

import pytest

from nono.supervisor.planning.program import Needed, find_program, needed_by


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A Python prefix of its own: bin/python3.11 and lib/python3.11."""
    prefix = tmp_path / "opt" / "python"
    program(prefix / "bin" / "python3.11")
    (prefix / "bin" / "python3").symlink_to("python3.11")
    (prefix / "lib" / "python3.11").mkdir(parents=True)
    return prefix


@pytest.fixture
def environment(tmp_path: Path, installation: Path) -> Path:
    """A virtual environment made from `installation`."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(installation / "bin" / "python3")
    (venv / "bin" / "python3").symlink_to("python")
    (venv / "pyvenv.cfg").write_text(f"home = {installation}/bin\nversion = 3.11.2\n")
    return venv


def program(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def needed(command: str | Path, *, path: Path | None = None, cwd: Path | None = None) -> Needed:
    env = {"PATH": str(path)} if path else {}
    return needed_by(str(command), env, str(cwd or "/"), "/home/nobody")


def test_a_program_is_found_as_execvp_finds_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    program(first / "tool").chmod(0o644)
    wanted = program(second / "tool")
    env = {"PATH": f"{first}:{second}"}
    assert find_program("tool", env, "/") == str(wanted)
    assert find_program("./tool", env, str(second)) == f"{second}/./tool"
    assert find_program("absent", env, "/") is None


def test_an_environment_brings_its_installation(environment: Path, installation: Path) -> None:
    found = needed("python3", path=environment / "bin")
    assert str(environment) in found.directories
    assert str(installation) in found.directories
    assert str(installation / "bin" / "python3.11") in found.files


def test_a_script_brings_the_program_of_its_first_line(
    tmp_path: Path, environment: Path, installation: Path
) -> None:
    script = program(tmp_path / "tool", f"#!{environment}/bin/python3 -I\n")
    found = needed(script)
    assert str(script) in found.files
    assert str(installation) in found.directories


def test_env_in_the_first_line_is_looked_through(tmp_path: Path, environment: Path) -> None:
    script = program(tmp_path / "tool", "#!/usr/bin/env -S python3 -u\n")
    assert str(environment) in needed(script, path=environment / "bin").directories


def test_scripts_that_name_each_other_end(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    program(one, f"#!{other}\n")
    program(other, f"#!{one}\n")
    assert str(one) in needed(one).files


def test_a_link_that_names_itself_ends(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    assert needed(loop).directories == []


def test_an_active_environment_is_readable_whatever_runs(environment: Path) -> None:
    env = {"PATH": "/usr/bin", "VIRTUAL_ENV": str(environment)}
    assert str(environment) in needed_by("sh", env, "/", "/home/nobody").directories


def test_a_prefix_that_holds_the_home_is_not_opened_as_a_whole(tmp_path: Path) -> None:
    prefix = tmp_path
    home = tmp_path / "home" / "someone"
    home.mkdir(parents=True)
    program(prefix / "bin" / "python3")
    (prefix / "lib" / "python3.12").mkdir(parents=True)
    found = needed_by(str(prefix / "bin" / "python3"), {}, "/", str(home))
    assert str(prefix) not in found.directories
    assert str(prefix / "lib") in found.directories


@pytest.mark.parametrize("head", [b"", b"#!", b"#!\n", b"#!relative\n", b"\x7fELF", b"#!/\xff\n"])
def test_odd_files_need_nothing_more(tmp_path: Path, head: bytes) -> None:
    odd = tmp_path / "odd"
    odd.write_bytes(head)
    odd.chmod(0o755)
    assert needed(odd).directories == []


def test_the_running_interpreter_is_found() -> None:
    found = needed_by(sys.executable, os.environ, "/", "/home/nobody")
    library = os.path.realpath(os.path.dirname(os.__file__))
    assert any(library.startswith(os.path.realpath(place)) for place in found.directories) or (
        library.startswith("/usr/")
    )
