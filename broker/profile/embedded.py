"""Profiles that stand in another file: `[tool.nono]` of a pyproject.toml, or of a script's header.

The header is inline script metadata: PEP 723. What is found is told as one text, which is the same
for the same keys and values, and in which every character can be seen: people compare it, nono
keeps it, and it is read as the text of any profile is.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from nono.broker.errors import PolicyError

_MENTION = b"nono"
_START = "# /// script"
_END = "# ///"
_MAX_NAMES = 32
"""In one key, with dots between them: to read one takes time by the square of their number."""
_TEXT_OR_COMMENT = re.compile(
    r'"""(?:[^"\\]|\\(?:.|\Z)|"{1,2}(?!"))*(?:"{3,5}|\Z)'
    r"|'''(?:[^']|'{1,2}(?!'))*(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?|#[^\n]*",
    re.DOTALL,
)
_BETWEEN_KEYS = re.compile(r"[\n=,\[\]{}]")


def of_project(data: bytes) -> str:
    """What a pyproject.toml has, empty where it has nothing. Raises PolicyError."""
    return _text(_decoded(data)) if _MENTION in data else ""


def of_script(data: bytes) -> str:
    """What a script's header has, empty where it has nothing. Raises PolicyError."""
    if _MENTION not in data or _START.encode() not in data:
        return ""
    header = _header(_decoded(data))
    return "" if header is None else _text(header)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise PolicyError("not UTF-8 text", "save it as UTF-8") from None


def _header(text: str) -> str | None:
    """The TOML in the header; None for a script without one. Raises PolicyError for two.

    It ends at the last end mark before a line that is no comment.
    """
    found: list[str] = []
    inside: list[str] | None = None
    end = 0
    for line in [*text.split("\n"), ""]:
        if inside is None:
            if line == _START:
                inside, end = [], -1
        elif line == "#" or line.startswith("# "):
            end = len(inside) if line == _END else end
            inside.append(line[2:])
        else:
            if end >= 0:
                found.append("\n".join(inside[:end]))
            inside = None
    if len(found) > 1:
        raise PolicyError("more than one header of `# /// script`", "join the two")
    return found[0] if found else None


def _text(toml: str) -> str:
    plain = _TEXT_OR_COMMENT.sub("x", toml).replace(" ", "").replace("\t", "")
    if max(each.count(".") for each in _BETWEEN_KEYS.split(plain)) >= _MAX_NAMES:
        raise PolicyError(f"a key of more than {_MAX_NAMES} names", "no profile has one")
    try:
        tool = tomllib.loads(toml).get("tool", {})
        table = tool.get("nono") if isinstance(tool, dict) else None
        return "" if table is None else _told(table)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"not TOML: {error}", "mend it") from None
    except RecursionError:
        raise PolicyError("tables or lists too deep inside each other", "no profile is") from None


def _told(table: Any) -> str:
    if not isinstance(table, dict):
        raise PolicyError("tool.nono is no table", "write [tool.nono] with keys below it")
    try:
        return json.dumps(table, indent=2, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        raise PolicyError(
            "tool.nono has a date, a time or no number", "a profile has texts, numbers and lists"
        ) from None
