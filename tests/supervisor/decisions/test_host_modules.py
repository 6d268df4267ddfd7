"""What a host program imports from a directory that its sandbox works in is not put there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nono.broker import File, Glob, Subtrees
from nono.supervisor.decisions import searched_modules
from nono.supervisor.decisions.host_modules import host_modules
from tests.conftest import BY_A_USER, Account

HOST = """
import sys
import nono
program = '''
for name in pickle.py nono numpy trio httpcore evil-1.0.dist-info; do mkdir $name; done
echo > mine.py && echo > keyring.py; mv mine.py _csv.so; ln -s mine.py ssl.py
mkdir moved package; mv moved x.egg-info; mv moved other; rmdir other
mkdir package/x.dist-info; echo > package/pickle.py && ls
'''
done = nono.run(["sh", "-c", program], nono.Policy().workdir(".", allow=True), capture_output=True)
print(*done.stdout.decode().split())
for each in done.denials:
    said = "modules that the host program imports" in each.reason
    print(each.summary.rpartition("/")[2], "by" if said else each.reason)
"""


@pytest.fixture(autouse=True)
def in_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever of the command this process has imported before."""
    monkeypatch.setitem(searched_modules._process, "ours", False)


def refused(written: list[str]) -> set[str]:
    found = list(host_modules(written))
    assert all(isinstance(rule.pattern, Subtrees | Glob | File) for rule in found)
    return {path for rule in found for path in getattr(rule.pattern, "spellings", ())}


def alone(written: list[str]) -> set[str]:
    return {each.pattern.path for each in host_modules(written) if isinstance(each.pattern, File)}


def test_names_in_a_directory_of_the_path_that_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "project"
    place.mkdir()
    (tmp_path / "link").symlink_to(place)
    (place / "ssl.py").symlink_to("elsewhere.py")
    (place / "other.py").symlink_to("elsewhere.py")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "link"), *sys.path])
    found = refused([str(tmp_path)])
    assert {str(place / name) for name in ("pickle.py", "nono", "trio.py", "elsewhere.py")} <= found
    assert str(place / "other.py") not in found
    assert alone([str(tmp_path)]) == {str(tmp_path / "link")}
    assert refused([str(place / "below"), "/srv"]) == set()
    monkeypatch.setitem(searched_modules._process, "ours", True)
    assert refused([str(tmp_path)]) == set()


def test_the_way_to_a_module_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It hangs on what `..` goes up from; what is in there is the program's to change."""
    for name in ("sub", "lib", "deep"):
        (tmp_path / name).mkdir()
    (tmp_path / "lib/ssl.py").symlink_to("../deep/../real.py")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "sub/../lib"), *sys.path])
    assert str(tmp_path / "real.py") in refused([str(tmp_path)])
    assert alone([str(tmp_path)]) == {str(tmp_path / "sub"), str(tmp_path / "deep")}


def test_the_current_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert str(tmp_path / "queue.py") in refused([str(tmp_path)])


@BY_A_USER
@pytest.mark.requires(landlock=1)
def test_a_script_whose_directory_is_worked_in(as_user: Account, project: Path) -> None:
    as_user.file(project / "app.py", HOST)
    done = as_user(as_user.python, "app.py", cwd=project)
    assert done.returncode == 0, done.stderr
    listed, *denials = done.stdout.splitlines()
    assert listed == "app.py mine.py package"
    made = ("pickle.py", "nono", "numpy", "trio", "httpcore", "evil-1.0.dist-info", "keyring.py")
    names = (*made, "_csv.so", "ssl.py", "x.egg-info")
    # A directory is refused by the name that it would have, and by what it is now.
    known = {f"{name} by" for name in names}
    assert known <= {*denials} and len(denials) == len(known) + 1, denials
