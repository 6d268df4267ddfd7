"""What the lane in C writes down is, byte for byte, what the audit in Python would."""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgpack
import pytest

from nono.broker import Access, Allow, Effect, Open, Operation, Origin, OriginKind, PathChange, Rule
from nono.broker.audit.chain import Writer
from nono.broker.audit.chain_reading import Ending, verify
from nono.broker.audit.pace import Pace
from nono.broker.audit.records import Decision, Exit, Summed, plain_decision
from nono.broker.requests import RecordedProcess, Request
from nono.broker.rules.rule import File
from nono.shims.linux import journal
from nono.shims.linux.journal import Journal
from nono.supervisor.audit.reader import Session
from nono.supervisor.audit.sessions import find_session
from nono.supervisor.audit.shared import packed_origin
from nono.supervisor.audit.writer import Audit, AuditOptions, open_audit

pytestmark = pytest.mark.requires(commands=["gcc"])

SECOND = 1_000_000_000
NOW = 1_790_000_000 * SECOND
TID = 4711
FLAG = Origin(OriginKind.FLAG, "--allow", "/etc/caf\udcffe")
BOUND = 1 << 30


class Caller(NamedTuple):
    """As the broker's loop has it."""

    tid: int
    pid: int = 4700
    exe: str = "/usr/bin/caf\udce9"
    argv: tuple[str, ...] = ("python3", "x" * 40, "y" * 200, "\u00e9\udcff")
    cwd: str = "/"


CALLER = Caller(TID)


def paths(random: Random) -> str:
    """Of lengths on both sides of each form that msgpack has for them."""
    length = random.choice([1, 5, 30, 31, 32, 100, 254, 255, 256, 1000, 4000])
    return "/" + "".join(random.choice("ab/\udcff") for _ in range(length))


def made() -> Journal:
    found = journal.made()
    assert found is not None
    return found


def start(state: dict[str, str]) -> tuple[Audit, Journal]:
    """An audit that two write."""
    audit = open_audit(AuditOptions(env=state))
    shared = audit.share(made)
    assert isinstance(shared, Journal)
    assert audit.share(made) is shared
    audit.process_of(CALLER)
    return audit, shared


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    times = [NOW]
    monkeypatch.setattr("nono.supervisor.audit.writer.time.time_ns", lambda: times[0])
    return lambda time: times.__setitem__(0, time)


def note(shared: Journal, path: str, access: Access, time: int, tid: int = TID) -> bool:
    with shared:
        return shared.note(tid, os.fsencode(path), access.value, packed_origin(FLAG), time)


def decide(audit: Audit, request: Request) -> None:
    audit.decision(request, request, Allow(Rule(File("/x"), Access.READ, Effect.ALLOW, FLAG)))


def test_its_bytes_are_those_that_python_writes(tmp_path: Path) -> None:
    """Records and seal, of random decisions, up to numbers of records that need more bytes."""
    random, reference, written = Random(1), Writer(), made()
    files = [
        os.open(tmp_path / each, os.O_RDWR | os.O_CREAT, 0o600) for each in ("records", "seal")
    ]
    process = RecordedProcess(CALLER.pid, CALLER.exe, CALLER.argv)
    parts = (process.pid, process.exe, process.argv)
    packed = b"".join(msgpack.packb(each, unicode_errors="surrogateescape") for each in parts)
    records = b""
    with written:
        written.go_on((0, 0, 0, bytes(32), 0), files[0], files[1], BOUND)
        written.pace(BOUND, ((10_000, 10_000),) * 8, 0, 0, False)
        written.know(TID, packed)
        for number in range(300):
            path, time = paths(random), NOW + number
            access = random.choice([Access.READ, Access.WRITE, Access.READ | Access.WRITE])
            is_new, is_native = random.random() < 0.5, random.random() < 0.5
            is_new = is_new or is_native
            own = not is_new and random.random() < 0.3
            error = 0 if is_new or own else random.choice([0, errno.EPERM, errno.EACCES, 200])
            effect = Effect.DENY if error else Effect.ALLOW
            request: Request = (
                PathChange(process, Operation.CREATE, path)
                if is_new
                else Open(process, path, access, own)
            )
            origin = None if is_native else FLAG
            plain = plain_decision(time, process, request, effect, error, origin, None, is_native)
            records += reference.append(plain)
            asked = 0 if is_new else access.value
            spelled = None if origin is None else packed_origin(origin)
            assert written.note(TID, os.fsencode(path), asked, spelled, time, error, own)
            assert os.pread(files[1], 100, 0) == reference.seal.pack()
        seal = reference.seal
        assert written.end == (seal.records, seal.size, seal.last, seal.digest, 0)
        assert not written.note(TID + 1, b"/x", 1, packed_origin(FLAG), NOW), "who is not known"
        written.forget()
        assert not written.note(TID, b"/x", 1, packed_origin(FLAG), NOW)
    assert os.pread(files[0], len(records) + 1, 0) == records
    for file in files:
        os.close(file)


def test_both_keep_the_same_pace() -> None:
    """What is written and what is counted, over seconds and as the file grows."""
    random, shared, pace = Random(2), made(), Pace(BOUND)
    passed = pace.passed()
    with shared:
        shared.pace(BOUND, passed.by_eighths, passed.second, passed.written, False)
        time, size, admitted = NOW, 0, 0
        for _ in range(12_000):
            time += random.choice([0, 0, 1, 300_000])
            if random.random() < 0.001:
                size += BOUND // 7
            shared.go_on((0, size, 0, bytes(32), 0), -1, -1, 0)
            kind, about = random.choice(["allow Open", "deny Open"]), f"/{random.randint(0, 900)}"
            expected = pace.admits(time, size, kind, about)
            assert shared.admits(time, kind, about.encode()) is expected
            admitted += expected
    assert 500 < admitted < 12_000


def test_two_write_one_chain_at_one_pace(
    state: dict[str, str], clock: Callable[[int], None]
) -> None:
    audit, shared = start(state)
    for number in range(400):
        if number % 3:
            assert note(shared, f"/there/{number}", Access.READ, NOW)
        else:
            decide(audit, Open(CALLER, f"/there/{number}", Access.READ))
    for _ in range(300):
        assert note(shared, "/there/0", Access.READ, NOW)
        decide(audit, Open(CALLER, "/there/0", Access.READ))
    clock(NOW + SECOND)
    assert not note(shared, "/next", Access.READ, NOW + SECOND), "what was counted comes first"
    decide(audit, Open(CALLER, "/next", Access.READ))
    assert note(shared, "/then", Access.READ, NOW + SECOND)
    audit.exit(0)
    audit.close()
    assert not note(shared, "/late", Access.READ, NOW + SECOND)
    session = Session(find_session(state, "last"))
    assert session.verify().ending is Ending.CLOSED
    records = [record for _, record in session.records()]
    opened = [each.request for each in records if isinstance(each, Decision)]
    numbers = [each.path for each in opened if isinstance(each, Open)]
    assert numbers[:400] == [f"/there/{number}" for number in range(400)]
    assert numbers[400:-2] == ["/there/0"] * 100
    assert numbers[-2:] == ["/next", "/then"]
    assert [each.count for each in records if isinstance(each, Summed)] == [500]
    assert {each.process for each in opened} == {
        RecordedProcess(CALLER.pid, CALLER.exe, CALLER.argv)
    }


def test_what_is_there_when_nono_is_killed(state: dict[str, str]) -> None:
    """Each record, and the seal of the last, is in the files before the call goes on."""
    audit, shared = start(state)
    path = find_session(state, audit.name)
    for number in range(5):
        assert note(shared, f"/{number}", Access.WRITE, NOW)
        records, seal = (Path(path, each).read_bytes() for each in ("records", "seal"))
        found = verify([records], seal)
        assert (found.ending, found.count) == (Ending.OPEN, number + 1)
    audit.close()


def test_who_is_not_known_any_more_is_told_again(state: dict[str, str]) -> None:
    """There is room for few: another thread may have had the same place."""
    audit, shared = start(state)
    other = TID + 64
    audit.process_of(Caller(other))
    assert note(shared, "/x", Access.READ, NOW, other)
    assert not note(shared, "/x", Access.READ, NOW)
    audit.process_of(CALLER)
    assert note(shared, "/x", Access.READ, NOW)
    assert not note(shared, "/x", Access.READ, NOW, other)
    audit.close()


def test_refusals_are_counted_by_themselves(state: dict[str, str]) -> None:
    audit, shared = start(state)
    with shared:
        for _ in range(600):
            origin = packed_origin(FLAG)
            assert shared.note(TID, b"/x", Access.READ.value, origin, NOW, errno.EPERM)
        assert shared.take() == {"deny Open": 100}
    audit.close()


def test_a_program_that_becomes_another_is_asked_anew(state: dict[str, str]) -> None:
    audit, shared = start(state)
    assert note(shared, "/x", Access.READ, NOW)
    audit._forget_processes()
    assert not note(shared, "/x", Access.READ, NOW)
    audit.close()


def require_stopped(state: dict[str, str], audit: Audit, number: int) -> None:
    """Python ends the audit, says why, and leaves the one whole record."""
    decide(audit, Open(CALLER, "/x", Access.READ))
    assert audit.stopped == os.strerror(number)
    audit.close()
    session = Session(find_session(state, "last"))
    assert session.verify().ending is Ending.STOPPED
    assert len(list(session.records())) == 1


def test_what_cannot_be_written_ends_the_audit(
    state: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a record may be there then: Python removes it, and says why."""
    audit, shared = start(state)
    assert note(shared, "/before", Access.READ, NOW)
    full = os.open("/dev/full", os.O_WRONLY)
    with shared:
        shared.go_on(shared.end, full, full, BOUND)
        assert not shared.note(TID, b"/x", 1, packed_origin(FLAG), NOW)
        assert shared.end[4] == errno.ENOSPC
    os.close(full)
    assert not note(shared, "/x", Access.READ, NOW), "nothing more, whatever comes"
    require_stopped(state, audit, errno.ENOSPC)


def test_a_record_that_fits_in_part_says_what_stood_in_the_way(state: dict[str, str]) -> None:
    """The lane has written a part of it then: which error it was, only the rest tells."""
    audit, shared = start(state)
    assert note(shared, "/before", Access.READ, NOW)
    with shared:
        size = shared.end[1]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        assert not note(shared, "/x", Access.READ, NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with shared:
        assert shared.end[4] == errno.EFBIG
    require_stopped(state, audit, errno.EFBIG)


def test_a_file_that_is_full_is_left_to_python(
    state: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nono.supervisor.audit.record_files.MAX_FILE_BYTES", 20_000)
    audit, shared = start(state)
    left = [number for number in range(300) if not note(shared, f"/{number}", Access.READ, NOW)]
    assert left
    for number in range(300):
        if not note(shared, f"/again/{number}", Access.READ, NOW):
            decide(audit, Open(CALLER, f"/again/{number}", Access.READ))
    audit.exit(0)
    audit.close()
    session = Session(find_session(state, "last"))
    assert session.verify().ending is Ending.CLOSED
    assert Path(session.path, "records.1").exists()
    assert isinstance([*session.records()][-2][1], Exit)


@pytest.mark.parametrize("options", [{"every_call": True}, {"required": True}])
def test_who_is_told_of_each_call_shares_nothing(
    state: dict[str, str], options: dict[str, bool]
) -> None:
    audit = open_audit(AuditOptions(env=state, **options))
    assert audit.share(made) is None
    audit.close()
