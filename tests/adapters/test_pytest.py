"""`pytest --nono`, the marker and the fixture, by pytest's own `pytester`."""

import pytest

from tests.conftest import TIMEOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)


def test_the_plugin(frameworks: Account) -> None:
    place = frameworks.directory(frameworks.home / "pytest-plugin")
    frameworks.file(place / "test_plugin.py", program_beside(__file__, "pytest_suite.py"))
    words = ("-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "test_plugin.py")
    done = frameworks(
        frameworks.python, *words, f"--basetemp={place}/tmp", cwd=place, timeout=3 * TIMEOUT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n7 passed" in done.stdout, done.stdout
