"""Other sandboxes beside nono: found, tried, told of; here with programs that stand for them."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.broker.errors import NonoError
from nono.perf import bindings, peers
from nono.perf.place import Place
from nono.perf.results.heading import beside, page
from nono.perf.results.kept import from_json, to_json
from nono.perf.results.result import Beside, Result
from tests.perf.recorded import line, result, varied

HOLDS = """#!/bin/sh
[ "$1" = --version ] && { echo "sandlock 7.8.9"; exit; }
while [ "$1" != -- ]; do shift; done; shift
[ "$1" = /bin/cat ] && exit 1
exec "$@"
"""
"""It runs what comes after `--`, and lets nothing be read but writes."""
BROKEN = """#!/bin/sh
printf '\\nno \\033[31mnamespaces\\nsee the manual\\n' >&2; exit 3
"""


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory that programs are looked for in."""
    monkeypatch.setattr(peers, "SYSTEM_PATH", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bindings, "installed", dict)
    return tmp_path


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_what_is_not_here_is_left_out_without_a_word(path: Path, place: Place) -> None:
    assert peers.installed(place) == peers.Installed({}, (), (), ())


def test_what_it_holds_is_tried(path: Path, place: Place) -> None:
    program(path / "sandlock", HOLDS)
    found = peers.installed(place)
    assert [*found.words] == ["sandlock", "sandlock, no supervisor"]
    assert str(place.project) in found.words["sandlock"]
    assert not found.notes
    first = found.beside[0]
    assert (first.name, first.version) == ("sandlock", "7.8.9")
    assert (first.reads_more, first.writes_more) == (False, True)
    assert first.words.startswith("sandlock run -r /usr")
    assert first.words.endswith("-w DIR -w /dev/null --")


def test_what_does_not_work_is_said(path: Path, place: Place) -> None:
    program(path / "bwrap", BROKEN)
    found = peers.installed(place)
    assert not found.words
    assert found.notes == (f"bubblewrap ({path / 'bwrap'}): no \\x1b[31mnamespaces",)


def test_our_own_command_is_not_the_other_nono(
    path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path / "ours/nono", "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", f"{path / 'ours'}:{path / 'theirs'}")
    assert not peers.installed(place).words
    (path / "theirs").mkdir()
    shutil.copy("/bin/true", path / "theirs/nono")
    assert peers.installed(place).words["nono in Rust"][0] == str(path / "theirs/nono")


def test_bindings_are_programs_like_others(
    path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path / "nono_py-1.2.3.dist-info").mkdir()
    (path / "nono_py-1.2.3.dist-info/METADATA").write_text("Name: nono-py\nVersion: 1.2.3\n")
    (path / "nono_py.py").write_text(
        "import subprocess, types\n"
        "AccessMode = types.SimpleNamespace(READ=1, READ_WRITE=2)\n"
        "class CapabilitySet:\n"
        "    allow_path = allow_file = lambda self, path, mode: None\n"
        "def sandboxed_exec(granted, command, cwd):\n"
        "    code = subprocess.call(command, cwd=cwd)\n"
        "    return types.SimpleNamespace(exit_code=code)\n"
    )
    monkeypatch.undo()
    monkeypatch.setattr(peers, "_KNOWN", {})
    monkeypatch.syspath_prepend(str(path))
    monkeypatch.setenv("PYTHONPATH", str(path))
    found = peers.installed(place)
    assert "nono-py" in found.bindings
    told = {each.name: each for each in found.beside}["nono-py"]
    assert told == Beside("nono-py", "1.2.3", "from Python", True, True)
    (path / "nono_py.py").write_text("raise RuntimeError('no Landlock')\n")
    sys.modules.pop("nono_py", None)
    found = peers.installed(place)
    assert "nono-py" not in found.bindings
    assert "nono-py: RuntimeError: no Landlock" in found.notes


def test_no_two_have_one_name() -> None:
    assert not bindings._KNOWN.keys() & peers._KNOWN.keys()


TOLD = (
    Beside("sandlock", "0.9.0", "sandlock run -w DIR --", False, False),
    Beside("firejail", "0.9.72", "firejail --quiet", True, True),
)


def with_peers() -> Result:
    made = result(line("native", varied(1000)))
    return Result(made.machine, made.rounds, made.lines, beside=TOLD)


def test_a_result_tells_how_each_was_restricted() -> None:
    lines = [
        "sandlock (0.9.0, held to what it is given): sandlock run -w DIR --",
        "firejail (0.9.72, reads and writes elsewhere, too): firejail --quiet",
    ]
    assert beside(with_peers()) == lines
    assert "Beside it:\n\n- sandlock (0.9.0" in page(with_peers())


def test_a_file_keeps_them_and_may_be_without() -> None:
    text = to_json(with_peers())
    assert from_json(text, "a file").beside == TOLD
    plain = json.loads(text)
    plain["peers"][0]["name"] = "\x1b[2J"
    assert from_json(json.dumps(plain), "a file").beside[0].name == "\\x1b[2J"
    del plain["peers"][0]["name"]
    with pytest.raises(NonoError):
        from_json(json.dumps(plain), "a file")
    del plain["peers"]
    assert from_json(json.dumps(plain), "a file").beside == ()
