"""What a package of npm's needs, and what a shell, a wrapper or a program started later needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.supervisor.planning.program.program import needed_by
from tests.supervisor.planning.installed import opened, program, venv_at


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a project, and a document that nothing in the project may open."""
    home = tmp_path / "home" / "someone"
    program(home / "Documents" / "letter")
    (home / "project").mkdir()
    return home


def npm_at(home: Path, prefix: str) -> tuple[Path, str]:
    """A program of a package of npm's below a prefix, and the package, relative to the home."""
    package = f"{prefix}/node_modules/@maker/tool"
    return program(home / package / "bin/tool.js", "#!/usr/bin/env node\n"), package


def test_a_package_of_npm_s_is_needed_as_a_whole_and_no_other(home: Path) -> None:
    tool, package = npm_at(home, ".npm-global/lib")
    link = home / ".npm-global/bin/tool"
    link.parent.mkdir()
    link.symlink_to(tool)
    assert opened(home, "tool", PATH=str(link.parent)) == [package, f"{package}/bin/tool.js"]


def test_elsewhere_what_a_package_needs_lies_beside_it(home: Path) -> None:
    tool, package = npm_at(home, ".bun/install/global")
    modules = ".bun/install/global/node_modules"
    assert opened(home, tool) == [modules, f"{package}/bin/tool.js"]


def test_a_link_in_the_project_opens_no_package_outside(home: Path) -> None:
    tool, _ = npm_at(home, ".npm-global/lib")
    (home / "project/tool").symlink_to(tool)
    assert opened(home, home / "project/tool") == []


@pytest.mark.parametrize(
    "words",
    [("sh", "-c", "tool x"), ("timeout", "5", "tool"), ("wrapper",), ("env", "A=1", "tool")],
)
def test_what_a_shell_or_a_wrapper_starts_is_needed(home: Path, words: tuple[str, ...]) -> None:
    tool, package = npm_at(home, ".npm-global/lib")
    own = home / "bin"
    program(own / "wrapper", '#!/bin/sh\n# for tests\nset -e; exec tool "$@"\n')
    (own / "tool").symlink_to(tool)
    env = {"PATH": f"{own}:/usr/bin:/bin"}
    found = needed_by(words[0], env, str(home / "project"), str(home), (), words[1:])
    assert str(home / package) in found.directories


def test_a_script_in_the_project_starts_nothing_outside(home: Path) -> None:
    npm_at(home, ".npm-global/lib")
    script = program(
        home / "project/run",
        f"#!/bin/sh\n{home}/.npm-global/lib/node_modules/@maker/tool/bin/tool.js\n",
    )
    assert opened(home, script) == []


def test_an_interpreter_that_path_names_is_there_for_what_comes_later(home: Path) -> None:
    """As an image sets it: ENV PATH=/opt/venv/bin:$PATH."""
    venv_at(home / "venv", Path("/usr/bin/python3"), "/usr/bin")
    (home / "venv/bin/python3").symlink_to("python")
    path = f"{home}/venv/bin:/usr/bin:/bin"
    assert "venv" in opened(home, "true", PATH=path)
    assert opened(home, "true", PATH="/usr/bin:/bin") == []


def test_an_interpreter_in_the_project_that_leads_out_is_not_followed(home: Path) -> None:
    (home / "project/bin").mkdir()
    (home / "project/bin/python3").symlink_to(home / "Documents/letter")
    path = f"{home}/project/bin:/usr/bin:/bin"
    assert opened(home, "true", PATH=path) == []
    assert needed_by("true", {"PATH": path}, str(home / "project"), str(home)).left_out == []
