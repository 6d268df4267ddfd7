"""Looks in one call by themselves: that nothing that is asked makes them read beyond a bound."""

import os
import struct
import subprocess
from pathlib import Path

import pytest

from nono.shims.linux.looks import KINDS, MAX_MOST, can_look, digest, packed

PROGRAM = Path(__file__).parent / "programs" / "looks_fuzz.c"
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
GOOD = packed("lstat", [b"/"], 0, 0)


def test_they_were_compiled_at_installation() -> None:
    assert can_look()
    assert len(digest(GOOD)) == 32


def test_what_is_found_changes_the_digest(tmp_path: Path) -> None:
    place = tmp_path / "place"
    asked = packed("lstat", [os.fsencode(place)], 0, 0)
    before = digest(asked)
    place.touch()
    assert digest(asked) != before == digest(packed("lstat", [b"/missing"], 0, 0))


@pytest.mark.parametrize(
    "asked",
    [
        *(GOOD[:size] for size in range(1, len(GOOD))),
        *(GOOD + b"x", GOOD + GOOD[:-1]),
        struct.pack("=IIQQ", len(KINDS), 1, 0, 0) + b"/\0",
        struct.pack("=IIQQ", 0, 0, 0, 0) + b"/\0",
        struct.pack("=IIQQ", 0, 1 << 31, 0, 0) + b"/\0",
        struct.pack("=IIQQ", KINDS.index("scandir"), 1, 0, MAX_MOST + 1) + b"/\0",
        *(
            packed("opened", [b"/dev/null"], flags, 9)
            for flags in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_TMPFILE | 2, 1 << 31)
        ),
    ],
)
def test_what_is_odd_is_refused(asked: bytes) -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        digest(asked)


@pytest.mark.requires(commands=["gcc"])
def test_what_was_tampered_with(tmp_path: Path) -> None:
    """With sanitizers; more of it by hand: `looks_fuzz ASKED ROUNDS SEED`."""
    program, asked, tree = tmp_path / "fuzz", tmp_path / "asked", tmp_path / "tree"
    (tree / "directory").mkdir(parents=True)
    (tree / "link").symlink_to("directory")
    (tree / "file").write_text("content" * 1000)
    words = [b"tree", b"link", b"file", b"none"]
    paths = [b"tree", b"tree/file", b"tree/link", b"tree/none"]
    pieces = (packed(kind, [path, *words], 0, 99) for kind in KINDS for path in paths)
    asked.write_bytes(b"".join(pieces))
    warnings = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *warnings, *SANITIZED, "-o", program, PROGRAM], check=True)
    command = [str(program), str(asked), "1500", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    looked, _, refused, *_, descriptor = done.stdout.split()
    assert int(looked) > 100
    assert int(refused) > 100
    assert int(descriptor) <= 4, "descriptors were left open"
