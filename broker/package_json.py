"""package.json: the part of it that tools run, by itself or at the next `npm install`."""

from __future__ import annotations

from nono.broker.datafile import data

MAX_BYTES = 1 << 20
_FILES = (".tgz", ".tar", ".tar.gz")


def running_part(text: bytes) -> str | None:
    """What is left without what only describes the package, as text to compare.

    Empty when nothing runs. Dependencies by a version come from a registry; those by a path or a
    URL bring scripts from where a program may have put them. None for what is not understood.
    """
    if len(text) > MAX_BYTES:
        return None
    import json  # which most starts do without

    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(whole, dict):
        return None
    table = data("package_json")
    kept = {key: value for key, value in whole.items() if value and key not in table["describing"]}
    for key in table["dependencies"]:
        if key in kept and isinstance(kept[key], dict):
            kept[key] = {n: v for n, v in kept[key].items() if not _is_version(v)}
    kept = {key: value for key, value in kept.items() if value}
    return json.dumps(kept, sort_keys=True) if kept else ""


def _is_version(value: object) -> bool:
    """False also for the name of a file or a directory, as npm, yarn and pnpm tell it apart."""
    if not isinstance(value, str) or any(each in value for each in ":/\\"):
        return False
    return not value.strip().startswith(".") and not value.strip().lower().endswith(_FILES)
