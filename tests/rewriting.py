"""Each of the processes that run all tests reads its own share of the files first.

pytest rewrites the assertions of a file when it is read for the first time, and keeps what comes of
it. Where nothing is kept yet, as in CI, each process would do that for every file, all at once.
"""

import contextlib
import importlib
import os

import pytest

from tests.copied import CHECKOUT

_TESTS = CHECKOUT / "tests"


def pytest_collection(session: pytest.Session) -> None:
    """What cannot be imported is told of when it is collected."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None or [*map(os.path.abspath, session.config.args)] != [str(_TESTS)]:
        return
    number = int(worker["workerid"].removeprefix("gw"))
    for path in sorted(_TESTS.rglob("test_*.py"))[number :: worker["workercount"]]:
        with contextlib.suppress(Exception):
            importlib.import_module(".".join(path.relative_to(CHECKOUT).with_suffix("").parts))
