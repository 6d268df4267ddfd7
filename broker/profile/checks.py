"""What one text in a profile must look like. Each check returns the text or raises PolicyError."""

from __future__ import annotations

import re

from nono.broker.credentials.services import parse_upstream
from nono.broker.errors import PolicyError, nearest
from nono.broker.groups import group
from nono.broker.limits import count, memory, seconds, size
from nono.broker.network.host_entries import parse_host
from nono.broker.network.host_groups import network_profile
from nono.broker.profile.spelling import PLATFORMS, VARIABLE, VARIABLES, is_pattern
from nono.broker.rules.hosts import parse_ports
from nono.broker.rules.patterns import Glob, check_wildcards

_MAX_PATH = 4096
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?|\*")
_RESERVED = ("PATH", "TMPDIR")


def check_path(text: str) -> str:
    """A path from the root, the home or a variable; with `*` a pattern of paths."""
    _check_spelling(text)
    if not text.startswith(("/", "~", "$")):
        raise PolicyError(
            f"the path {text[:80]!r} is relative",
            f"begin it with /, ~ or a variable, such as $WORKDIR/{text[:80]}",
        )
    return text


def check_denied_path(text: str) -> str:
    """As `check_path`; a pattern may also be relative, and then holds anywhere."""
    if is_pattern(text) and not text.startswith(("/", "~", "$")):
        _check_spelling(text)
        Glob(text)
        return text
    return check_path(text)


def _check_spelling(text: str) -> None:
    if not text or "\0" in text or len(text) > _MAX_PATH:
        raise PolicyError(
            f"{text[:80]!r} is not a path: it is empty, holds a NUL or is too long", "name a file"
        )
    if ".." in text.split("/"):
        raise PolicyError(
            f"the path {text[:80]!r} goes up with '..'", "write where it leads, without '..'"
        )
    if text.startswith("~") and not text.startswith("~/") and text != "~":
        raise PolicyError(
            f"{text[:80]!r}: only your own home has a short form", "write ~/ or the whole path"
        )
    for match in VARIABLE.finditer(text):
        _check_variable(text, match)
    if is_pattern(text):
        check_wildcards(text)
        Glob("/".join(name for name in text.split("/") if name not in ("", ".")))


def _check_variable(text: str, match: re.Match[str]) -> None:
    name = match[1] or match[2]
    if name not in VARIABLES:
        near = nearest(name, VARIABLES)
        hint = f"did you mean ${near}?" if near else f"there are: ${', $'.join(VARIABLES)}"
        raise PolicyError(f"{text[:80]!r}: there is no variable ${name[:40]}", hint)
    if name == "UID":
        return
    rest = text[match.end() :]
    if match.start() or (rest and not rest.startswith("/")):
        raise PolicyError(
            f"{text[:80]!r}: ${name} stands for a whole path",
            f"begin with it, followed by a slash: ${name}/...",
        )


def check_group(text: str) -> str:
    """The name of a group. Raises UnknownName."""
    return group(text).name


def check_excluded_group(text: str) -> str:
    """The name of a group that may be left out: one that only grants."""
    if group(text).deny:
        raise PolicyError(
            f"the group {text!r} protects, and cannot be left out as a whole",
            "name the path that you need in filesystem.bypass_protection",
        )
    return text


def check_host(text: str) -> str:
    """A host as `parse_host` takes it. Raises InvalidHost."""
    parse_host(text)
    return text


def check_ports(text: str) -> str:
    """A range of ports such as `3000-3100`. Raises InvalidHost."""
    parse_ports(text)
    return text


def check_network_profile(text: str) -> str:
    """Raises UnknownName."""
    return network_profile(text).name


def check_variable(text: str) -> str:
    """The name of an environment variable that a profile may set."""
    if not _NAME.fullmatch(text):
        raise PolicyError(f"{text[:80]!r} is not the name of a variable", "write it as MY_NAME")
    if text in _RESERVED or text.startswith("NONO_"):
        raise PolicyError(f"the variable {text} is nono's to set", "leave it out")
    return text


def check_variable_pattern(text: str) -> str:
    """The name of a variable, or its beginning with a `*` behind it."""
    if not _NAME_PATTERN.fullmatch(text):
        raise PolicyError(f"{text[:80]!r} is not a pattern of variables", "write NAME or NAME_*")
    return text


def check_value(text: str) -> str:
    """A text that execve(2) can pass on."""
    if "\0" in text:
        raise PolicyError("a value cannot hold a NUL", "leave it out")
    return text


def check_platform(text: str) -> str:
    """A platform, or with `!` before it every other one."""
    if text.removeprefix("!") not in PLATFORMS:
        raise PolicyError(
            f"{text[:80]!r} is not a platform that nono tells apart",
            f"write one of {', '.join(PLATFORMS)}, with ! before it for the others",
        )
    return text


def check_upstream(text: str) -> str:
    """A URL with HTTPS, or HTTP on loopback."""
    parse_upstream(text)
    return text


def check_memory(given: int | str) -> int | str:
    """How much memory, as `limits.memory` takes it."""
    memory(given)
    return given


def check_size(given: int | str) -> int | str:
    """How many bytes, as `limits.size` takes them."""
    size(given)
    return given


def check_count(given: int) -> int:
    """How many, above 0."""
    count(given)
    return given


def check_time(given: int | str) -> int | str:
    """How long, as `limits.seconds` takes it."""
    seconds(given)
    return given
