"""The pages of the site: each is in its table of contents, and every link leads somewhere."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from nono.broker.face import public_names
from tests.conftest import CHECKOUT

DOCS = CHECKOUT / "docs"


@pytest.fixture(scope="module")
def site() -> ModuleType:
    place = CHECKOUT / "contrib/site_pages.py"
    spec = importlib.util.spec_from_file_location("site_pages", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(site: ModuleType) -> dict[str, str]:
    """Every page, with its links as they are on the site."""
    made: dict[str, str] = site.pages()
    found = {path.name: site.of_site(path.read_text(), "docs") for path in DOCS.glob("*.md")}
    assert not found.keys() & made.keys()
    return found | made


def test_every_page_is_in_the_table_of_contents(pages: dict[str, str]) -> None:
    named = re.findall(r"([\w-]+\.md)$", (CHECKOUT / "mkdocs.yml").read_text(), re.M)
    assert sorted(named) == sorted(pages)


def test_every_link_leads_to_a_page_or_a_file(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        for page in re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", text):
            assert page in pages or (DOCS / page).is_file(), f"{name}: {page}"


def test_the_names_are_those_of_the_library(pages: dict[str, str]) -> None:
    for face in ("nono", "nono.broker"):
        for name in public_names(face):
            assert f"\n### `{name}`\n" in pages["names.md"]
    assert "0x" not in pages["names.md"]
