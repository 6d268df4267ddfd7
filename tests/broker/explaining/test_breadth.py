"""What a suggestion opens besides what was asked for is said, and so is what helps instead."""

from __future__ import annotations

import pytest

from nono.broker import (
    FLOOR_ACCESS,
    Access,
    Around,
    Deny,
    Effect,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Request,
    Rule,
    Subtree,
    UnixConnect,
    explain,
)
from nono.broker.rules.rule import OWN_CACHES
from tests.broker.worlds import CALLER, allow

HOME, WORK = "/home/u", "/home/u/project"
NOTHING = Policy(())
AROUND = Around(home=HOME, workdir=WORK)
LOG = PathChange(CALLER, Operation.CREATE, f"{HOME}/.npm/_logs/2026-11-25T23_47_00-debug-0.log")
CWD = "opens all of the working directory, to read and to write"


def words(
    request: Request, around: Around = AROUND, policy: Policy = NOTHING
) -> tuple[str, tuple[str, ...]]:
    found = explain(policy, request, policy.decide(request), around=around)
    return found.reason, found.fix


def change(operation: Operation, path: str) -> PathChange:
    return PathChange(CALLER, operation, path)


@pytest.mark.parametrize(
    ("request_", "reason", "fix"),
    [
        (
            Open(CALLER, f"{WORK}/a", Access.READ),
            f"--allow-cwd {CWD}",
            ("--read-file", f"{WORK}/a"),
        ),
        (change(Operation.MKDIR, f"{WORK}/a"), f"this {CWD}", ("--allow-cwd",)),
        (
            change(Operation.CREATE, f"{WORK}/.git/index.lock"),
            f"this {CWD}",
            ("--allow-cwd",),
        ),
        (
            change(Operation.UNLINK, f"{HOME}/d/a"),
            f"it takes a right on all of {HOME}/d",
            ("--write", f"{HOME}/d"),
        ),
        (
            Open(CALLER, "/s/.git/HEAD", Access.READ),
            "git needs all of /s/.git",
            ("--read", "/s/.git"),
        ),
        (Open(CALLER, f"{HOME}/a", Access.READ), "", ("--read-file", f"{HOME}/a")),
        (
            UnixConnect(CALLER, f"{WORK}/s"),
            "",
            ("--allow-unix-socket", f"{WORK}/s"),
        ),
        (change(Operation.MKDIR, f"{HOME}/.tool"), "", ("--allow", f"{HOME}/.tool")),
    ],
)
def test_what_is_opened_besides(request_: Request, reason: str, fix: tuple[str, ...]) -> None:
    assert words(request_) == ("; ".join(filter(None, ("no rule allows it", reason))), fix)


def test_the_working_directory_is_named_only_where_its_flag_would_help() -> None:
    request = Open(CALLER, f"{WORK}/a", Access.READ)
    profile = Origin(OriginKind.PROFILE, "workdir.access", "p.json")
    said = Rule(Subtree(WORK), Access.WRITE, Effect.ALLOW, profile)
    assert "--allow-cwd" not in words(request, policy=Policy((said,)))[0]
    assert "--allow-cwd" not in words(request, Around(home=HOME, workdir=HOME))[0]
    narrow = Policy((allow(WORK, Access.WRITE),))
    assert "--allow-cwd opens" in words(request, policy=narrow)[0]


def test_what_a_tool_keeps_is_one_flag() -> None:
    around = Around(home=HOME, workdir=WORK, cache=f"{HOME}/.npm")
    reason, fix = words(LOG, around)
    assert fix == ("--caches",) and "--caches gives tools some of the sandbox's own" in reason
    assert words(Open(CALLER, LOG.path, Access.READ), around)[1] == ("--read-file", LOG.path)
    own = Rule(Subtree("/c"), FLOOR_ACCESS, Effect.ALLOW, OWN_CACHES)
    assert words(LOG, around, Policy((own,)))[1] != ("--caches",)


def test_a_repository_without_a_work_tree_is_one_flag() -> None:
    around = Around(home=HOME, workdir=WORK, repository="/s/r.git")
    assert words(Open(CALLER, "/s/r.git/HEAD", Access.READ), around)[1] == ("--read", "/s/r.git")
    made = change(Operation.MKDIR, "/s/r.git/objects/tmp_objdir-incoming-iQA3EY")
    assert words(made, around)[1] == ("--allow", "/s/r.git")


@pytest.mark.parametrize("name", [".gitconfig", ".gitconfig.lock", ".config/git/config.lock"])
def test_the_settings_of_a_person_are_kept_with_words(name: str) -> None:
    reason, fix = words(change(Operation.CREATE, f"{HOME}/{name}"))
    settings = "~/" + name.removesuffix(".lock")
    assert fix == () and "kept on purpose" in reason
    assert f"--bypass-protection {settings} lifts that" in reason
    other = change(Operation.CREATE, f"/home/other/{name}")
    assert "kept on purpose" not in words(other)[0]


def test_a_remote_that_may_not_be_named() -> None:
    for setting, said in (("remote.x.url", True), ("branch.x.remote", True), ("core.x", False)):
        origin = Origin(OriginKind.GROUP, f"protect_start_files, for {setting}")
        rule = Rule(Subtree("/p/.git/config"), Access.WRITE, Effect.DENY, origin, protected=True)
        request = change(Operation.RENAME_TO, "/p/.git/config")
        reason = explain(Policy((rule,)), request, Deny(rule, 1)).reason
        assert reason.startswith(f"denied by group protect_start_files, for {setting}")
        assert ("hooks of a repository" in reason) is said


def test_a_variable_is_no_path_of_a_flag() -> None:
    origin = Origin(OriginKind.GROUP, "protect_start_files")
    pattern = Subtree("/p/gc", spelled="$GIT_CONFIG_GLOBAL")
    rule = Rule(pattern, Access.WRITE, Effect.DENY, origin, protected=True)
    policy = Policy((rule, allow("/p", FLOOR_ACCESS)))
    assert words(Open(CALLER, "/p/gc", Access.WRITE), policy=policy)[1] == (
        "--bypass-protection",
        "/p/gc",
    )


def test_where_caches_are_kept_nothing_has_to_be_named() -> None:
    """In a new home it is not there yet."""
    told = words(change(Operation.MKDIR, f"{HOME}/.cache"))
    assert "--caches gives them some of the sandbox's own" in told[0] and told[1] == ()
    assert "--caches" not in words(change(Operation.MKDIR, f"{HOME}/.other"))[0]
