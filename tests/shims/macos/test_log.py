"""Lines of the system's log, which programs have a hand in."""

from __future__ import annotations

import json

import pytest

from nono.shims.macos.log import Refusal, Refusals, show_command, stream_command, understood

TAG = "nono-7f3a"


def _line(message: object, **others: object) -> bytes:
    return json.dumps({"eventMessage": message, **others}).encode()


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            "Sandbox: cat(12) deny(1) file-read-data /private/x y",
            Refusal("cat", 12, "file-read-data", "/private/x y"),
        ),
        ("Sandbox: a b(1) deny(2) process-fork", Refusal("a b", 1, "process-fork", "")),
        (
            "3 duplicate reports for Sandbox: x(1) deny(1) mach-lookup com.apple.x",
            Refusal("x", 1, "mach-lookup", "com.apple.x"),
        ),
        # Two ways to read it: neither is taken.
        ("Sandbox: x(1) deny(1) a /b(2) deny(1) file-write-data /etc/passwd", None),
        ("Sandbox: x(1) deny(1) file-read-data /b(2) deny(1) file-write-data /etc", None),
        ("Sandbox: cat(12) allow file-read-data /x", None),
        ("Sandbox: cat deny(1) file-read-data /x", None),
        ("kernel: Sandbox: cat(12) deny(1) file-read-data /x", None),
        ("Sandbox: cat(12) deny(1) FILE /x", None),
        ("", None),
    ],
)
def test_what_a_message_says(message: str, found: Refusal | None) -> None:
    assert understood(message) == found


def test_lines_of_one_run_are_counted() -> None:
    refusals = Refusals(TAG)
    read = "Sandbox: cat(12) deny(1) file-read-data /x"
    for line in (
        _line(f"{read}\n{TAG}"),
        _line(f"2 duplicate reports for {read}\n{TAG}"),
        _line(f"{read}\nnono-other"),
        _line(read),
        _line(["a", "list", TAG]),
        b"Filtering the log data using x",
        b"\xff\x00 not JSON " + TAG.encode(),
        b"[" * 10_000,
        b'"' + b"x" * (1 << 17) + TAG.encode(),
        _line(f"Sandbox: x(1) deny(1) a /b(2) deny(1) c /d\n{TAG}"),
    ):
        refusals.add(line)
    assert refusals.all() == [(Refusal("cat", 12, "file-read-data", "/x"), 3)]
    assert refusals.unread == 2


def test_there_is_a_bound() -> None:
    refusals = Refusals(TAG)
    for number in range(2100):
        refusals.add(_line(f"Sandbox: x(1) deny(1) file-read-data /{number}\n{TAG}"))
    assert len(list(refusals.all())) == 2000
    assert refusals.unread == 100


def test_the_program_is_named_by_its_path() -> None:
    assert stream_command()[0] == show_command(0)[0] == "/usr/bin/log"
    assert "1s" in show_command(0)
