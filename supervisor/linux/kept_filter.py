"""The compiled filter, kept for later runs: to load libseccomp takes longer than all of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import lru_cache

from nono.broker.digest import sha256
from nono.shims import linux
from nono.supervisor.kept_files import keep, read_kept
from nono.supervisor.version import VERSION

_KIND = "filters"
_DIGEST_BYTES = 32
_INSTRUCTION_BYTES = 8
"""struct sock_filter of linux/filter.h."""
_MAX_INSTRUCTIONS = 4096
"""BPF_MAXINSNS of linux/bpf_common.h."""
_SOURCES = ("bpf", "filter", "refused_arguments", "syscall_classes", "syscall_numbers")


def kept_filter(
    parts: Mapping[str, object], make: Callable[[], bytes], env: Mapping[str, str]
) -> bytes:
    """The filter that `make` makes for these parts, from an earlier run if there is one.

    What was kept counts for the same parts and the same code alone. Raises what `make` raises.
    """
    # Two installations do not take each other's place.
    said = repr([os.path.dirname(linux.__file__), sorted(parts.items())])
    name = sha256(said.encode()).hexdigest()[:16]
    key = repr([VERSION, _code(), said])
    kept = read_kept(_KIND, name, env)
    digest, program = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
    if digest == _digest(key, program) and _is_program(program):
        return _held_once(program)
    program = make()
    keep(_KIND, name, _digest(key, program) + program, env)
    return program


@lru_cache(4)
def _held_once(program: bytes) -> bytes:
    """A program as the first sandbox of this process has it, for all that have the same."""
    return program


def _digest(key: str, program: bytes) -> bytes:
    return sha256(key.encode() + b"\0" + program).digest()


def _is_program(program: bytes) -> bool:
    count, rest = divmod(len(program), _INSTRUCTION_BYTES)
    return not rest and 0 < count <= _MAX_INSTRUCTIONS


def _code() -> list[str]:
    """What changes when the sources of the filter do."""
    directory = os.path.dirname(linux.__file__)
    found = [os.stat(os.path.join(directory, f"{name}.py")) for name in _SOURCES]
    return [f"{each.st_mtime_ns} {each.st_size}" for each in found]
