"""How many examples a property is tried with: the number that stands beside it is for finding out.

Properties that have held for long are tried with a part of it in each run of the tests, with other
examples each time; `pytest --hypothesis-profile=thorough` tries all.
"""

import pytest
from hypothesis import settings

THOROUGH = "thorough"
_PART = 4
_MIN_EXAMPLES = 50
_SETTINGS = "_hypothesis_internal_use_settings"


def register() -> None:
    """Register the profiles, and load the one that is used unless the other is asked for."""
    for name in (THOROUGH, "nono"):
        # How long an example takes says nothing where other tests run beside it.
        settings.register_profile(name, deadline=None)
        settings.load_profile(name)


def try_a_part(items: list[pytest.Item]) -> None:
    """Of many examples a part, unless all are asked for. Rows of a table share their function."""
    functions = {id(item.obj): item for item in items if isinstance(item, pytest.Function)}
    for item in functions.values():
        if item.config.getoption("--hypothesis-profile", None) != THOROUGH:
            at_most(item, max(_MIN_EXAMPLES, number(item) // _PART))


def number(item: pytest.Item) -> int:
    """How many examples the item is tried with; 0 if it is no property."""
    chosen = getattr(getattr(item, "obj", None), _SETTINGS, None)
    return chosen.max_examples if isinstance(chosen, settings) else 0


def at_most(item: pytest.Item, examples: int) -> None:
    """Try a property with no more examples than that."""
    if number(item) > examples:
        function = getattr(item, "obj", None)
        chosen = settings(getattr(function, _SETTINGS), max_examples=examples)
        setattr(function, _SETTINGS, chosen)
