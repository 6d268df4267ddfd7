"""`nono run -c`, and `nono init`: what Claude Code and Codex then run stands in a sandbox.

What these agents read and start was looked up with their packages and an interface of their own
model that was made up: Claude Code 2.1.197 starts the program that CLAUDE_CODE_SHELL_PREFIX names
with the whole line as its one argument; Codex 0.171.0 reads hooks.json, and runs `updatedInput` if
the hook says "allow" as well.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from nono.supervisor.cli.agent_files import answered, changes
from nono.supervisor.cli.commands import nono as command_line
from nono.supervisor.cli.shell_string import with_shell
from nono.supervisor.errors import UsageError
from tests.conftest import Account, Nono

LINE = "true && eval 'echo hello; touch made; cat ~/.ssh/key' < /dev/null; echo \"it's\" over"
"""As Claude Code spells a command."""


def test_the_shell_of_a_string() -> None:
    assert with_shell("x; y", ("a",), {"PATH": "/usr/bin:/bin"}) == (
        "bash",
        "-c",
        "--",
        "x; y",
        "a",
    )
    assert with_shell("x", (), {"PATH": "/nowhere"}) == ("sh", "-c", "--", "x")


@pytest.mark.requires(landlock=2, commands=["bash"])
def test_what_the_agents_start_runs_in_a_sandbox(
    nono: Nono, project: Path, as_user: Account
) -> None:
    key = as_user.secret(".ssh/key")
    plain = nono("run", "--allow-cwd", "-c", 'echo "$0 $1"; exit 7', "a", "b c")
    assert (plain.returncode, plain.stdout) == (7, "a b c\n")
    for agent in ("claude", "codex"):
        done = nono("init", agent, "--yes", "--", "--allow-cwd", env={"CODEX_HOME": str(project)})
        assert done.returncode == 0, done.stderr
    program = as_user.home / ".local/state/nono/agents"
    settings = as_user.home / ".claude/settings.json"
    assert json.loads(settings.read_text()) == {
        "env": {"CLAUDE_CODE_SHELL_PREFIX": str(program / "claude")}
    }
    ran = as_user(program / "claude", LINE, cwd=project)
    (group,) = json.loads((project / "hooks.json").read_text())["hooks"]["PreToolUse"]
    question = {"tool_name": "Bash", "tool_input": {"command": LINE}, "cwd": str(project)}
    hook = group["hooks"][0]["command"]
    said = as_user("sh", "-c", hook, cwd=project, input=json.dumps(question))
    answer = json.loads(said.stdout)["hookSpecificOutput"]
    assert (answer["hookEventName"], answer["permissionDecision"]) == ("PreToolUse", "allow")
    rewritten = as_user("bash", "-c", answer["updatedInput"]["command"], cwd=project)
    for each in (ran, rewritten):
        assert each.stdout == "hello\nit's over\n" and key.text not in each.stderr
        assert ".ssh/key" in each.stderr
    assert (project / "made").exists()
    # What it cannot read, it refuses: with any other status the command would run as it is.
    assert as_user("sh", "-c", hook, cwd=project, input="{}").returncode == 2
    assert nono("init", "claude", "--undo", "--yes").returncode == 0
    assert not settings.exists() and not (program / "claude").exists()


def _run(home: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(command_line, ["init", *words], env={"HOME": str(home)})
    return done.exit_code, done.output


def test_nothing_changes_unseen_and_all_of_it_can_be_taken_back(tmp_path: Path) -> None:
    for agent, name, mine in (
        ("claude", ".claude/settings.json", {"model": "x", "env": {"A": "1"}, "hooks": {}}),
        ("codex", ".codex/hooks.json", {"hooks": {"PreToolUse": [{"matcher": "x", "hooks": []}]}}),
    ):
        file = tmp_path / name
        file.parent.mkdir()
        text = json.dumps(mine)
        file.write_text(text)
        file.chmod(0o640)
        status, said = _run(tmp_path, agent)
        assert (status, file.read_text()) == (1, text) and f"+++ {file}" in said
        status, said = _run(tmp_path, agent, "--print")
        assert (status, file.read_text()) == (0, text) and f"# {file}" in said
        assert _run(tmp_path, agent, "--yes")[0] == 0
        changed = file.read_text()
        assert changed != text and file.stat().st_mode & 0o777 == 0o640
        assert _run(tmp_path, agent, "--yes") == (0, "nothing to do\n")
        assert _run(tmp_path, agent, "--undo", "--yes")[0] == 0
        assert json.loads(file.read_text()) == mine
        assert _run(tmp_path, agent, "--undo", "--yes") == (0, "nothing to do\n")
        assert file.read_text() == json.dumps(mine, indent=2) + "\n"


def test_other_options_of_a_run_take_the_place_of_those_before(tmp_path: Path) -> None:
    assert _run(tmp_path, "claude", "--yes")[0] == 0
    program = tmp_path / ".local/state/nono/agents/claude"
    assert "run --profile agent -c" in program.read_text()
    assert _run(tmp_path, "claude", "--yes", "--", "--read", "/a b")[0] == 0
    assert "run --read '/a b' -c" in program.read_text()
    assert program.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[]", "no object"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"env": []}', "not what the agent reads"),
        ('{"env": {"CLAUDE_CODE_SHELL_PREFIX": "/mine"}}', "set to something else"),
        ("\udcff", "not UTF-8"),
        ("x" * (1 << 21), "too large"),
    ],
)
def test_files_that_are_left_alone(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / ".claude/settings.json"
    file.parent.mkdir()
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(UsageError, match=what):
        changes("claude", (), {"HOME": str(tmp_path)}, undo=False)


def test_a_link_is_kept_and_a_change_by_others_seen(tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.json"
    kept.write_text("{}")
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/settings.json").symlink_to(kept)
    *_, change = changes("claude", (), {"HOME": str(tmp_path)}, undo=False)
    assert change.path == str(kept)
    kept.write_text('{"other": 1}')
    with pytest.raises(UsageError, match="changed meanwhile"):
        change.make()
    os.unlink(kept)
    os.mkfifo(kept)
    with pytest.raises(UsageError, match="not a regular file"):
        changes("claude", (), {"HOME": str(tmp_path)}, undo=False)


@pytest.mark.parametrize(
    "asked", [b"", b"[]", b"{}", b"\xff", b'{"tool_name": "x", "tool_input": {"command": "y"}}']
)
def test_questions_that_are_none(asked: bytes) -> None:
    with pytest.raises(UsageError):
        answered(asked, ())


def test_the_command_stays_one_word_whatever_is_in_it() -> None:
    evil = "'; echo out; '\n$(id) `id` \\"
    question = {"tool_name": "Bash", "tool_input": {"command": evil, "workdir": "/w"}}
    told = json.loads(answered(json.dumps(question).encode(), ("--allow-cwd",)))
    given = told["hookSpecificOutput"]["updatedInput"]
    assert given["workdir"] == "/w"
    script = f"printf '%s\\0' {given['command']}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\0")[-3:-1] == ["-c", evil]
