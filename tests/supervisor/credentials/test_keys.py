"""What takes keys from elsewhere does without the keychain's library, slow to import."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest

from nono.broker.credentials.services import Injection, InjectMode, own_service
from nono.supervisor.credentials.issued import Issued
from tests.conftest import CHECKOUT

LOADING = """
import sys
from nono.broker.credentials.services import built_in_service, with_source
from nono.supervisor.credentials import keychain, keys
service = with_source(built_in_service("openai"), sys.argv[1])
try:
    print(keys.load(service, {"MINE": "sk-0123456789abcdef0123456789"}).source)
except Exception as error:
    print(type(error).__name__)
print("keyring" in sys.modules)
"""


@pytest.mark.parametrize(
    ("source", "is_loaded"),
    [("env://MINE", "False"), ("env://OTHER", "False"), ("keyring://nono/openai", "True")],
)
def test_keyring_is_imported_for_a_keychain_alone(source: str, is_loaded: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOADING, source],
        env={"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1:] == [is_loaded], done.stdout + done.stderr


def test_a_plain_installation_has_it() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert any(each.startswith("keyring>=") for each in project["dependencies"])


@pytest.mark.parametrize("mode", [InjectMode.BASIC_AUTH, InjectMode.HEADER])
def test_of_a_name_and_a_password_the_password_alone_is_hidden_too(mode: InjectMode) -> None:
    service = own_service("t", "http://localhost:1", "env://K", "K", Injection(mode))
    issued = Issued([service], {"K": "alice:pass-Word-8"})
    assert issued.holds_key("it is alice:pass-Word-8")
    assert issued.holds_key("no such password: pass-Word-8") is (mode is InjectMode.BASIC_AUTH)
    assert not issued.holds_key("no such user: alice")
