"""Resolved profiles, kept from one run to the next: to check one's text takes longer than a start.

A file in nono's state directory, which no sandbox can read or write, has what a profile came to,
and which texts that was made from. Each of those is looked for and read again: what is kept counts
only if every one is found where it was and says the same, and nono is the same. Whatever is odd
about the file (another's, open to others, not understood) makes it one that is not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from typing import Any, NamedTuple

from nono.broker.datafile import PROFILES
from nono.broker.errors import PolicyError
from nono.broker.profile.merged import Merged, Source
from nono.broker.profile.plain import plain_merged, read_merged
from nono.supervisor.places import make_private, platform, state_directory
from nono.supervisor.planning.profile_files import Profiles
from nono.supervisor.version import VERSION

_FILES = 64
"""So many are kept at most: which one it is follows from the profile's name and the directory."""
_MAX_BYTES = 1 << 20
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ODD = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


class Resolved(NamedTuple):
    """A profile with all that it extends, and what is odd about the files."""

    merged: Merged
    notes: tuple[str, ...]


def resolved(reference: str, env: Mapping[str, str], home: str) -> Resolved:
    """A profile that a person names. Raises broker.PolicyError."""
    key = [VERSION, platform(), _code(), os.getcwd(), reference]
    place = os.path.join(state_directory(env), "profiles")
    name = f"{hashlib.sha256(json.dumps(key).encode()).digest()[0] % _FILES:02}.json"
    kept = _read(place, name)
    with contextlib.suppress(*_ODD, PolicyError):
        if kept["key"] == key:
            profiles = Profiles(env, home)
            if all(_is_same(profiles, *each) for each in kept["texts"]):
                return Resolved(read_merged(kept["merged"]), tuple(profiles.notes))
    return _resolve_and_keep(reference, Profiles(env, home), key, place, name)


def _resolve_and_keep(
    reference: str, profiles: Profiles, key: list[str], place: str, name: str
) -> Resolved:
    texts: list[tuple[str, str | None, str, str]] = []

    def load(wanted: str, by: Source | None) -> Source:
        found = profiles.load(wanted, by)
        texts.append((wanted, None if by is None else by.file, found.file, _digest(found)))
        return found

    merged = profiles.resolve(reference, load)
    plain = plain_merged(merged)
    if plain is not None:
        with contextlib.suppress(OSError, ValueError):
            _write(place, name, {"key": key, "texts": texts, "merged": plain})
    return Resolved(merged, tuple(profiles.notes))


def _is_same(profiles: Profiles, wanted: str, by: str | None, file: str, digest: str) -> bool:
    found = profiles.load(wanted, None if by is None else Source(by, b""))
    return (found.file, _digest(found)) == (file, digest)


def _digest(source: Source) -> str:
    return hashlib.sha256(source.data).hexdigest()


def _code() -> str:
    """What changes when what reads profiles does: its files and the data that it looks up."""
    data = os.path.dirname(PROFILES)
    parts = []
    for directory in (os.path.join(os.path.dirname(data), "profile"), data):
        with os.scandir(directory) as entries:
            files = sorted((each.name, each.stat()) for each in entries if each.is_file())
        parts += [f"{name} {found.st_mtime_ns} {found.st_size}" for name, found in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _read(place: str, name: str) -> Any:
    """What is in the file; nothing of one that is not this user's alone to write."""
    with contextlib.suppress(*_ODD):
        directory = os.open(place, _DIRECTORY)
        try:
            fd = os.open(name, _OLD, dir_fd=directory)
            with open(fd, "rb") as file:
                if _is_own(directory, stat.S_ISDIR) and _is_own(fd, stat.S_ISREG):
                    return json.loads(file.read(_MAX_BYTES))
        finally:
            os.close(directory)
    return {"key": None}


def _is_own(fd: int, is_kind: Any) -> bool:
    found = os.fstat(fd)
    written_by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_kind(found.st_mode) and found.st_uid == os.geteuid() and not written_by_others


def _write(place: str, name: str, content: dict[str, Any]) -> None:
    """Put it there in one step. Raises OSError."""
    data = json.dumps(content).encode()
    if len(data) >= _MAX_BYTES:
        return
    make_private(place)
    directory = os.open(place, _DIRECTORY)
    try:
        new = f"{name}.{os.urandom(8).hex()}"
        fd = os.open(new, _NEW, 0o600, dir_fd=directory)
        try:
            with open(fd, "wb") as file:
                file.write(data)
            os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            os.unlink(new, dir_fd=directory)
            raise
    finally:
        os.close(directory)
