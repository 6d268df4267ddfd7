"""Compiled modules kept in one file: what is found there is what would be imported without it."""

from __future__ import annotations

import importlib
import marshal
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from nono.supervisor.cli import kept_modules
from nono.supervisor.cli.keep_modules import keep_modules
from nono.supervisor.cli.kept_modules import KeptLoader, KeptModules

NAMES = ("kept_one", "kept_one.part", "kept_two")
"""A package, what is in it, and a module."""
IN_C = "_bisect"


class World:
    """Modules of a directory that are imported once more in each `start`."""

    def __init__(self, home: Path) -> None:
        self.file = home / "cache/modules.kept"
        self.modules = home / "modules"
        self.kept: KeptModules | None = None

    def write(self, name: str, text: str) -> Path:
        path = self.modules / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self) -> dict[str, ModuleType]:
        """What a new start imports."""
        self.stop()
        importlib.invalidate_caches()
        self.kept = KeptModules(str(self.file))
        self.kept.open()
        sys.meta_path.insert(0, self.kept)
        return {name: importlib.import_module(name) for name in (*NAMES, IN_C)}

    def keep(self) -> None:
        assert self.kept is not None
        keep_modules(self.kept)

    def stop(self) -> None:
        if self.kept in sys.meta_path:
            sys.meta_path.remove(self.kept)
        for name in (*NAMES, IN_C):
            sys.modules.pop(name, None)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path)
    made.write("kept_one/__init__.py", "whole = __path__, __file__, __cached__, __package__\n")
    made.write("kept_one/part.py", "from kept_one import whole\nsaid = 'first'\n")
    made.write("kept_two.py", "said = 'two'\ndef wrong():\n    raise KeyError\n")
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(kept_modules, "_PACKAGE", "kept_")
    monkeypatch.setitem(sys.modules, IN_C, importlib.import_module(IN_C))
    yield made
    made.stop()


def served(modules: dict[str, ModuleType]) -> set[str]:
    """Those of a start that came out of the file, where that can be seen."""
    specs = {name: module.__spec__ for name, module in modules.items()}
    return {name for name, spec in specs.items() if spec and isinstance(spec.loader, KeptLoader)}


def test_the_next_start_finds_all_of_it_and_nothing_differs(world: World) -> None:
    first = world.start()
    assert served(first) == set()
    assert world.kept is not None
    assert world.kept.wants()
    world.keep()
    second = world.start()
    assert served(second) == {*NAMES}
    assert IN_C in world.kept.entries
    assert not world.kept.wants()
    for name in (*NAMES, IN_C):
        one, two = first[name].__spec__, second[name].__spec__
        assert one is not None
        assert two is not None
        for told in ("name", "origin", "cached", "has_location", "submodule_search_locations"):
            assert getattr(one, told) == getattr(two, told), (name, told)
        assert set(vars(first[name])) == set(vars(second[name]))
    assert first["kept_one"].whole == second["kept_one"].whole
    with pytest.raises(KeyError) as raised:
        second["kept_two"].wrong()
    assert "raise KeyError" in str(raised.traceback[-1].statement)


def test_a_module_that_has_changed_is_read_and_kept_anew(world: World) -> None:
    world.start()
    world.keep()
    # As long as it was.
    path = world.write("kept_one/part.py", "from kept_one import whole\nsaid = 'later'\n")
    os.utime(path, ns=(0, 10**18))
    second = world.start()
    assert second["kept_one.part"].said == "later"
    assert served(second) == {"kept_one", "kept_two"}
    assert world.kept is not None
    assert world.kept.wants()
    world.keep()
    third = world.start()
    assert (third["kept_one.part"].said, served(third)) == ("later", {*NAMES})


def test_what_was_loaded_before_a_module_changed_is_not_kept_as_the_new_one(world: World) -> None:
    """As in a run during which nono is installed anew."""
    world.start()
    world.keep()
    assert world.start()["kept_two"].said == "two"
    path = world.write("kept_two.py", "said = 'new'\n")
    os.utime(path, ns=(0, 10**18))
    world.keep()
    assert world.start()["kept_two"].said == "new"


def test_another_way_to_modules_is_taken(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes first in sys.path is what is imported, whatever is kept."""
    world.start()
    world.keep()
    before = tmp_path / "before"
    before.mkdir()
    (before / "kept_two.py").write_text("said = 'before'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(before)
    assert world.start()["kept_two"].said == "before"


def test_data_is_kept_beside_the_code(world: World) -> None:
    world.start()
    assert world.kept is not None
    world.kept.data["/some/file"] = 1, 2, b"what is in it"
    for _ in range(3):
        world.keep()
        world.start()
        time, size, place = world.kept.data["/some/file"]
        assert (time, size, isinstance(place, tuple)) == (1, 2, True)
        assert world.kept.part(*place) == b"what is in it"


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def emptied(data: bytes) -> bytes:
    """As after a loss of power."""
    return bytes(len(data))


def without_code(data: bytes) -> bytes:
    end = kept_modules.HEAD_BYTES + int.from_bytes(data[:8], "little")
    return data[:end] + bytes(len(data) - end)


def with_another_index(data: bytes) -> bytes:
    """One that is read, and means something else."""
    end = kept_modules.HEAD_BYTES + int.from_bytes(data[:8], "little")
    version, path, _, *rest = marshal.loads(data[kept_modules.HEAD_BYTES : end])
    index = marshal.dumps((version, path, {"kept_one": ()}, *rest))
    return len(index).to_bytes(8, "little") + data[8:16] + index + data[end:]


def shortened(data: bytes) -> bytes:
    return data[:3]


@pytest.mark.parametrize("damaged", [cut, emptied, without_code, with_another_index, shortened])
def test_what_is_odd_is_as_nothing(world: World, damaged: Callable[[bytes], bytes]) -> None:
    world.start()
    world.keep()
    world.file.write_bytes(damaged(world.file.read_bytes()))
    assert world.start()["kept_one.part"].said == "first"
    # What was loaded from elsewhere is to be kept anew.
    assert world.kept is not None
    assert world.kept.wants()


def test_nobody_waits_for_what_is_no_file(world: World) -> None:
    world.start()
    world.keep()
    world.file.unlink()
    os.mkfifo(world.file)
    assert world.start()["kept_one.part"].said == "first"


def test_another_versions_code_is_not_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.start()
    world.keep()
    monkeypatch.setattr(kept_modules, "MAGIC_NUMBER", b"other")
    assert served(world.start()) == set()
    assert world.kept is not None
    assert world.kept.wants()


def test_a_descriptor_that_is_another_files_by_now(world: World, tmp_path: Path) -> None:
    """As where all descriptors were closed: nothing of the other file is taken for code."""
    world.start()
    world.keep()
    world.stop()
    kept = world.kept = KeptModules(str(world.file))
    kept.open()
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    os.pwrite(other, world.file.read_bytes().replace(b"first", b"other"), 0)
    os.dup2(other, kept._fd)
    os.close(other)
    sys.meta_path.insert(0, kept)
    assert importlib.import_module("kept_one.part").said == "first"
    os.close(kept._fd)


def test_a_stream_that_is_closed_stays_so(world: World) -> None:
    world.start()
    world.keep()
    saved = os.dup(0)
    os.close(0)
    try:
        kept = KeptModules(str(world.file))
        kept.open()
        assert kept.entries == {}
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(0)
    finally:
        os.dup2(saved, 0)
        os.close(saved)


def test_what_cannot_be_kept_is_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.start()
    assert world.kept is not None
    world.file.parent.write_text("no directory", encoding="utf-8")
    world.keep()
    world.file.parent.unlink()
    assert world.kept.wants()
    with monkeypatch.context() as apart:
        apart.setattr(os, "access", lambda path, mode: False)
        assert not world.kept.wants()
    assert world.kept.wants()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert not world.kept.wants()
