"""The arrows between rooms: no circle of modules, no two rooms that import each other.

What importlinter can say (which package may import which) is in pyproject.toml.
"""

import ast
from functools import cache

from tests.imports import (
    Graph,
    both_ways,
    circles,
    import_graph,
    module_sources,
    neighbours,
    sources_of_tests,
)

SOURCES = module_sources()


@cache
def graph() -> Graph:
    """Takes seconds, and every process of the tests reads this file."""
    return import_graph(SOURCES)


def test_no_modules_import_each_other_in_a_circle() -> None:
    shown = [
        "\n".join(
            f"  {module} imports {target}"
            for module in circle
            for target in sorted(graph()[module] & set(circle))
        )
        for circle in circles(graph())
    ]
    assert not shown, "circles (lazy and TYPE_CHECKING imports count):\n" + "\n\n".join(shown)


MEASURING = "nono.perf"
COMMAND = "nono.supervisor.cli.bench"
"""What measures nono stands above all of it, and is entered by its command alone."""


def is_measuring(module: str) -> bool:
    return f"{module}.".startswith(f"{MEASURING}.")


def test_only_its_command_imports_what_measures_nono() -> None:
    assert {
        module
        for module, targets in graph().items()
        if any(map(is_measuring, targets)) and not is_measuring(module)
    } == {COMMAND}


def test_no_two_rooms_import_each_other() -> None:
    without = {each for each in graph()[COMMAND] if not is_measuring(each)}
    shown = [
        f"{here} <-> {there}\n  " + "\n  ".join(imports)
        for (here, there), imports in both_ways({**graph(), COMMAND: without}).items()
    ]
    assert not shown, "rooms that import each other:\n" + "\n\n".join(shown)


def test_a_room_is_only_a_folder() -> None:
    """Its `__init__` says what is in it; a module is imported by its own name."""
    rooms = [name for name in SOURCES if any(other.startswith(f"{name}.") for other in SOURCES)]
    faces = {"nono.broker", "nono.supervisor", "nono.supervisor.door"}
    assert faces < set(rooms)
    for room in set(rooms) - faces:
        (docstring,) = ast.parse(SOURCES[room]).body
        assert isinstance(docstring, ast.Expr), room
        assert isinstance(docstring.value, ast.Constant), room


def test_inside_a_package_nobody_imports_its_face() -> None:
    """There, a name comes from its home: the arrow is then seen where it points."""
    for module, source in SOURCES.items():
        package = ".".join(module.split(".")[:2])
        if f"from {package} import" not in source and f"import {package}" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Import(names):
                    assert package not in [alias.name for alias in names], module
                case ast.ImportFrom(module=face, names=names) if face == package:
                    modules = {f"{package}.{alias.name}" for alias in names}
                    assert modules <= SOURCES.keys(), module


SHARED = {"conftest", "world", "worlds"}
"""Modules that hold what the tests of other rooms use, too."""


def borrowed(module: str, target: str) -> bool:
    """True when a test takes something from a place that is not its own.

    Its own are its room and what lies below or above. Nobody imports a test.
    """
    room, _, _ = module.rpartition(".")
    place, _, name = target.rpartition(".")
    if name.startswith("test_"):
        return True
    above = f"{module}.".startswith((f"{place}.", f"{target}."))
    return not (above or f"{place}.".startswith(f"{room}.") or name in SHARED)


def test_tests_borrow_from_no_other_room() -> None:
    """What several rooms need lies above them, or in a `conftest` or `worlds`."""
    sources = sources_of_tests()
    for module, targets in import_graph(sources, {}, strings=False).items():
        for target in targets:
            assert not borrowed(module, target), f"{module} imports {target}"


def test_what_is_borrowed() -> None:
    module = "tests.broker.floor.test_floor"
    for own in ("floor.kernel", "floor.conftest", "worlds", "network.worlds", "floor.programs.x"):
        assert not borrowed(module, f"tests.broker.{own}"), own
    assert not borrowed(module, "tests.simulator")
    for other in ("floor.test_attack", "network.answers", "test_groups"):
        assert borrowed(module, f"tests.broker.{other}"), other


FACES = {"nono.broker": {"Rule": "nono.broker.rules.rule"}}


def graph_of(**sources: str) -> dict[str, set[str]]:
    """The graph of modules below `nono`, with `_` for the dots in their names."""
    named = {f"nono.{name.replace('_', '.')}": source for name, source in sources.items()}
    return import_graph(named, FACES)


def test_every_kind_of_import_counts() -> None:
    graph = graph_of(
        a="import nono.b\n",
        b="def f() -> None:\n    from nono.c import name\n",
        c="if TYPE_CHECKING:\n    from nono import d\n",
        d="COMMANDS = {'e': 'nono.e'}\n",
        e="from nono.broker import Rule\n",
        broker="",
        broker_rules_rule="import os\n",
    )
    assert graph == {
        "nono.a": {"nono.b"},
        "nono.b": {"nono.c"},
        "nono.c": {"nono.d"},
        "nono.d": {"nono.e"},
        "nono.e": {"nono.broker.rules.rule"},
        "nono.broker": set(),
        "nono.broker.rules.rule": set(),
    }


def test_circles_are_found_and_nothing_else() -> None:
    graph = graph_of(
        a="import nono.b, nono.d",
        b="import nono.c",
        c="import nono.a",
        d="import nono.e, nono.f",
        e="import nono.f",
        f="import nono.g",
        g="import nono.f",
    )
    assert circles(graph) == [["nono.f", "nono.g"], ["nono.a", "nono.b", "nono.c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_rooms_that_import_each_other_are_found_and_nothing_else() -> None:
    graph = graph_of(
        s_calls_loop="import nono.s.network.stub",
        s_network_stub="import nono.s.network.answers",
        s_network_answers="import nono.s.calls.call, nono.s.errors",
        s_calls_call="",
        s_errors="",
    )
    assert both_ways(graph) == {
        ("nono.s.calls", "nono.s.network"): [
            "nono.s.calls.loop imports nono.s.network.stub",
            "nono.s.network.answers imports nono.s.calls.call",
        ]
    }


def test_neighbours_lie_in_one_folder() -> None:
    assert neighbours("nono.s.linux.calls.loop", "nono.s.linux.network.stub") == (
        "nono.s.linux.calls",
        "nono.s.linux.network",
    )
    assert neighbours("nono.s.linux.calls.loop", "nono.s.errors") == (
        "nono.s.linux",
        "nono.s.errors",
    )
