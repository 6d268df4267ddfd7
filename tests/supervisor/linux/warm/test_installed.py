"""Another file of nono's, whatever it is of, is another nono."""

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nono.supervisor.linux.warm.installed import Installed


@pytest.mark.parametrize("can_look", [True, False])
@pytest.mark.parametrize("name", ["later.py", "part.so", "program", "data/x.json", "data/y/z.json"])
def test_each_file_of_a_package_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, can_look: bool
) -> None:
    monkeypatch.setattr("nono.supervisor.linux.warm.installed.can_look", lambda: can_look)
    package = ModuleType("nono.package")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "nono.package", package)
    file, kept = tmp_path / name, tmp_path / "__pycache__" / "kept"
    for each in (file, kept):
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_text("1")
    found = Installed([])
    kept.write_text("another")  # as any run may do
    assert found.changed() == ""
    new = tmp_path / "new"
    new.write_text("2")
    os.replace(new, file)
    assert found.changed() == str(file)
