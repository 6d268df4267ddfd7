"""The lane in C by itself: that it is there, and that nothing makes it read beyond a bound."""

import subprocess
from pathlib import Path

import pytest

from nono.broker import READ_WRITE, Access, Effect, File, Glob, Origin, OriginKind, Policy, Rule
from nono.broker import Subtree as Tree
from nono.broker.floor.floor import Floor, FloorRule
from nono.broker.policy.table import flat_table
from nono.shims.linux import lane
from nono.shims.linux.lane import Found

pytestmark = pytest.mark.requires(commands=["gcc"])

PROGRAM = Path(__file__).parent / "programs" / "lane_fuzz.c"
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
FLAG = Origin(OriginKind.FLAG, "--x")


def _table() -> bytes:
    """Of much that every machine has, so that calls get as far as they can."""
    floor = Floor(
        FloorRule(path, access, directory)
        for path, access, directory in [
            ("/usr", Access.READ | Access.EXECUTE, True),
            ("/etc/passwd", Access.READ, False),
            ("/tmp", READ_WRITE, True),
            ("/dev/null", READ_WRITE, False),
            ("/bin", Access.READ, True),
        ]
    )
    rules = (
        Rule(Tree("/etc"), Access.READ, Effect.ALLOW, FLAG),
        Rule(Tree("/root"), READ_WRITE, Effect.ALLOW, FLAG),
        Rule(File("/etc/a"), Access.READ, Effect.DENY, FLAG),
        Rule(Glob("/tmp/*-state"), Access.WRITE, Effect.DENY, FLAG),
        Rule(Glob("/tmp/**/f"), Access.READ, Effect.DENY, FLAG),
    )
    return flat_table(floor, Policy(rules))


def test_it_was_compiled_at_installation() -> None:
    compiled, why = lane.library()
    assert why == ""
    assert compiled is not None


def test_what_the_table_says() -> None:
    flat = _table()
    for path, access, found in [
        (b"/usr/lib/x", Access.READ, Found.COVERED),
        (b"/usr/lib/x", READ_WRITE, 0),
        (b"/etc/passwd", Access.READ, Found.COVERED | Found.ALLOWED | Found.BY_ITSELF),
        (b"/etc/passwd/x", Access.READ, Found.ALLOWED),
        (b"/etc/a", Access.READ, 0),
        (b"/tmp/x", Access.WRITE, Found.COVERED),
        (b"/tmp/x-state", Access.WRITE, Found.UNSURE),
        (b"/tmp/below/x-state", Access.WRITE, Found.COVERED),
        (b"/tmp/x-state", Access.READ, Found.COVERED),
        (b"/tmp/of", Access.READ, Found.UNSURE),
        (b"/tmp//x", Access.WRITE, 0),
        (b"/tmp/../x", Access.WRITE, 0),
        (b"tmp/x", Access.WRITE, 0),
        (b"/", Access.READ, 0),
        (b"", Access.READ, 0),
        (b"/usr", Access(0), 0),
    ]:
        assert lane.look_up(flat, path, access.value)[0] == found, (path, access)


@pytest.mark.parametrize("spoilt", [b"", b"x" * 12, b"x" * 400, _table()[:-1], _table() + b"x"])
def test_what_is_no_table_says_nothing(spoilt: bytes) -> None:
    assert lane.look_up(spoilt, b"/usr/lib/x", Access.READ.value) == (0, 0)


def test_tampered_tables_and_hostile_calls(tmp_path: Path) -> None:
    """With sanitizers; more of it by hand: `lane_fuzz TABLE ROUNDS SEED`."""
    program, table = tmp_path / "fuzz", tmp_path / "table"
    table.write_bytes(_table())
    warnings = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *warnings, *SANITIZED, "-o", program, PROGRAM], check=True)
    done = subprocess.run([program, table, "1200", "1"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    answered, _, known, _, refused, _, heard, *_, descriptor = done.stdout.split()
    assert int(answered) > 500
    assert int(known) > 150
    assert int(refused) > 50
    assert int(heard) > 500
    assert int(descriptor) <= 4, "descriptors were left open"
