"""Starts kept from one run to the next: to make a policy takes half of what a start takes.

A policy follows from what a person said, of a command line mostly from its first word
(`noted_words.py`), from the environment, and from looks at the file system
(`supervisor/looks.py`). A file (`kept_files.py`) has what a start came to, the looks that were made
for it, and a digest of what they found. The next start that is asked for the same makes the same
looks: where they find the same, what is kept is what it would have come to. All else is made anew
in every run: what the kernel is told, the TMPDIR, what is compared at the end.

The first start of a kind leaves a mark and no more: most are the last of theirs, too. The second is
noted and kept. Where the next one finds something else, two in a row have to find the same before
anything is kept again: where the tree always changes nobody writes a file in vain. What holds keys,
or ports that only one run has, is never kept.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from _imp import source_hash
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext

from nono.broker.datafile import DATA, PROFILES
from nono.broker.digest import sha256
from nono.supervisor import looks
from nono.supervisor.kept_files import keep, read_kept
from nono.supervisor.noted_looks import Looks, digest_now
from nono.supervisor.places import TMPDIR_PREFIX
from nono.supervisor.session.noted_words import NotedWords
from nono.supervisor.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from contextlib import AbstractContextManager
    from typing import Any

    from nono.supervisor.decisions.complete import Complete
    from nono.supervisor.noted_looks import Asked
    from nono.supervisor.planning.plan import Plan

    Made = tuple[Plan, Complete]

_KIND = "starts"
_FILES = 128
"""So many are kept at most: which one it is follows from all that is said, and from where."""
_HASH_BYTES = 8
_NOT_SPOILT = 0
"""The key of a hash that no file which a disk has spoilt meets by chance. It proves no more."""
_PACKAGE = "nono."
_NOT_NOTED = b""
"""Instead of a digest of what was found."""


class Start:
    """One start of the command: as it is kept, or noted in order to be kept."""

    def __init__(
        self,
        argv: Sequence[str],
        said: Sequence[object],
        env: Mapping[str, str],
        making: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """`said` is all that the person said but the command line; what is made is made in a
        `making`. Raises OSError where the directory is gone."""
        here, said = os.getcwd(), [argv[:1], *said]
        self.argv = NotedWords(argv)
        """What a plan is to be made for."""
        self._behind = _digest(*argv[1:])
        self._key = _digest(here, said, sorted(env.items()), *_circumstances())
        self._file = f"{self._key[0] % _FILES:03}"
        self._env, self._making = env, making
        self._looks = Looks()
        self._packed = b""
        self.tmpdir = TMPDIR_PREFIX + os.urandom(4).hex()
        """The name that the run's TMPDIR is to have."""
        self.packed_policy = b""
        """The policy as an audit has it; empty until that is known."""
        self._known: Made | None = None
        self._beside = ""
        """Where the TMPDIR is that the known policy opens."""
        self._seen: bytes | None = None
        """The digest of what looks found in the start before; None where there was none."""

    def plan(self, make: Callable[[], Plan]) -> Plan:
        """As it is kept, if looks find what they found; else made. Raises what `make` does."""
        self._known = self._find()
        if self._known is not None:
            return self._known[0]
        with self._making(), self._noted():
            return make()

    def _noted(self) -> AbstractContextManager[None]:
        if self._seen is None:
            return nullcontext()
        # What only a start that is noted needs is loaded only then.
        from nono.supervisor.settled_directories import SettledDirectories

        self._looks.settled = SettledDirectories().times
        return looks.noted(self._looks)

    def complete(self, plan: Plan, tmpdir: str, make: Callable[[], Complete]) -> Complete:
        """The policy of a run with this TMPDIR. Raises what `make` does."""
        if self._known is not None:
            if tmpdir == os.path.join(self._beside, self.tmpdir):
                return self._known[1]
            self.packed_policy = b""
            return make()
        with self._making(), self._noted():
            made = make()
            if self._seen is not None:
                looks.sources(sorted(_sources()))
        self._looks.leave_out(tmpdir)
        self._beside, name = os.path.split(tmpdir)
        if name == self.tmpdir and self._looks.are_whole and _may_be_kept(plan):
            self._pack(plan, made)
        return made

    def _pack(self, plan: Plan, made: Complete) -> None:
        """Before the program runs: afterwards the policy remembers what that has looked at."""
        try:
            looked, found = b"", _NOT_NOTED
            others: list[Asked] = []
            if self._seen is not None:
                looked, at_once, others = _divided(self._looks.asked)
                found = self._looks.digest(at_once) + self._looks.digest(others)
            behind = self._behind if self.argv.are_read else None
            parts: tuple[Any, ...] = (self._key, behind, found)
            if self._seen in (_NOT_NOTED, found):
                # What only a start that is kept needs is loaded only then.
                from nono.broker.audit.packed_policy import packed_policy
                from nono.supervisor.session.packed_objects import packed

                self.packed_policy = packed_policy(made.policy)
                asked, tmpdir = (looked, others), (self._beside, self.tmpdir)
                parts = (*parts, *asked, *tmpdir, packed(plan, made), self.packed_policy)
            self._packed = marshal.dumps(parts)
        except Exception:
            return  # the run is well, and the next one is made anew

    def keep(self) -> None:
        """For later starts; for when the program has ended. What is known already is left alone."""
        if self._packed:
            hashed = source_hash(_NOT_SPOILT, self._packed)
            keep(_KIND, self._file, hashed + self._packed, self._env)

    def _find(self) -> Made | None:
        try:
            kept = read_kept(_KIND, self._file, self._env)
            body = memoryview(kept)[_HASH_BYTES:]  # a copy would be of some hundred KiB
            if kept[:_HASH_BYTES] != source_hash(_NOT_SPOILT, body):
                return None
            key, behind, found, *rest = marshal.loads(body)
            if key != self._key or (behind is not None and behind != self._behind):
                return None
            self._seen = found
            if not rest:
                return None
            looked, others, beside, tmpdir, made, packed_policy = rest
            if _found_at_once(looked) + digest_now(others) != found:
                return None
            from nono.supervisor.session.kept_objects import unpacked

            other, own = tmpdir.encode(), self.tmpdir.encode()
            known = unpacked(made.replace(other, own))
            self._beside, self.packed_policy = beside, packed_policy.replace(other, own)
            return known
        except Exception:
            return None  # what is odd is as good as nothing: it is made anew


def _divided(asked: list[Asked]) -> tuple[bytes, list[Asked], list[Asked]]:
    """As `looks_at_once.divided`."""
    # The door to the platform.
    if sys.platform == "darwin":
        return b"", [], asked
    from nono.supervisor.linux.looks_at_once import divided

    return divided(asked)


def _found_at_once(looked: bytes) -> bytes:
    """The digest of what these find. Raises Exception for what nobody can look at here."""
    if sys.platform == "darwin" or not looked:
        return digest_now([])
    from nono.supervisor.linux.looks_at_once import digest

    return digest(looked)


def start_of(
    argv: Sequence[str],
    said: Sequence[object],
    env: Mapping[str, str],
    making: Callable[[], AbstractContextManager[None]],
) -> Start | None:
    """A start that may be kept; None where the working directory is gone.

    NONO_KEPT_START=no, which is for tests and comparisons, makes every start anew.
    """
    if env.get("NONO_KEPT_START") == "no":
        return None
    try:
        return Start(argv, said, env, making)
    except OSError:
        return None


def _may_be_kept(plan: Plan) -> bool:
    """False for what only one run has, and for what nobody is to find in a file."""
    return not (plan.services or plan.by_proxy or plan.upstream_proxy is not None)


def _circumstances() -> Iterator[object]:
    """What else a policy follows from."""
    yield VERSION
    yield sys.version, sys.executable, sys.argv[0], sys.path, sys.prefix, sys.base_prefix
    yield tuple(sys.flags)
    yield os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups(), tuple(os.uname())
    yield time.strftime("%Y-%m-%d")  # answers are kept for so many days


def _sources() -> Iterator[str]:
    """The files of nono's that have been used so far."""
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None)
        if name.startswith(_PACKAGE) and file is not None:
            yield file
    for directory in (DATA, PROFILES):
        with os.scandir(directory) as entries:
            yield from sorted(each.path for each in entries if each.is_file())


def _digest(*parts: object) -> bytes:
    return sha256(repr(parts).encode("utf-8", "surrogateescape")).digest()
