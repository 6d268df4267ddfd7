"""Pages of the site that are made when it is built: a hook of MkDocs, named in mkdocs.yml.

`pages` alone needs no MkDocs: tests/test_site.py looks at what it makes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
COPIED = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changes.md",
}
"""Files at the top of the repository, and the names that their pages have."""
FACES = ("nono", "nono.broker")
"""The modules whose public names are on a page; those of `nono.supervisor` are for trio alone."""
_REPOSITORY_FILES = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(#[^)]*)?\)")


def pages() -> dict[str, str]:
    """The Markdown of every page that is made, by its name."""
    from nono.supervisor.cli.commands import nono
    from nono.supervisor.cli.manual import markdown

    made = {
        page: of_site((TOP / file).read_text(encoding="utf-8"), "") for file, page in COPIED.items()
    }
    made["commands.md"] = markdown(nono)
    made["names.md"] = "\n".join(_names()) + "\n"
    return made


def of_site(text: str, folder: str) -> str:
    """A text of the repository, with its links as they are on the site.

    `folder` is where its file lies, from the top. What is no page there becomes plain text.
    """

    def linked(match: re.Match[str]) -> str:
        path, anchor = match[1], match[2] or ""
        found = (TOP / folder / path).resolve()
        name = found.relative_to(TOP).as_posix() if found.is_relative_to(TOP) else path
        page = COPIED.get(name) or name.removeprefix("docs/")
        return f"]({page}{anchor})" if name in COPIED or name.startswith("docs/") else "](#)"

    return _REPOSITORY_FILES.sub(linked, text)


def _names() -> Iterator[str]:
    import importlib

    from nono.broker.face import public_names

    yield "# Names of the library"
    yield ""
    yield "What `help()` says. [The library](library.md) tells how they belong together."
    for face in FACES:
        module = importlib.import_module(face)
        yield from ("", f"## `{face}`")
        for name in sorted(public_names(face)):
            yield from _name(name, getattr(module, name))


def _name(name: str, found: Any) -> Iterator[str]:
    yield from ("", f"### `{name}`", "")
    if callable(found):
        yield from (f"    {name}{_signature(found)}", "")
    if not isinstance(found, (str, int, float, tuple, frozenset, dict)):
        yield from _said(inspect.getdoc(found))
    if not inspect.isclass(found):
        return
    for inner, value in vars(found).items():
        said = inspect.getdoc(value)
        if inner.startswith("_") or not said or not _is_told(value):
            continue
        shown = "" if isinstance(value, property) else _signature(getattr(found, inner))
        yield from ("", f"**`{inner}{shown}`**", "")
        yield from _said(said)


def _is_told(value: Any) -> bool:
    kinds = (property, classmethod, staticmethod)
    return inspect.isfunction(value) or isinstance(value, kinds)


def _signature(found: Any) -> str:
    try:
        return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(found)))
    except (TypeError, ValueError):
        return "(...)"


def _said(text: str | None) -> Iterator[str]:
    """A docstring; what is indented in it is code already."""
    for line in (text or "").splitlines():
        yield line if line.startswith("    ") else re.sub(r"([<>*_\[\]])", r"\\\1", line)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made: called by MkDocs."""
    from mkdocs.structure.files import File  # type: ignore[import-not-found]

    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Lead links of a page in docs/ to where their ends are on the site: called by MkDocs."""
    return markdown if page.file.generated_by else of_site(markdown, "docs")
