"""Who imports whom in our packages, read from the source: nothing is imported to find out.

Every import counts, wherever it stands: at the top, in a function, under TYPE_CHECKING. So does a
string that is the name of a module. A public name (`from nono.broker import Rule`) counts as an
import of its home.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from nono.broker.face import public_names
from tests.conftest import CHECKOUT, PACKAGES

FACES = {face: public_names(face) for face in ("nono.broker", "nono.supervisor")}

Graph = dict[str, set[str]]
"""A module's name, and the names of the modules that it imports."""


def module_sources() -> dict[str, str]:
    """Every module of the three packages, by its name; a package has the name of its folder."""
    return {
        f"nono.{name}": source
        for package in PACKAGES
        for name, source in _sources(CHECKOUT / package)
    }


def sources_of_tests() -> dict[str, str]:
    """Every module of the tests, by its name, but for the programs that they run."""
    return {
        name: source
        for name, source in _sources(CHECKOUT / "tests")
        if "programs" not in name.split(".")[2:-1]
    }


def _sources(top: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(CHECKOUT).with_suffix("").parts
        if "_path" not in parts:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, path.read_text(encoding="utf-8")


def import_graph(
    sources: Mapping[str, str],
    faces: Mapping[str, Mapping[str, str]] = FACES,
    strings: bool = True,
) -> Graph:
    """What each of these modules imports of the others; with `strings`, what it names in them."""
    graph: Graph = {}
    for module, source in sources.items():
        targets = set(_targets(ast.parse(source), sources, faces, strings))
        graph[module] = targets & sources.keys() - {module}
    return graph


def _targets(
    tree: ast.Module,
    modules: Mapping[str, str],
    faces: Mapping[str, Mapping[str, str]],
    strings: bool,
) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(package), names=names, level=0):
                for alias in names:
                    below = f"{package}.{alias.name}"
                    home = faces.get(package, {}).get(alias.name)
                    yield home or (below if below in modules else package)
            case ast.ImportFrom():
                raise AssertionError("import by the full name: `from nono.broker...`")
            case ast.Constant(str(text)) if strings:
                yield text


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Every set of two or more modules that import each other, directly or by way of others.

    Tarjan's strongly connected components.
    """
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        path.append(module)
        for target in sorted(graph[module]):
            if target not in order:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in path:
                lowest[module] = min(lowest[module], order[target])
        if lowest[module] == order[module]:
            start = path.index(module)
            circle = sorted(path[start:])
            del path[start:]
            if len(circle) > 1:
                found.append(circle)

    for module in sorted(graph):
        if module not in order:
            visit(module)
    return found


def both_ways(graph: Mapping[str, set[str]]) -> dict[tuple[str, str], list[str]]:
    """Neighbours that import each other, and the imports.

    Neighbours lie in one folder: two folders, each with all that is below, a folder and a
    file beside it, or two files.
    """
    between: dict[tuple[str, str], list[str]] = defaultdict(list)
    for module, targets in graph.items():
        for target in targets:
            here, there = neighbours(module, target)
            between[here, there].append(f"{module} imports {target}")
    return {
        (here, there): sorted(between[here, there] + between[there, here])
        for here, there in sorted(between)
        if here < there and (there, here) in between
    }


def neighbours(module: str, target: str) -> tuple[str, str]:
    """The two names, each cut after the first part in which they differ."""
    here, there = module.split("."), target.split(".")
    length = next(
        (at for at, (a, b) in enumerate(zip(here, there, strict=False)) if a != b),
        min(len(here), len(there)),
    )
    return ".".join(here[: length + 1]), ".".join(there[: length + 1])
