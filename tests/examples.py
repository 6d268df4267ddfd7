"""How many examples a property is tried with: the number that stands beside it is for finding out.

Properties that have held for long are tried with a part of it in each run of the tests, with other
examples each time; `pytest --hypothesis-profile=thorough` tries all. So it is with the rows of a
table that are marked `lots`: drawn by lot, and each as good as another.
"""

import os
import random
import secrets
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import settings

THOROUGH = "thorough"
_PART = 8
_MIN_EXAMPLES = 25
_MIN_LONG = 10
"""Of a property that takes seconds."""
_LOTS = 1
_ACCOUNTS = ("root", "user")
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
            least = _MIN_LONG if item.get_closest_marker("long") else _MIN_EXAMPLES
            at_most(item, max(least, number(item) // _PART))


def draw_lots(items: list[pytest.Item]) -> None:
    """Of the rows marked `lots` one of each kind, unless all are asked for."""
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("lots")
        if mark and item.config.getoption("--hypothesis-profile", None) != THOROUGH:
            kinds[item.nodeid.partition("[")[0], mark.kwargs["kind"]].append(item.nodeid)
    session = _session()
    _leave_out(items, {row for rows in kinds.values() for row in {*rows} - {*drawn(rows, session)}})


def draw_accounts(items: list[pytest.Item]) -> None:
    """Of each test that runs as root and as an ordinary user one of the two, where that is asked
    for by NONO_TESTS_ACCOUNTS=drawn: half of them as root, other ones each time."""
    if os.environ.get("NONO_TESTS_ACCOUNTS") != "drawn":
        return
    accounts: dict[str, list[str]] = defaultdict(list)
    for item in items:
        row = getattr(item, "callspec", None)
        if row is not None and row.params.get("as_user") in _ACCOUNTS:
            words = [word for word in row.id.split("-") if word not in _ACCOUNTS]
            accounts["-".join([item.nodeid.partition("[")[0], *words])].append(item.nodeid)
    session = _session()
    chosen = {random.Random(session + test).choice(each) for test, each in accounts.items()}
    _leave_out(items, {row for each in accounts.values() for row in each} - chosen)


def _session() -> str:
    """All processes of one find the same."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex()


def _leave_out(items: list[pytest.Item], left_out: set[str]) -> None:
    if deselected := [item for item in items if item.nodeid in left_out]:
        deselected[0].config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item.nodeid not in left_out]


def drawn(rows: Sequence[str], session: str) -> list[str]:
    """Those of a session: all of its processes have to find the same tests."""
    return random.Random(session).sample(rows, min(len(rows), _LOTS))


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
