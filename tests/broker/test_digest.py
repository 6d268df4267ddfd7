"""The digest is that of everybody else, and comes without OpenSSL."""

import hashlib
import subprocess
import sys

import pytest

from nono.broker import digest


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 1000, 1 << 16])
def test_it_is_the_one_of_hashlib(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    assert digest.sha256(data).digest() == hashlib.sha256(data).digest()
    assert digest.sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()


def test_an_interpreter_without_its_own_uses_hashlib(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_sha2", "_sha256"):
        monkeypatch.setitem(sys.modules, name, None)
    assert digest._found() is hashlib.sha256


def test_it_loads_no_openssl() -> None:
    said = "import sys, nono.broker.digest; sys.exit('_hashlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", said], check=True)
