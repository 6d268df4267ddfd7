"""A package whose public names are imported one by one, when they are first used.

The list of the names is the package's stub, `__init__.pyi`, a line a name:
`from MODULE import NAME as NAME`. Type checkers and editors read it by themselves.
This module imports next to nothing, since every start of nono imports it.
"""

from __future__ import annotations

import builtins

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which takes its time as the others do
    from types import ModuleType
else:
    ModuleType = type(builtins)

_read: dict[str, dict[str, str]] = {}


def public_names(package: str) -> dict[str, str]:
    """The public names of a package, each with the module that defines it."""
    if package not in _read:
        (directory,) = _imported(package).__path__
        with open(f"{directory}/__init__.pyi", encoding="utf-8") as stub:
            words = [line.split() for line in stub]
        _read[package] = {
            line[3]: line[1] for line in words if line[0::2] == ["from", "import", "as"]
        }
    return _read[package]


class Face(ModuleType):
    """A package that finds its public names itself, in whatever order things are imported."""

    def __getattr__(self, name: str) -> object:
        names = public_names(self.__name__)
        if name == "__all__":
            return [*names]
        if name not in names:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__dict__[name] = getattr(_imported(names[name]), name)
        return self.__dict__[name]

    def __setattr__(self, name: str, value: object) -> None:
        # The import system sets every submodule as an attribute of its package. Where a
        # public name is spelt like one (`groups`, a function of `nono.broker.groups`),
        # the public name stays.
        if not (isinstance(value, ModuleType) and name in public_names(self.__name__)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*public_names(self.__name__)]

    def __reduce__(self) -> tuple[object, ...]:
        """By name, as cloudpickle has other modules: a function of a notebook takes it along."""
        return _imported, (self.__name__,)


def _imported(name: str) -> ModuleType:
    """As `importlib.import_module`, which a client of nono warm does without."""
    found: ModuleType = __import__(name, fromlist=("__name__",))
    return found


def show_public_names(package: str) -> None:
    """Let an imported package (its `__name__`) find its public names when they are used."""
    _imported(package).__class__ = Face
