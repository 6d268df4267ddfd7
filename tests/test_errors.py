"""One base class catches every error of ours, and the tree that people read is the true one."""

import ast
import copy
import importlib
import pickle
import pkgutil
import re
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from nono.broker.errors import PolicyError, UnknownName
from nono.shims.errors import FilterError, ShimError
from nono.shims.linux import syscall_classes
from nono.supervisor import CommandError, NonoError, StartError, errors
from nono.supervisor.library.task_errors import RemoteError, TaskError
from nono.supervisor.library.words import speak_python
from nono.supervisor.linux import confine
from tests.conftest import CHECKOUT, PACKAGES, Account

Tree = dict[str, str | None]
"""From the name of a class to the name of the one that it is below, if it is below one of ours."""


def _modules(name: str) -> Iterator[str]:
    package = importlib.import_module(name)
    yield name
    compiled = {f"lib{path.stem}" for path in CHECKOUT.glob("shims/linux/*.c")}
    for found in pkgutil.walk_packages(package.__path__, name + "."):
        is_imported = found.name.rpartition(".")[2] not in {"__main__", *compiled}
        # Those need their frameworks; tests/adapters imports them.
        if is_imported and not found.name.startswith("nono.supervisor.adapters."):
            yield found.name


@cache
def _classes() -> dict[str, type[Exception]]:
    """Every exception class of the three packages, by its name."""
    found = {}
    for package in PACKAGES:
        for name in _modules(f"nono.{package}"):
            for each in vars(importlib.import_module(name)).values():
                if (
                    isinstance(each, type)
                    and issubclass(each, Exception)
                    and each.__module__ == name
                ):
                    assert each.__name__ not in found, "two classes of one name"
                    found[each.__name__] = each
    return found


def _is_private(each: type[Exception]) -> bool:
    return each.__name__.startswith("_")


def _as_they_are() -> Tree:
    classes = _classes()
    return {
        name: next((base.__name__ for base in each.__bases__ if base.__name__ in classes), None)
        for name, each in classes.items()
        if not _is_private(each)
    }


def _as_drawn(docstring: str) -> Tree:
    """The trees in a docstring: one name a line, below the nearest one that is less indented."""
    drawn: Tree = {}
    above: list[tuple[int, str]] = []
    for line in docstring.splitlines():
        found = re.fullmatch(r"((?: {4})+)([A-Z]\w+)(?: {2,}\S.*)?", line)
        if found is None:
            above = []
            continue
        depth = len(found[1])
        above = [(other, name) for other, name in above if other < depth]
        drawn[found[2]] = above[-1][1] if above else None
        above.append((depth, found[2]))
    return drawn


def _caught(path: Path) -> set[str]:
    """The names in the `except` clauses of a file."""
    handlers = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Try))
    kinds = (each.type for node in handlers for each in node.handlers if each.type is not None)
    parts = (part for kind in kinds for part in ast.walk(kind))
    return {
        part.attr if isinstance(part, ast.Attribute) else part.id
        for part in parts
        if isinstance(part, ast.Attribute | ast.Name)
    }


def test_the_docstring_draws_every_class() -> None:
    assert _as_drawn(errors.__doc__ or "") == _as_they_are()


def test_what_is_not_a_nono_error_is_caught_inside() -> None:
    """By somebody of ours; a private class in its own file, since nobody else may name it."""
    everywhere = {
        name
        for top in PACKAGES
        for path in (CHECKOUT / top).rglob("*.py")
        for name in _caught(path)
    }
    inside = [each for each in _classes().values() if not issubclass(each, NonoError)]
    assert len(inside) > 5
    for each in inside:
        named = {base.__name__ for base in each.__mro__ if base.__module__.startswith("nono.")}
        if _is_private(each):
            own = CHECKOUT.joinpath(*each.__module__.split(".")[1:]).with_suffix(".py")
            assert named & _caught(own), each
        else:
            assert named & everywhere, each


def test_errors_of_the_shims_are_caught_by_the_platform_alone() -> None:
    """Everywhere else they cannot come to."""
    shims = {name for name, each in _classes().items() if issubclass(each, ShimError)}
    files = {path for path in (CHECKOUT / "supervisor").rglob("*.py") if _caught(path) & shims}
    assert {path.relative_to(CHECKOUT).as_posix() for path in files} == {
        "supervisor/linux/confine.py",
        "supervisor/linux/machine_check.py",
        "supervisor/macos/confine.py",
        "supervisor/macos/launch/child.py",
        "supervisor/macos/machine_check.py",
        "supervisor/macos/peers.py",
    }


def test_every_error_has_a_message_of_one_line_and_a_hint() -> None:
    error = PolicyError("wrong", "write it otherwise")
    assert isinstance(error, NonoError) and isinstance(error, ValueError)
    assert (error.message, error.hint, str(error)) == (
        "wrong",
        "write it otherwise",
        "wrong\nhint: write it otherwise",
    )
    plain = NonoError("wrong")
    assert (plain.message, plain.hint, str(plain)) == ("wrong", "", "wrong")


EACH = [
    NonoError("wrong", "do it otherwise"),
    PolicyError("wrong", "do it otherwise"),
    UnknownName("group", "pyton", ["python"]),
    errors.NoDirectory("/nowhere"),
    CommandError("mak", 2, None),
    TaskError("it ended", "give it more memory"),
    RemoteError("ValueError", "no", "Traceback:\n  ValueError: no"),
]


def _printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("error", EACH, ids=lambda each: type(each).__name__)
def test_a_hint_is_seen_once_wherever_python_prints_the_error(error: NonoError) -> None:
    """In a traceback, also of a group, and of what came from another process."""
    hint = f"hint: {error.hint}"
    sent = [pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)]
    for each in (error, *sent):
        assert (str(each), each.hint) == (str(error), error.hint)
        for printed in (_printed(each), _printed(ExceptionGroup("some", [each]))):
            assert printed.count("hint: ") == bool(error.hint), printed
            assert hint in printed or not error.hint
    assert "in the worker:" in _printed(sent[0]) or not isinstance(error, RemoteError)


def test_a_hint_that_is_said_otherwise_is_seen_so() -> None:
    """And a note of somebody else's stays."""
    error = NonoError("wrong", "--read /data")
    error.add_note("while it was tried")
    speak_python(error)
    printed = _printed(error)
    assert "hint: .read('/data')\nwhile it was tried\n" in printed.replace('"', "'")
    assert "--read" not in printed
    error.advise("")
    assert "hint" not in _printed(error)


def test_what_a_program_named_cannot_move_the_cursor_from_a_traceback() -> None:
    assert "\x1b" not in _printed(NonoError("wrong", "cat '\x1b[2J'")).partition("hint: ")[2]


def test_a_filter_that_cannot_be_built_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object, **__: object) -> bytes:
        raise FilterError("libseccomp is too old", "install a newer one")

    monkeypatch.setattr("nono.shims.linux.filter.build", unsupported)
    with pytest.raises(StartError) as caught:
        confine.filter_program("filtered", broker=True)
    assert caught.value.message == "libseccomp is too old"
    assert caught.value.hint == "install a newer one"


OTHER_MACHINE = """
import os, sys
other = os.uname_result((*os.uname()[:4], "riscv64"))
os.uname = lambda: other
from nono.shims.linux import syscall_classes
try:
    syscall_classes.machine()
except syscall_classes.UnsupportedMachineError:
    pass
else:
    sys.exit("it is known")
if sys.argv[1:]:
    from nono.supervisor.cli.main import main
    main(sys.argv[1:])
from nono.supervisor import NonoError, Options, make_plan, run
try:
    run(["true"], make_plan(Options()).policy)
except NonoError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.requires(landlock=2)
def test_a_machine_without_a_table_of_system_calls(as_user: Account) -> None:
    """Everything can be imported there, and nothing is run."""
    assert syscall_classes.own_number("getpid") > 0
    said = "a 64-bit process on riscv64 cannot be sandboxed"
    library = as_user(as_user.python, "-c", OTHER_MACHINE)
    assert library.stdout.startswith(f"StartError {said}"), library.stderr
    command = as_user(as_user.python, "-c", OTHER_MACHINE, "run", "--", "true")
    assert command.returncode == 125
    assert command.stderr.startswith(f"nono: {said}") and "\nhint: use a 64-bit" in command.stderr
