"""The real key is nowhere that the program, or anybody who reads what nono leaves, can look."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

from tests.conftest import program_beside
from tests.spelling import readings
from tests.supervisor.credentials.conftest import Inside
from tests.supervisor.credentials.fake import REAL_KEY, SPELLINGS

_DUMP = program_beside(__file__, "dump.py")


def _forms() -> list[bytes]:
    key = REAL_KEY.encode()
    # The middle of the base64 texts is what does not depend on the neighbours.
    encoded = [base64.b64encode(bytes(n) + key)[4:-4] for n in range(3)]
    spelt = [each.encode() for each in SPELLINGS]
    return [key, quote(key, safe="").encode(), *encoded, key.hex().encode(), *spelt]


def _assert_absent(data: bytes, where: str) -> None:
    for form in _forms():
        assert form not in data, f"{form!r} in {where}"
    if where == "the answers":
        for read in readings(data):
            assert REAL_KEY.encode() not in read, where


def test_the_key_is_nowhere(inside: Inside) -> None:
    done = inside(_DUMP, "--json", "-v", env={"MY_COPY": f"x{REAL_KEY}y"})
    assert done.returncode == 0, done.stderr
    assert "*" * len(REAL_KEY) in done.stdout
    _assert_absent(done.stdout.encode(), "the answers")
    _assert_absent(done.stderr.encode(), "the report")
    dump = inside.project / "dump"
    assert dump.stat().st_size > 1_000_000
    _assert_absent(dump.read_bytes(), "memory and files")
    environment = json.loads((inside.project / "environment").read_text())
    assert "MY_COPY" not in environment
    assert environment["OPENAI_API_KEY"].startswith("nono-openai-")
    for file in _state(inside.account.home):
        _assert_absent(file.read_bytes(), str(file))
    shown = inside.nono("audit", "show", "last").stdout
    assert "GET /v1/echo of openai: 200" in shown
    _assert_absent(shown.encode(), "the audit")


def _state(home: Path) -> list[Path]:
    found = [path for path in (home / ".local/state/nono").rglob("*") if path.is_file()]
    assert found
    return found


def test_a_key_among_the_arguments_is_refused(inside: Inside) -> None:
    done = inside.nono(
        *("run", "--allow-cwd", "--proxy-credential", "openai", "--", "echo", REAL_KEY),
        env=inside.apis.env,
    )
    assert done.returncode == 125
    assert "a real key is among its arguments" in done.stderr
    assert REAL_KEY not in done.stdout + done.stderr


def test_init_and_supervisor_dump_no_core(inside: Inside) -> None:
    code = program_beside(__file__, "other_processes.py")
    done = inside(code, "-q")
    assert done.returncode == 0, done.stderr
    assert "read" not in done.stdout
