"""What a command needs to start: interpreters, environments and scripts, found by looking."""

import os
import sys
from pathlib import Path

import pytest

from nono.supervisor.planning.program.program import Needed, find_program, needed_by
from tests.supervisor.planning.installed import opened, program, venv_at


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A Python prefix of its own: bin/python3.11 and lib/python3.11."""
    prefix = tmp_path / "opt" / "python"
    program(prefix / "bin" / "python3.11")
    (prefix / "bin" / "python3").symlink_to("python3.11")
    program(prefix / "lib" / "python3.11" / "os.py")
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
    program(prefix / "lib" / "python3.12" / "os.py")
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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a project, and documents that nothing in the project may open."""
    home = tmp_path / "home" / "someone"
    program(home / "Documents" / "letter")
    program(home / ".config" / "token")
    (home / "project").mkdir()
    return home


def python_at(prefix: Path) -> Path:
    """An installation of Python, its executable `bin/python3.12`, which is returned."""
    (prefix / "lib" / "python3.12").mkdir(parents=True)
    program(prefix / "lib" / "python3.12" / "os.py")
    return program(prefix / "bin" / "python3.12")


PARTS = ("bin", "include", "lib", "lib64", "libexec")


def parts(prefix: str) -> list[str]:
    return [f"{prefix}/{name}" for name in PARTS]


def test_an_environment_of_uv_in_the_project_opens_the_installation(home: Path) -> None:
    uv = ".local/share/uv/python/cpython-3.12"
    executable = python_at(home / f"{uv}.4")
    (home / uv).symlink_to("cpython-3.12.4")
    real = f"{uv}.4"
    python = venv_at(home / "project/.venv", home / uv / "bin/python3.12", home / uv / "bin")
    assert opened(home, python) == sorted([*parts(real), f"{real}/bin/{executable.name}"])
    script = program(home / "project/.venv/bin/tool", f"#!{python}\n")
    assert opened(home, script) == opened(home, python)


def test_an_environment_made_with_copies_opens_the_installation(home: Path) -> None:
    python_at(home / ".pyenv/versions/3.12.1")
    (home / ".pyenv/versions/3.12.1/bin/python3").symlink_to("python3.12")
    python = venv_at(home / "project/.venv", Path("x"), home / ".pyenv/versions/3.12.1/bin")
    python.unlink()
    program(python)
    assert opened(home, python) == parts(".pyenv/versions/3.12.1")


def test_a_person_s_own_tool_opens_its_environment(home: Path) -> None:
    place = home / ".local/share/pipx/venvs/black"
    python = venv_at(place, Path("/usr/bin/python3"), "/usr/bin")
    tool = program(place / "bin/black", f"#!{python}\n")
    (home / ".local/bin").mkdir(parents=True)
    (home / ".local/bin/black").symlink_to(tool)
    found = opened(home, "black", PATH=str(home / ".local/bin"))
    assert ".local/share/pipx/venvs/black" in found
    assert ".local" not in found


def test_the_shims_of_pyenv_open_its_versions(home: Path) -> None:
    python_at(home / ".pyenv/versions/3.12.1")
    program(home / ".pyenv/shims/python", "#!/usr/bin/env bash\n")
    assert ".pyenv" in opened(home, "python", PATH=str(home / ".pyenv/shims"))


def test_conda_is_opened_whether_active_or_named(home: Path) -> None:
    python = python_at(home / "miniconda3/envs/work")
    (home / "miniconda3/envs/work/conda-meta").mkdir()
    assert "miniconda3/envs/work" in opened(home, python)
    assert opened(home, "sh", CONDA_PREFIX=str(home / "miniconda3/envs/work")) == [
        "miniconda3/envs/work"
    ]


def test_node_brings_its_modules(home: Path) -> None:
    prefix = home / ".nvm/versions/node/v20"
    node = program(prefix / "bin/node")
    (prefix / "lib/node_modules").mkdir(parents=True)
    assert ".nvm/versions/node/v20" in opened(home, node)


def test_an_installation_in_local_does_not_open_the_data_beside_it(home: Path) -> None:
    python = python_at(home / ".local")
    found = opened(home, python)
    assert ".local/lib" in found
    assert not {".local", ".local/share"} & set(found)


@pytest.mark.parametrize(
    "base",
    [
        "{home}/Documents/bin",
        "{home}/Documents/x",
        "{home}/.config/bin",
        "/etc/x",
        "/proc/self/cwd/../Documents/bin",
        "/proc/self/root/etc/x",
        "../../Documents",
        "\0",
        "",
    ],
)
def test_the_home_in_a_configuration_is_not_believed(home: Path, base: str) -> None:
    python = venv_at(home / "project/.venv", Path("x"), base.format(home=home))
    python.unlink()
    program(python)
    assert opened(home, python) == []
    found = needed_by(str(python), {}, str(home / "project"), str(home))
    assert all(path.startswith(str(home / "project")) for path in found.directories)


def test_links_are_followed_as_the_kernel_does(home: Path) -> None:
    """`bin/..` by its text is the project; where the link leads it is another directory."""
    deep = home / "project/a/b/bin"
    deep.mkdir(parents=True)
    (home / ".local/lib/python3.12").mkdir(parents=True)
    program(home / ".local/bin/tool")
    (home / "project/bin").symlink_to("a/b/bin")
    (home / "project/python3").symlink_to("../.local/bin/../bin/tool")
    assert opened(home, home / "project/python3") == []
    (deep / "python3").symlink_to("../../../../.local/bin/tool")
    assert opened(home, home / "project/bin/python3") == []


@pytest.mark.parametrize("target", ["Documents/letter", ".config/token", "other/.venv/bin/python"])
def test_a_link_or_a_first_line_opens_nothing_outside(home: Path, target: str) -> None:
    other = venv_at(home / "other/.venv", Path("/usr/bin/python3"), "/usr/bin")
    assert other.exists()
    link = home / "project/run"
    link.symlink_to(home / target)
    assert opened(home, link) == []
    script = program(home / "project/script", f"#!{home}/{target}\n")
    assert opened(home, script) == []
    indirect = program(home / "project/indirect", "#!/proc/self/cwd/run\n")
    assert opened(home, indirect) == []


def test_what_is_left_out_is_told(home: Path) -> None:
    (home / "project/run").symlink_to(home / "Documents/letter")
    found = needed_by(str(home / "project/run"), {}, str(home / "project"), str(home))
    assert found.left_out == [str(home / "Documents/letter")]


def test_an_active_environment_that_became_a_link_opens_nothing(home: Path) -> None:
    venv_at(home / "other/.venv", Path("/usr/bin/python3"), "/usr/bin")
    (home / "project/.venv").symlink_to(home / "other/.venv")
    assert opened(home, "sh", VIRTUAL_ENV=str(home / "project/.venv")) == []
    assert opened(home, home / "project/.venv/bin/python") == []
    assert opened(home, "sh", VIRTUAL_ENV=str(home / "other/.venv")) == ["other/.venv"]


@pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta", "versions"])
def test_a_mark_does_not_open_the_directory_that_holds_the_project(home: Path, mark: str) -> None:
    above = home / "work"
    (above / "project").mkdir(parents=True)
    (above / mark).mkdir() if mark != "pyvenv.cfg" else (above / mark).write_text("")
    tool = program(above / ("shims" if mark == "versions" else "bin") / "tool")
    found = needed_by(str(tool), {}, str(above / "project"), str(home))
    assert str(above) not in found.directories


def test_where_an_earlier_run_wrote_has_no_say_either(home: Path) -> None:
    (home / "out").mkdir()
    (home / "out/run").symlink_to(home / "Documents/letter")
    where = str(home / "project")
    found = needed_by(str(home / "out/run"), {}, where, str(home), [str(home / "out")])
    assert found.files == []
