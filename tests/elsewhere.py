"""The packages as another platform has them: `sys.platform` is darwin's, and no Linux is there.

    python -m tests.elsewhere import [MODULE...]
    python -m tests.elsewhere all MODULE...

Run as a process of its own, since it changes what is imported. What others made (the standard
library, dependencies) is imported before, as this machine has it. `all` imports everything, tries
MODULEs that are not there, and runs what needs no sandbox: every test of the rooms that takes no
account to run nono as, and requires no kernel. What takes seconds is left out: it is tested in full
elsewhere, as is the rest of every property, and of every table beyond its first rows. So are the
broker's tests: it is imported here, and may not import what knows a platform (pyproject.toml's
contract "broker is pure").
"""

from __future__ import annotations

import ast
import fcntl
import importlib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import CHECKOUT
from tests.examples import at_most

ROOMS = (
    "asking",
    "audit",
    "cli",
    "credentials",
    "decisions",
    "learning",
    "library",
    "network",
    "planning",
    "proxy",
    "report",
    "session",
)
ABSENT = ("nono.shims.linux", "nono.supervisor.linux")
_OURS = ("nono", "tests")
_ACCOUNTS = {"as_user", "nono", "project", "root", "user"}
_EXAMPLES = 3
_ROWS = 1
_F_GETPATH = 50
_fcntl_here = fcntl.fcntl


class _Absent(MetaPathFinder):
    """Whoever asks for what is not there is told so."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if any(fullname == name or fullname.startswith(f"{name}.") for name in ABSENT):
            raise ImportError(f"{fullname} is not there on this platform")


def go_there() -> None:
    """From now on whatever of ours is imported is imported there."""
    for name in sorted(set(_needed())):
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.split(".")[0] in _OURS]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Absent())
    sys.platform = "darwin"
    setattr(fcntl, "fcntl", _fcntl_there)  # noqa: B010 - a type checker knows the real one


def _fcntl_there(fd: int, command: int, argument: Any = 0) -> Any:
    """fcntl(2) with the command that tells a descriptor's path there."""
    if command != _F_GETPATH:
        return _fcntl_here(fd, command, argument)
    return os.fsencode(os.readlink(f"/proc/self/fd/{fd}")).ljust(len(argument), b"\0")


def _needed() -> Iterator[str]:
    """What our sources import of others', wherever the import stands."""
    for path in (*_sources("broker"), *_sources("supervisor"), *_sources("tests")):
        for node in _statements(ast.parse(path.read_text(encoding="utf-8")).body):
            if isinstance(node, ast.Import):
                yield from (each.name for each in node.names if _is_others(each.name))
            elif isinstance(node, ast.ImportFrom) and _is_others(node.module or ""):
                yield node.module or ""


def _statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These and what is in them; what they are made of is not looked through."""
    for node in body:
        yield node
        for inner in ("body", "orelse", "handlers", "finalbody", "cases"):
            found = getattr(node, inner, ())
            yield from _statements(found if isinstance(found, list) else ())


def _is_others(name: str) -> bool:
    return name.split(".")[0] not in _OURS


def _sources(package: str) -> Iterator[Path]:
    """Those of the broker, and those of the rooms; of tests not the programs that they start."""
    top = CHECKOUT / package
    if package == "broker":
        return top.rglob("*.py")
    if package == "supervisor":
        return (path for room in ROOMS for path in (top / room).rglob("*.py"))
    found = (path for each in test_directories() for path in Path(each).rglob("*.py"))
    return (path for path in found if path.parent.name != "programs")


def modules() -> Iterator[str]:
    """The names of all modules of the broker, of the rooms, and of what lies beside these."""
    beside = (CHECKOUT / "supervisor").glob("*.py")
    for path in (*beside, *_sources("supervisor"), *_sources("broker")):
        *folders, file = path.relative_to(CHECKOUT).with_suffix("").parts
        if file != "__main__":
            yield ".".join(["nono", *folders, *([] if file == "__init__" else [file])])


def test_directories() -> list[str]:
    """Where the tests of the rooms are."""
    return [str(CHECKOUT / "tests/supervisor" / room) for room in ROOMS]


class _WithoutSandboxes:
    """Leaves out the tests that run nono, and counts those that pass, by their room."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        rows: Counter[str] = Counter()
        chosen = []
        for item in filter(_needs_no_sandbox, items):
            table = item.nodeid.partition("[")[0]
            rows[table] += 1
            if rows[table] <= _ROWS:
                at_most(item, _EXAMPLES)
                chosen.append(item)
        items[:] = chosen

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.passed[Path(report.nodeid.partition("::")[0]).parts[2]] += 1


def _needs_no_sandbox(item: pytest.Item) -> bool:
    taken = _ACCOUNTS & set(getattr(item, "fixturenames", ()))
    left_out = any(item.get_closest_marker(name) for name in ("requires", "long"))
    return not taken and not left_out


def main(words: Sequence[str]) -> int:
    go_there()
    what, *names = words
    import_each(names if what == "import" and names else modules())
    if what == "import":
        return 0
    for name in names:
        with pytest.raises(ImportError) as refused:
            importlib.import_module(name)
        print(refused.value)
    return test()


def import_each(names: Iterable[str]) -> None:
    for name in names:
        importlib.import_module(name)
        print(name)
    print("the platform is", importlib.import_module("nono.supervisor.places").platform())


def test() -> int:
    """Run the tests of the rooms; the status, and how many passed in each."""
    counting = _WithoutSandboxes()
    options = ["-q", "-n0", "-p", "no:cacheprovider", "--rootdir", str(CHECKOUT)]
    status = pytest.main([*options, *test_directories()], plugins=[counting])
    for room, count in sorted(counting.passed.items()):
        print(f"passed in {room}: {count}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
