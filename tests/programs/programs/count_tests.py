import subprocess
import sys
from pathlib import Path

import markupsafe
import pytest
from count import words


@pytest.mark.parametrize("text", ["", "one", "two words"])
def test_words(text: str, tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text(text)
    assert words(file.read_text()) == text.count(" ") + bool(text)


def test_output(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("src")
    subprocess.run([sys.executable, "-c", "import count; print(count.words('a b'))"], check=True)
    assert capfd.readouterr().out == "2\n"


def test_compiled() -> None:
    assert markupsafe._escape_inner.__module__ == "markupsafe._speedups"


def test_fails() -> None:
    assert words("a") == 2
