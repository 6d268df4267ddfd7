"""`pytest --nono`, the marker and the fixture, by pytest's own `pytester`."""

import pytest

from tests.conftest import TIMEOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)


def test_the_plugin(frameworks: Account) -> None:
    place = frameworks.directory(frameworks.home / "pytest-plugin")
    frameworks.file(place / "test_plugin.py", program_beside(__file__, "pytest_suite.py"))
    words = ("-P", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "test_plugin.py")
    # The plugins of all the other frameworks would be imported by each of some twenty starts.
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    more = ("-p", "nono", f"--basetemp={place}/tmp")
    done = frameworks(frameworks.python, *words, *more, cwd=place, env=env, timeout=3 * TIMEOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n15 passed" in done.stdout, done.stdout
