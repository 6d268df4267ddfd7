"""How profiles and what stands in them are written, for whoever does not check a whole one."""

from __future__ import annotations

from nono.broker.compiled import pattern_of
from nono.broker.errors import PolicyError

MAX_BYTES = 1024 * 1024
"""Of one profile."""

PLATFORMS = ("linux", "macos")

VARIABLES = (
    "HOME",
    "WORKDIR",
    "TMPDIR",
    "UID",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
)
"""What may stand in a profile's paths as $NAME or ${NAME}; all but UID at the start only."""

VARIABLE = pattern_of(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_PROFILE = pattern_of(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def is_pattern(text: str) -> bool:
    """True when the text stands for all the paths that its wildcards match."""
    return "*" in text


def check_base(text: str) -> str:
    """The name or the file of a profile."""
    if "\0" in text or not (is_file_name(text) or _PROFILE.fullmatch(text)):
        raise PolicyError(
            f"{text[:80]!r} is neither the name nor the file of a profile",
            "write a name such as python-dev or a path such as ./base.json",
        )
    return text


def is_file_name(reference: str) -> bool:
    """True when a reference to a profile means a file, and not a name."""
    return "/" in reference or reference.endswith(".json")
