"""The wheel holds everything: a module that only a checkout has would fail here."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests import environments
from tests.conftest import CHECKOUT, PACKAGES, copy_sources

pytestmark = pytest.mark.long


def _run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


IMPORT_EACH = """
import importlib, itertools, os, sys
for name in "click dns.message h11 idna keyring msgpack pydantic trio".split():
    importlib.import_module(name)
for room, names in itertools.groupby(sys.argv[1:], lambda name: name.rpartition(".")[0]):
    if not os.fork():
        assert not [each for each in sys.modules if each.startswith("nono")]
        for name in names:
            print(name, importlib.import_module(name).__file__, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, room
"""
"""Each room in a process of its own, in which nothing else of ours was imported before. In a room
the order makes no difference: no modules import each other in a circle (tests/test_imports.py).
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    source = copy_sources(directory / "source")
    for build in ("lib", f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"):
        of_an_earlier_one = source / "build" / build / "nono" / "gone.py"
        of_an_earlier_one.parent.mkdir(parents=True)
        of_an_earlier_one.touch()
    pip = (sys.executable, "-m", "pip", "wheel", "-qq", "--no-deps", "--no-build-isolation")
    _run(*pip, "--wheel-dir", directory, source)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel and its dependencies, and nothing else."""
    place = tmp_path_factory.mktemp("environment")
    environments.install(place, place / "python", str(wheel))
    return place / "python"


def _files_on_disk() -> set[str]:
    """What `nono` and `nono.adapters` are lies in folders of their own, see pyproject.toml."""
    return {
        f"nono/{path.relative_to(CHECKOUT)}".replace("/supervisor/door/", "/").replace(
            "/supervisor/adapters/", "/adapters/"
        )
        for name in PACKAGES
        for path in (CHECKOUT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_holds_the_files_of_the_packages_and_no_others(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    shared = {name for name in names if ".data/data/share/" in name}
    assert names - shared == _files_on_disk()
    places = sorted(name.partition(".data/data/")[2] for name in shared)
    assert [place for place in places if not place.startswith("share/man/man1/nono")] == [
        "share/bash-completion/completions/nono",
        "share/fish/vendor_completions.d/nono.fish",
        "share/zsh/site-functions/_nono",
    ]
    assert {"share/man/man1/nono.1", "share/man/man1/nono-run.1"} <= {*places}


def test_every_module_can_be_imported(environment: Path) -> None:
    modules = sorted(
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in _files_on_disk()
        if name.endswith(".py") and not name.endswith("/__main__.py")
    )
    # Those of frameworks that are not installed here are imported by tests/adapters.
    modules = [name for name in modules if name.rpartition(".")[0] != "nono.adapters"]
    assert "nono" in modules
    said = _run(environment / "bin/python", "-Ic", IMPORT_EACH, *modules)
    found = dict(line.split() for line in said.splitlines())
    assert list(found) == modules
    assert {path for path in found.values() if not path.startswith(str(environment))} == set()


def test_the_command_is_installed(environment: Path) -> None:
    assert "Usage: nono" in _run(environment / "bin/nono", "--help")
    assert "Usage: nono" in _run(environment / "bin/nono-sandbox", "--help")
    assert "Usage: nono" in _run(environment / "bin/python", "-m", "nono", "--help")


def test_another_of_that_name_further_on_does_not_hide_it(
    environment: Path, tmp_path: Path
) -> None:
    """It is a regular package: one without an __init__.py would be passed by for such a one."""
    (tmp_path / "nono").mkdir()
    (tmp_path / "nono/__init__.py").write_text("raise SystemExit('the other one')\n")
    says = (
        "import sys; sys.path.append(sys.argv[1]); import nono, nono.broker; print(nono.__file__)"
    )
    found = _run(environment / "bin/python", "-Ic", says, tmp_path)
    assert found.startswith(str(environment)) and found.endswith("/nono/__init__.py\n")
