"""What every start of a kind loads is loaded at once: the same modules, in their order."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from nono.supervisor.cli import bare_code, keep_together, kept_modules, loaded_together
from nono.supervisor.cli.keep_modules import keep_modules
from nono.supervisor.cli.kept_modules import KeptModules
from nono.supervisor.cli.loaded_together import StartOfKind, kind_of

NAMES = ("joint_one", "joint_one.part", "joint_two")


class World:
    """Starts, in which modules of a directory are imported once more."""

    def __init__(self, home: Path) -> None:
        self.file, self.modules = home / "cache/modules.kept", home / "modules"
        self.kept: KeptModules | None = None
        self.at_once: list[str] = []

    def write(self, name: str, text: str) -> Path:
        path = self.modules / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, kind: str = "run", names: tuple[str, ...] = NAMES) -> dict[str, ModuleType]:
        """What a start imports; `at_once` is what was there before it asked."""
        self.stop()
        importlib.invalidate_caches()
        kept = self.kept = KeptModules(str(self.file))
        kept.open()
        sys.meta_path.insert(0, kept)
        start = StartOfKind(kept, kind)
        start.load()
        self.at_once = [name for name in NAMES if name in sys.modules]
        made = {name: importlib.import_module(name) for name in names}
        if start.is_new() or kept.wants():
            keep_modules(kept)
        return made

    def settle(self) -> dict[str, ModuleType]:
        """As many starts as it takes; what the one before the last imported."""
        for _ in range(3):
            made = self.start()
            assert self.at_once == []
        self.start()
        assert self.at_once == [*NAMES]
        return made

    def stop(self) -> None:
        if self.kept in sys.meta_path:
            sys.meta_path.remove(self.kept)
        for name in NAMES:
            sys.modules.pop(name, None)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path)
    made.write("joint_one/__init__.py", "'''Words.'''\nwhole = __path__, __file__, __package__\n")
    made.write("joint_one/part.py", "import joint_two\nsaid = joint_two.said + ' in one'\n")
    made.write("joint_two.py", "said = 'two'\n")
    monkeypatch.syspath_prepend(made.modules)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(kept_modules, "_PACKAGE", "joint_")
    monkeypatch.setattr(sys, "addaudithook", lambda hook: None)
    yield made
    made.stop()


def test_nothing_differs_from_what_is_imported(world: World) -> None:
    before = world.settle()
    for name, module in before.items():
        after = sys.modules[name]
        assert vars(module).keys() == vars(after).keys()
        for told in ("__name__", "__doc__", "__file__", "__package__", "__cached__", "said"):
            assert getattr(module, told, None) == getattr(after, told, None), (name, told)
        one, two = module.__spec__, after.__spec__
        assert one is not None
        assert two is not None
        for told in ("name", "origin", "cached", "parent", "submodule_search_locations"):
            assert getattr(one, told) == getattr(two, told), (name, told)
    assert sys.modules["joint_one"].part is sys.modules["joint_one.part"]
    assert world.kept is not None
    assert world.kept.finished == ["joint_one", "joint_two", "joint_one.part"]


def test_a_module_that_has_changed_is_imported_as_ever(world: World) -> None:
    world.settle()
    os.utime(world.write("joint_two.py", "said = 'new'\n"), ns=(0, 10**18))
    made = world.start()
    assert made["joint_one.part"].said == "new in one"
    # What was told of the old ones is forgotten, and found out again.
    world.start()
    assert world.at_once == []
    world.start()
    world.start()
    assert world.at_once == [*NAMES]


def test_what_one_start_alone_has_loaded_is_not_loaded_for_others(world: World) -> None:
    world.start()
    world.start()
    world.start(names=("joint_one", "joint_two"))
    world.start(names=())
    assert world.at_once == ["joint_one", "joint_two"]


def test_another_kind_of_start_loads_nothing_of_it(world: World) -> None:
    world.settle()
    world.start("run --profile")
    assert world.at_once == []


@pytest.mark.parametrize("way", ["os.fork", "os.posix_spawn"])
def test_what_is_loaded_after_the_first_process_is_the_programs(
    world: World, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    hooks: list[Callable[[str, object], None]] = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    world.start()
    world.stop()
    kept = world.kept = KeptModules(str(world.file))
    kept.open()
    sys.meta_path.insert(0, kept)
    hooks.clear()
    start = StartOfKind(kept, "other")
    start.load()
    (hear,) = hooks
    hear("open", ())
    importlib.import_module("joint_two")
    hear(way, ())
    importlib.import_module("joint_one")
    hear(way, ())
    assert start.is_new()
    assert kept.together["other"] == (["joint_two"], False, [])


def test_a_module_that_fails_is_left_to_whoever_imports_it(world: World) -> None:
    marker = world.modules / "fails"
    world.write(
        "joint_two.py",
        f"import os\nif os.path.exists({str(marker)!r}):\n raise ImportError('now')\n"
        "said = 'two'\n",
    )
    world.settle()
    marker.touch()
    with pytest.raises(ImportError, match="now"):
        world.start()
    assert world.at_once == ["joint_one"]
    assert "joint_two" not in sys.modules


@pytest.mark.parametrize("reader", ["click", "joint_two"])
def test_own_modules_are_bare_and_others_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    """Nor is any of a start that loads what may read words."""
    monkeypatch.setattr(keep_together, "_BARE", {"joint_one"})
    monkeypatch.setattr(keep_together, "_READER", reader)
    world.write("joint_two.py", "\"Words.\"\nsaid = 'two'\n")
    before = world.settle()
    assert (before["joint_one"].__doc__, before["joint_two"].__doc__) == ("Words.", "Words.")
    after = {name: sys.modules[name].__doc__ for name in NAMES}
    assert after["joint_one"] == (None if reader == "click" else "Words.")
    assert after["joint_two"] == "Words."


def test_bare_code_of_another_kind_is_taken_while_it_is_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    usual = bare_code.bare_code

    def noted(text: bytes, path: str) -> CodeType:
        made.append(os.path.basename(path))
        return usual(text, path)

    monkeypatch.setattr(keep_together, "_BARE", {"joint_one", "joint_two"})
    monkeypatch.setattr(keep_together, "bare_code", noted)
    world.settle()
    assert sorted(made) == ["__init__.py", "joint_two.py", "part.py"]
    made.clear()
    monkeypatch.setattr(kept_modules, "_PACKAGE", "others")  # whose changes make nothing stale
    for _ in range(3):
        world.start("run --profile")
    assert (world.at_once, made) == ([*NAMES], [])
    os.utime(world.write("joint_two.py", "said = 'new'\n"), ns=(0, 10**18))
    world.start("other")
    world.start("other")
    assert made == ["joint_two.py"]
    assert world.start()["joint_one.part"].said == "new in one"
    assert world.at_once == [*NAMES]


def test_pieces_that_a_disk_has_spoilt_are_as_nothing(world: World) -> None:
    world.settle()
    data = world.file.read_bytes()
    end = kept_modules.HEAD_BYTES + int.from_bytes(data[:8], "little")
    world.file.write_bytes(data[:end] + bytes(len(data) - end))
    assert world.start()["joint_one.part"].said == "two in one"
    assert world.at_once == []


IMPORTS = """
from joint_one import part, part as again
from joint_one.part import said
import os.path, joint_one.part as renamed
from os import *
import joint_one.part
found = renamed, said, part, again, joint_one.part, os, getcwd
"""


@pytest.mark.parametrize("is_there", [True, False])
def test_what_is_imported_meanwhile_is_what_would_be(world: World, is_there: bool) -> None:
    world.write("joint_one/__init__.py", "")
    path = world.write("joint_one/part.py", "from . import __name__ as said\n")
    world.write("joint_two.py", IMPORTS)
    world.settle()
    if not is_there:  # changed: it is imported by whoever needs it
        os.utime(path, ns=(0, 10**18))
    world.start()
    assert world.at_once == [*NAMES]
    part = sys.modules["joint_one.part"]
    found = vars(sys.modules["joint_two"])["found"]
    assert found == (part, "joint_one", part, part, part, os, os.getcwd)


@pytest.mark.parametrize(
    "line",
    ["from joint_one import nothing", "import joint_one.nothing", "from joint_two import nothing"],
)
def test_what_is_not_there_is_told_as_ever(world: World, line: str) -> None:
    world.settle()
    find = loaded_together._import_with(importlib.__import__)
    with pytest.raises(ImportError) as expected:
        exec(line, {})
    with pytest.raises(ImportError) as raised:
        exec(line, {"__builtins__": {"__import__": find}})
    assert str(raised.value) == str(expected.value)


def test_import_is_the_interpreters_own_afterwards(world: World) -> None:
    usual = builtins.__import__
    marker = world.modules / "fails"
    world.write(
        "joint_two.py", f"import os\nassert not os.path.exists({str(marker)!r})\nsaid = ''\n"
    )
    world.settle()
    assert builtins.__import__ is usual
    marker.touch()
    with pytest.raises(AssertionError):
        world.start()
    assert world.at_once == ["joint_one"]
    assert builtins.__import__ is usual


def test_many_kinds_are_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_together, "_MAX_KINDS", 2)
    for number in range(4):
        for _ in range(3):
            world.start(f"kind {number}")
    assert world.kept is not None
    assert [*world.kept.together] == ["kind 0", "kind 1"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("run -- ls -l", "run"),
        ("run --allow-cwd --profile=agent -- ls", "run --allow-cwd --profile"),
        ("run --profile agent ls -l", "run --profile -l"),
        ("--version", "--version"),
        ("", ""),
        ("run " + "--read=x " * 50, ""),
        ("run --" + "x" * 99, ""),
    ],
)
def test_a_kind_is_a_command_and_the_names_of_its_options(line: str, kind: str) -> None:
    assert kind_of(line.split()) == kind
