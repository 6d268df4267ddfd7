"""The examples of docs/library.md and docs/limits.md, each as a program of its own."""

import re

import pytest

from tests.conftest import CHECKOUT, Account

PAGE = (CHECKOUT / "docs/library.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## nono\n")[2]
ENGINE = PAGE.partition("\n## nono.supervisor\n")[2].partition("\n## ")[0]
BROKER = PAGE.partition("\n## nono.broker\n")[2].partition("\n## ")[0]
OTHERS = (CHECKOUT / "docs/limits.md").read_text(encoding="utf-8")
TEXTS = SECTION.partition("\n## ")[0], OTHERS
BLOCKS = [
    each for text in TEXTS for each in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
]
MAKEFILE = "all:\n\t-cat /etc/shadow\n\ttouch built\n"


def test_there_are_examples() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.requires(landlock=2)
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example(number: int, user: Account) -> None:
    place = user.directory(user.home / f"example-{number}")
    user.directory(place / "work")
    done = user.host(BLOCKS[number], cwd=place)
    assert done.returncode == 0, done.stderr


def test_the_examples_of_the_broker() -> None:
    """Each by itself, as somebody who pastes it has it."""
    blocks = re.findall(r"^```python\n(.*?)^```$", BROKER, re.M | re.S)
    assert blocks
    for block in blocks:
        exec(block, {})


@pytest.mark.requires(landlock=2)
def test_the_examples_of_the_engine(user: Account) -> None:
    """What they define is for a program of trio, which this one is; it builds something twice."""
    blocks = re.findall(r"^```python\n(.*?)^```$", ENGINE, re.M | re.S)
    place = user.directory(user.home / "example-engine")
    user.file(place / "Makefile", MAKEFILE)
    told = "print(open('built') and 'built')"
    ends = [f"import os, trio\ntrio.run({name})\n{told}" for name in ("main", "build_and_ask")]
    program = "\n".join([*blocks, ends[0], "os.remove('built')", ends[1]])
    done = user.host(program, cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count("built") == 2 and "path='/etc/shadow'" in done.stdout
