"""Several names become one line, and none of them is lost in it."""

from __future__ import annotations

import pytest

from nono.broker import (
    Access,
    Anything,
    Deny,
    Effect,
    Explanation,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Request,
    Rule,
    Watch,
)
from nono.broker.requests import NOBODY
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.report.entry import Entry, Line
from nono.supervisor.report.folded import folded

STATE = "/home/u/.agent"
WORK = "/home/u/work"
OWN = Origin(OriginKind.PROFILE, "filesystem.deny_write", "built-in agent")
FLAG = Origin(OriginKind.FLAG, "--deny-write x")
GROUP = Origin(OriginKind.GROUP, "deny_credentials")
NOTHING = Origin(OriginKind.DEFAULT, "")
KEPT = "denied by profile filesystem.deny_write in built-in agent"


def line(request: Request, verb: str, origin: Origin, *fix: str, reason: str = "") -> Line:
    path: str = getattr(request, "path", "")
    rule = Rule(Anything(), Access.READ, Effect.DENY, origin)
    told = reason or ("no rule allows it" if origin is NOTHING else f"denied by {origin} ({path})")
    entry = Entry(
        Denial(request, Deny(rule, 1)), Explanation(f"{verb} {path}", told, fix, "broker")
    )
    return Line(entry.explanation.summary, told, fix, [entry])


def made(name: str, operation: Operation = Operation.MKDIR, **more: str) -> Line:
    verb = {Operation.MKDIR: "create the directory", Operation.CREATE: "create"}[operation]
    return line(PathChange(NOBODY, operation, f"{STATE}/{name}"), verb, OWN, **more)


def read(path: str, origin: Origin = NOTHING) -> Line:
    return line(Open(NOBODY, path, Access.READ), "read", origin, "--list", path)


def told(*lines: Line) -> list[str]:
    return [str(each).strip() for each in folded(lines, WORK)]


def test_what_one_key_of_a_profile_denies() -> None:
    same = [made("skills"), made("tmp"), made("tmp/x")]
    assert told(*same) == [f"create the directory skills, tmp, tmp/x in {STATE}: {KEPT}"]
    written = made("hooks.json", Operation.CREATE)
    assert told(written, *same) == [
        f"change hooks.json, skills, tmp, tmp/x in {STATE}: {KEPT}",
    ]


def test_no_name_is_lost_but_their_number() -> None:
    (first,) = told(*(made(f"n{number}") for number in range(11)))
    assert first.startswith("create the directory n0, n1, ")
    assert f"n7 and 3 more in {STATE}: " in first


def test_what_is_made_for_a_moment_is_one_line() -> None:
    """GnuPG's locks have another name in each process, and each try."""
    places = [f"/home/u/.gnupg/.#lk0x0000558a3c70b2d{number}.host.42" for number in range(3)]
    locks = [
        line(PathChange(NOBODY, Operation.CREATE, each), "create", GROUP, reason="kept")
        for each in places
    ]
    names = ", ".join(each.rpartition("/")[2] for each in places)
    assert told(*locks) == [f"create {names} in /home/u/.gnupg: kept"]
    other = line(
        PathChange(NOBODY, Operation.CREATE, "/home/u/.gnupg/new.conf"),
        "create",
        GROUP,
        reason="kept",
    )
    elsewhere = line(
        PathChange(NOBODY, Operation.CREATE, "/home/u/.ssh/x~"), "create", GROUP, reason="kept"
    )
    assert len(told(other, elsewhere, *locks)) == 3
    opened = line(PathChange(NOBODY, Operation.CREATE, "/d/x~"), "create", NOTHING, "--write", "/d")
    assert told(opened) == [str(opened).strip()]


def test_what_holds_the_working_directory() -> None:
    watch = line(Watch(NOBODY, "/home/u"), "watch", NOTHING, "--list", "/home/u")
    assert told(read("/"), read("/home")) == [
        "read /, /home: no rule allows it  hint: --list / --list /home"
    ]
    assert told(read("/"), watch)[0].startswith("look at /, /home/u: no rule allows it  hint: ")


@pytest.mark.parametrize(
    "other",
    [
        read("/home/other"),
        read(WORK),
        read("/home", GROUP),
        line(PathChange(NOBODY, Operation.MKDIR, f"{STATE}/x"), "create the directory", FLAG),
        line(Open(NOBODY, "/home", Access.READ), "read", OWN, "--bypass-protection", "/home"),
        made("held", reason="it holds x, which is denied by y"),
        line(PathChange(NOBODY, Operation.MKDIR, "/home/new"), "create the directory", NOTHING),
        line(Open(NOBODY, "relative", Access.READ), "read", OWN),
    ],
)
def test_others_keep_a_line_of_their_own(other: Line) -> None:
    both = [read("/"), read("/home"), made("skills"), made("tmp")]
    assert told(other, *both) == [str(other).strip(), *told(*both)]


def test_reading_is_not_told_as_a_change() -> None:
    secret = line(Open(NOBODY, f"{STATE}/key", Access.READ), "read", OWN)
    assert len(told(made("skills"), made("tmp"), secret)) == 2


def test_names_are_shown_as_they_may_be() -> None:
    (first,) = told(made("a\n"), made("b"))
    assert "\\x0a" in first and "\n" not in first
