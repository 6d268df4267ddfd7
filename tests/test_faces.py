"""The public names of nono, nono.broker and nono.supervisor: a list each, imported name by name."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import permutations

import pytest

from nono.broker.face import public_names
from tests.broker.worlds import CALLER
from tests.conftest import CHECKOUT

DIRECTORIES = {"nono": "supervisor/door", "nono.broker": "broker", "nono.supervisor": "supervisor"}
"""Where each face lies."""
FACES = tuple(DIRECTORIES)
USERS = ("supervisor", "perf", "tests")
"""Where the public names of a face are used, besides the documentation."""

PAGE = (CHECKOUT / "docs/library.md").read_text(encoding="utf-8")


def fresh(*lines: str) -> str:
    """What a new interpreter prints; the lines are its program."""
    command = (sys.executable, "-c", "\n".join(lines))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_after(statement: str) -> set[str]:
    """Our modules that a new interpreter has loaded once it has run a statement."""
    ours = "[name for name in sys.modules if name.partition('.')[0] == 'nono']"
    return set(json.loads(fresh("import json, sys", statement, f"print(json.dumps({ours}))")))


def modules_of(face: str) -> list[str]:
    """Every module and package below a face; below `nono` are the other faces.

    Adapters need their frameworks, which tests/adapters has.
    """
    found = []
    for path in sorted((CHECKOUT / DIRECTORIES[face]).rglob("*.py")):
        relative = path.relative_to(CHECKOUT).with_suffix("")
        parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
        elsewhere = {"door", "adapters"} & {*parts}
        if len(parts) > 1 and relative.name != "__main__" and not elsewhere:
            found.append(".".join(("nono", *parts)))
    return found


def namesakes(face: str) -> list[str]:
    """Public names that are spelt like a module of the package."""
    children = {module.split(".")[2] for module in modules_of(face)}
    return sorted(children & public_names(face).keys())


def names_taken(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The faces that a piece of Python takes names from, and the names."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module in FACES:
                yield from ((module, alias.name) for alias in names)
            case ast.Attribute(ast.Attribute(ast.Name("nono"), face), name):
                yield f"nono.{face}", name
            case ast.Attribute(ast.Name("nono"), name):
                yield "nono", name


def python_blocks(markdown: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", markdown, re.DOTALL | re.MULTILINE)


def sources() -> Iterator[tuple[str, str]]:
    """Every piece of Python that may use a face, with the folder that it lies in."""
    for top in USERS:
        for path in (CHECKOUT / top).rglob("*.py"):
            if "_path" not in path.parts:
                yield top, path.read_text(encoding="utf-8")
    for page in (CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")):
        yield from (("docs", block) for block in python_blocks(page.read_text(encoding="utf-8")))


_MAY_TAKE = re.compile(r"from nono(\.broker|\.supervisor)? import|(?<!from )(?<!import )\bnono\.")
"""What has neither takes nothing: to take apart what has costs a tenth of a second."""


@cache
def used() -> frozenset[tuple[str, str]]:
    """The faces that others take names from, and the names."""
    return frozenset(
        (face, name)
        for top, source in sources()
        if _MAY_TAKE.search(source)
        for face, name in names_taken(ast.parse(source))
        if face != f"nono.{top}"
    )


def documented(face: str) -> list[str]:
    """The names in the first column of a face's table in docs/library.md."""
    section = PAGE.partition(f"\n## {face}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_a_face_imports_nothing() -> None:
    machinery = {"nono", "nono.broker", "nono.broker.face"}
    assert loaded_after("import nono") == machinery
    assert loaded_after("import nono.broker") == machinery
    assert loaded_after("import nono.supervisor") == machinery | {"nono.supervisor"}


def test_a_name_imports_its_home_and_no_other_name() -> None:
    loaded = loaded_after("from nono.broker import Access")
    assert "nono.broker.rules.access" in loaded
    assert not loaded & {"nono.broker.policy", "nono.broker.requests", "nono.broker.groups"}


@pytest.mark.parametrize("face", FACES)
def test_the_list_is_the_stub_as_type_checkers_read_it(face: str) -> None:
    stub = ast.parse((CHECKOUT / DIRECTORIES[face] / "__init__.pyi").read_text())
    names = {}
    for node in stub.body:
        if isinstance(node, ast.AnnAssign):
            assert face == "nono" and ast.unparse(node) == "__version__: str"
            continue
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.name == alias.asname
            assert alias.name not in names
            names[alias.name] = node.module
    assert public_names(face) == names


def _with_types(node: ast.stmt) -> list[ast.stmt]:
    """A statement, or what is for type checkers: a name may be something plainer at run time."""
    match node:
        case ast.If(ast.Name("TYPE_CHECKING"), body):
            return body
    return [node]


@pytest.mark.parametrize("face", FACES)
def test_every_name_is_defined_in_the_home_that_the_list_gives(face: str) -> None:
    for name, home in public_names(face).items():
        module = CHECKOUT.joinpath(*home.split(".")[1:]).with_suffix(".py")
        defined = set()
        for node in (
            each for top in ast.parse(module.read_text()).body for each in _with_types(top)
        ):
            match node:
                case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                    defined.add(node.name)
                case ast.Assign(targets=[ast.Name(target)]) | ast.AnnAssign(ast.Name(target)):
                    defined.add(target)
        assert name in defined, f"{name} is not defined in {home}"


@pytest.mark.parametrize("face", FACES)
def test_the_names_are_documented_and_used(face: str) -> None:
    public = sorted(public_names(face))
    assert sorted(documented(face)) == public
    unused = set(public) - {name for user, name in used() if user == face}
    assert not unused, "nobody uses these"


def test_the_examples_of_the_page_work(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the two packages; tests/supervisor/library runs the others in a sandbox."""
    first, *others = python_blocks(PAGE.partition("\n## nono.supervisor\n")[2])
    compile(first, "docs/library.md", "exec")  # it needs a sandbox to do more
    exec("\n".join(others), {"process": CALLER})
    assert "--read" in capsys.readouterr().out


@pytest.mark.parametrize("face", FACES)
def test_dir_and_help_show_the_names(face: str) -> None:
    shown, page = json.loads(
        fresh(
            f"import json, pydoc, {face} as face",
            "print(json.dumps([dir(face), pydoc.plain(pydoc.render_doc(face))]))",
        )
    )
    assert sorted(shown) == sorted(public_names(face))
    for name in shown:
        assert re.search(rf"^    (class |async )?{name}\b", page, re.MULTILINE), name


@pytest.mark.parametrize("face", FACES)
def test_a_star_imports_the_names(face: str) -> None:
    names = json.loads(fresh(f"from {face} import *", "import json; print(json.dumps(dir()))"))
    assert {name for name in names if not name.startswith("__")} - {"json"} == set(
        public_names(face)
    )


def test_a_face_is_sent_by_its_name() -> None:
    """As a function does that uses it and goes to another process by cloudpickle."""
    sending = "import pickle, nono, nono.broker as face"
    there = "pickle.loads(pickle.dumps((nono, face)))"
    assert fresh(sending, f"print({there} == (nono, face))") == "True\n"


def test_what_is_not_public_is_an_attribute_error() -> None:
    caught = "import nono.broker\ntry: nono.broker.nothing\nexcept AttributeError as e: print(e)"
    assert fresh(caught) == "module 'nono.broker' has no attribute 'nothing'\n"


def test_there_are_names_that_are_spelt_like_modules() -> None:
    assert namesakes("nono.broker") == ["groups", "visible"]


@pytest.mark.parametrize("name", namesakes("nono.broker") + namesakes("nono.supervisor"))
@pytest.mark.parametrize("first, second, third", [*permutations(("module", "name", "user"))])
def test_the_public_name_hides_the_module_in_every_order(
    name: str, first: str, second: str, third: str
) -> None:
    home = public_names("nono.broker")[name]
    statements = {
        "module": f"import {home}",
        "name": f"from nono.broker import {name}",
        "user": "import nono.supervisor.report.plan",  # imports both
    }
    assert (
        fresh(
            *(statements[each] for each in (first, second, third)),
            "import sys, nono.broker",
            f"print(nono.broker.{name} is {name} is sys.modules[{home!r}].{name})",
        )
        == "True\n"
    )


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("modules_first", [True, False])
def test_every_name_is_its_homes_whatever_was_imported_before(
    face: str, modules_first: bool
) -> None:
    modules = [f"import {module}" for module in modules_of(face)]
    names = [f"from {face} import {name}" for name in public_names(face)]
    statements = modules + names if modules_first else names + modules
    assert (
        fresh(
            *statements,
            f"import sys, {face} as face; from nono.broker.face import public_names",
            f"for name, home in public_names('{face}').items():",
            "    assert getattr(face, name) is getattr(sys.modules[home], name), name",
        )
        == ""
    )
