"""The examples of docs/library.md and docs/limits.md, each as a program of its own."""

import re

import pytest

from tests.conftest import CHECKOUT, Account

SECTION = (CHECKOUT / "docs/library.md").read_text(encoding="utf-8").partition("\n## nono\n")[2]
OTHERS = (CHECKOUT / "docs/limits.md").read_text(encoding="utf-8")
TEXTS = SECTION.partition("\n## ")[0], OTHERS
BLOCKS = [
    each for text in TEXTS for each in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
]


def test_there_are_examples() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.requires(landlock=2)
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example(number: int, user: Account) -> None:
    place = user.directory(user.home / f"example-{number}")
    user.directory(place / "work")
    done = user(user.python, "-P", "-c", BLOCKS[number], cwd=place)
    assert done.returncode == 0, done.stderr
