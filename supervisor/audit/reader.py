"""Reading what an audit has recorded. Everything in it is checked before it is believed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from nono.broker.audit.chain import MAX_BODY, Seal
from nono.broker.audit.chain_reading import Damage, Link, Verification, is_last, links, verify
from nono.broker.audit.records import Program, Record, Start, read_all
from nono.broker.errors import InvalidRecord
from nono.supervisor.audit.record_files import chunks
from nono.supervisor.audit.sessions import SEAL, is_running
from nono.supervisor.errors import AuditError

_MAX_SEAL = 1 << 20
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Summary:
    """A session at a glance. `state` is one word; `argv` is empty when nothing was recorded:
    nothing was run, or there was no room for it."""

    state: str
    records: int
    argv: tuple[str, ...]


class Session:
    """The session in the directory `path`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)

    def verify(self) -> Verification:
        """Check every record. Raises AuditError when they cannot be read."""
        return verify(self._chunks(), self._seal())

    def records(self) -> Iterator[tuple[int, Record]]:
        """Every record with its number. Raises AuditError, after the good ones, at a bad one.

        A decision and the answer that it was made by may have one number.
        """
        for number, link in enumerate(self._links()):
            try:
                found = read_all(link.content)
            except InvalidRecord as error:
                raise self._error(f"record {number}: {error}") from error
            for each in found:
                yield number, each

    def start(self) -> Start:
        """The first record: the policy and more. Raises AuditError."""
        for _, record in self.records():
            if isinstance(record, Start):
                return record
            break
        if not any(self._chunks()):
            raise AuditError(
                f"session {self.name}: nothing was written down, as on a disk that is full",
                "nono audit list",
            )
        raise self._error("it has no beginning")

    def program(self) -> Program | None:
        """The first program that was run, if one was. Raises AuditError."""
        for number, record in self.records():
            if isinstance(record, Program):
                return record
            if number:
                break
        return None

    def summary(self) -> Summary:
        """Found without reading, or checking, more than the beginning and the end."""
        try:
            sealed = self._seal()
            if not sealed and not any(self._chunks()):
                return Summary("empty", 0, ())
            program = self.program()
            seal = Seal.unpack(sealed)
            state = self._state(seal)
        except (InvalidRecord, AuditError, OSError):
            return Summary("damaged", 0, ())
        return Summary(state, seal.records, program.argv if program else ())

    def _state(self, seal: Seal) -> str:
        if is_running(self.path):
            return "running"
        if seal.stopped:
            return "stopped"
        end = b""
        for chunk in chunks(self.path, seal.last):
            end += chunk[: MAX_BODY - len(end)]
        return "ended" if is_last(end) else "killed"

    def _links(self) -> Iterator[Link]:
        try:
            yield from links(self._chunks())
        except Damage as error:
            raise self._error(str(error)) from error

    def _chunks(self) -> Iterator[bytes]:
        try:
            yield from chunks(self.path)
        except OSError as error:
            raise self._error(error.strerror or "") from error

    def _seal(self) -> bytes:
        try:
            with open(os.open(os.path.join(self.path, SEAL), _FLAGS), "rb") as file:
                return file.read(_MAX_SEAL)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise self._error(error.strerror or "") from error

    def _error(self, what: str) -> AuditError:
        return AuditError(f"session {self.name}: {what}", f"nono audit verify {self.name}")


def local_time(nanoseconds: int) -> str:
    """With milliseconds, as people of this machine read it."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    try:
        text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return "?"
    return f"{text}.{rest // 1_000_000:03}"
