"""What pyproject.toml lists, how long files are, and that CI runs what README.md says."""

import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import nono
from nono.supervisor.version import VERSION
from tests.conftest import CHECKOUT, PACKAGES

MAX_LINES = 350
TABLES = {"shims/linux/syscall_numbers.py"}
"""Files that are nothing but a table may be longer."""

DOOR = CHECKOUT / "supervisor/door"
"""What is imported as `nono`."""
ADAPTERS = CHECKOUT / "supervisor/adapters"
"""What is imported as `nono.adapters`."""
SETUPTOOLS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["setuptools"]
README = (CHECKOUT / "README.md").read_text()
CI = (CHECKOUT / ".ci/run").read_text()


def _directories(top: Path) -> Iterator[Path]:
    """`top` and every directory below it that holds something to install."""
    if any(path.is_file() for path in top.iterdir()):
        yield top
    for path in sorted(top.iterdir()):
        if path.is_dir() and path.name != "__pycache__":
            yield from _directories(path)


def _import_name(directory: Path) -> str:
    if directory == DOOR:
        return "nono"
    if directory == ADAPTERS:
        return "nono.adapters"
    return ".".join(["nono", *directory.relative_to(CHECKOUT).parts])


def _shell_blocks(markdown: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


def test_every_package_on_disk_is_listed() -> None:
    on_disk = [_import_name(path) for name in PACKAGES for path in _directories(CHECKOUT / name)]
    assert sorted(SETUPTOOLS["packages"]) == sorted(on_disk)


def test_every_package_says_that_it_is_typed() -> None:
    for name in PACKAGES:
        assert (CHECKOUT / name / "py.typed").is_file()
        assert "py.typed" in SETUPTOOLS["package-data"][f"nono.{name}"]


def test_type_checkers_see_nono_as_it_is_installed() -> None:
    links = CHECKOUT / "tests/_path/nono"
    files = {path.name: path for path in DOOR.iterdir() if path.is_file()}
    found = [path for path in links.iterdir() if path.name != "__pycache__"]
    packages = {"adapters": ADAPTERS, **{name: CHECKOUT / name for name in PACKAGES}}
    assert {path.name: path.resolve() for path in found} == {**packages, **files}
    assert all(path.is_symlink() for path in found)
    rooms = CHECKOUT / "tests/_path/rooms/nono"
    assert {path.name: path.resolve() for path in rooms.iterdir()} == packages


def test_nono_is_a_regular_package() -> None:
    """Another one on the path cannot take the place of a namespace before it, and of its parts."""
    spec = importlib.util.find_spec("nono")
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin).name == "__init__.py"
    assert SETUPTOOLS["package-dir"]["nono"] == "supervisor/door"


def _is_room(path: Path) -> bool:
    return (path / "__init__.py").is_file()


@pytest.mark.parametrize("package", PACKAGES)
def test_the_tests_have_the_rooms_of_what_they_test(package: str) -> None:
    """A folder with rooms has a folder of tests with no others; a room may be divided further."""
    tests = [path for path in (CHECKOUT / "tests" / package).rglob("*") if _is_room(path)]
    assert tests
    for path in tests:
        room = CHECKOUT / path.relative_to(CHECKOUT / "tests")
        if room.parent.is_dir() and any(map(_is_room, room.parent.iterdir())):
            assert _is_room(room), f"{path} tests a room that there is not"


@pytest.mark.parametrize("top", [*PACKAGES, "tests"])
def test_no_source_file_is_too_long(top: str) -> None:
    lengths = {
        str(path.relative_to(CHECKOUT)): len(path.read_text().splitlines())
        for path in (CHECKOUT / top).rglob("*.py")
    }
    assert lengths
    too_long = {name for name, length in lengths.items() if length > MAX_LINES}
    assert too_long <= TABLES


def test_ci_runs_the_commands_of_the_readme_word_for_word() -> None:
    run, test = _shell_blocks(README)[:2]
    assert "nono run" in run
    assert "pytest" in test
    for block in (run, test):
        assert f"\n{block}" in CI
        assert block.count("\n") == 1, "one line to paste"


def test_readme_is_short() -> None:
    assert len(README.splitlines()) < 200


def test_the_version_is_said_thrice_and_the_same() -> None:
    assert nono.__version__ == VERSION
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["version"] == VERSION
