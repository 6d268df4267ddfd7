"""Resolved profiles, kept from one run to the next: to check one's text takes longer than a start.

A file (`kept_files.py`) has what a profile came to, and which texts that was made from. Each of
those is looked for and read again: what is kept counts only if every one is found where it was and
says the same, and nono is the same. One that is not understood is as one that is not there.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import stat
from collections.abc import Mapping

from nono.broker.datafile import PROFILES
from nono.broker.digest import sha256
from nono.broker.errors import PolicyError
from nono.broker.named_tuple import NamedTuple
from nono.broker.profile.merged import Merged, Source
from nono.broker.profile.plain import plain_merged, read_merged
from nono.supervisor import looks
from nono.supervisor.descriptors import listdir
from nono.supervisor.kept_files import keep, read_kept
from nono.supervisor.places import here, platform
from nono.supervisor.planning.profiles.profile_files import Profiles
from nono.supervisor.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

_FILES = 64
"""So many are kept at most: which one it is follows from the profile's name and the directory."""
_KIND = "profiles"
_VERSION = 2
"""Of marshal's format: equal objects are equal bytes, whoever else holds them."""
_DIGEST_BYTES = 32
_ODD = (EOFError, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


class Resolved(NamedTuple):
    """A profile with all that it extends, what is odd about the files, and which they are."""

    merged: Merged
    notes: tuple[str, ...]
    files: tuple[str, ...] = ()


def resolved(reference: str, env: Mapping[str, str], home: str) -> Resolved:
    """A profile that a person names. Raises broker.PolicyError."""
    key = [VERSION, platform(), _code(), here(), reference]
    name = f"{sha256(_packed(key)).digest()[0] % _FILES:02}.kept"
    with contextlib.suppress(*_ODD, PolicyError):
        kept = _unpacked(read_kept(_KIND, name, env))
        if kept["key"] == key:
            profiles = Profiles(env, home)
            if all(_is_same(profiles, *each) for each in kept["texts"]):
                return _resolved(read_merged(kept["merged"]), profiles)
    return _resolve_and_keep(reference, Profiles(env, home), key, name, env)


def _resolve_and_keep(
    reference: str, profiles: Profiles, key: list[str], name: str, env: Mapping[str, str]
) -> Resolved:
    texts: list[tuple[str, str | None, str, str]] = []

    def load(wanted: str, by: Source | None) -> Source:
        found = profiles.load(wanted, by)
        texts.append((wanted, None if by is None else by.file, found.file, _digest(found)))
        return found

    merged = profiles.resolve(reference, load)
    plain = plain_merged(merged)
    if plain is not None:
        with contextlib.suppress(ValueError):  # what is nested too deeply
            keep(_KIND, name, _packed({"key": key, "texts": texts, "merged": plain}), env)
    return _resolved(merged, profiles)


def _resolved(merged: Merged, profiles: Profiles) -> Resolved:
    return Resolved(merged, tuple(profiles.notes), tuple(dict.fromkeys(profiles.files)))


def _packed(plain: Any) -> bytes:
    """Behind its digest: what a disk has spoilt is nothing for `marshal`, which loads nothing."""
    packed = marshal.dumps(plain, _VERSION)
    return sha256(packed).digest() + packed


def _unpacked(data: bytes) -> Any:
    """Raises ValueError for what is another one."""
    digest, packed = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if sha256(packed).digest() != digest:
        raise ValueError("spoilt")
    return marshal.loads(packed)


def _is_same(profiles: Profiles, wanted: str, by: str | None, file: str, digest: str) -> bool:
    found = profiles.load(wanted, None if by is None else Source(by, b""))
    return (found.file, _digest(found)) == (file, digest)


def _digest(source: Source) -> str:
    return sha256(source.data).hexdigest()


def _code() -> str:
    """What changes when what reads profiles does: its files and the data that it looks up."""
    data = os.path.dirname(PROFILES)
    parts = []
    for directory in (os.path.join(os.path.dirname(data), "profile"), data):
        for name in sorted(listdir(directory)):
            found = looks.source_status(os.path.join(directory, name))
            if stat.S_ISREG(found.st_mode):
                parts.append(f"{name} {found.st_mtime_ns} {found.st_size}")
    return sha256("\n".join(parts).encode()).hexdigest()
