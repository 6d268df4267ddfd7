"""Every exception class of nono's, as the packages have them."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from tests.conftest import CHECKOUT, PACKAGES


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
def error_classes() -> dict[str, type[Exception]]:
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
