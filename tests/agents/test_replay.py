"""What each agent was seen to do at its first run: what it needs it may, and the report is short.

Seen on 26 November 2026 with the versions of docs/agents.md, by tests.agents.try_agents.
"""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)

MAX_LINES = 3
"""Of the report, besides its heading and what it says of the key."""
KEPT = "denied by profile filesystem.deny_write in built-in"


class Seen(NamedTuple):
    """An agent's profile; files that it makes in its home; what is refused; what is told of that.

    `refused` are deeds of programs/replay.py. `~` is the home, `\\~` how a
    profile spells it, `^` the directory that it is in.
    """

    profile: str
    made: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    report: tuple[str, ...]


AGENTS = (
    Seen(
        "claude-code",
        (".claude/.claude.json", ".claude/backups/.claude.json.backup.1", ".claude/projects/-w/1"),
        (("make", "~/.claude/shell-snapshots"),),
        (
            "create the directory ~/.claude/shell-snapshots:"
            f" {KEPT} claude-code (\\~/.claude/shell-snapshots)",
        ),
    ),
    Seen(
        "codex",
        (
            *(".codex/installation_id", ".codex/state_5.sqlite", ".codex/sessions/2026/1.jsonl"),
            *(".codex/thread-writer-locks/.coordination.lock", ".codex/.sandbox_migration"),
        ),
        (
            *(("make", f"~/.codex/{name}") for name in ("tmp", "skills", ".tmp")),
            ("write", "~/.codex/skills/.system/x/SKILL.md"),
            ("make", "~/.codex/shell_snapshots"),
            ("watch", "~"),
        ),
        (
            f"create the directory tmp, skills, .tmp, shell_snapshots in ~/.codex (5 times): {KEPT}"
            " codex",
            "watch ~: hint: --list ~",
        ),
    ),
    Seen(
        "gemini-cli",
        (
            *(".gemini/projects.json", ".gemini/projects.json.1.tmp", ".gemini/installation_id"),
            *(".gemini/tmp/project/chats/1.jsonl", ".gemini/history/project/.project_root"),
        ),
        (("list", "~/.npm-global/lib"), ("connect", "play.googleapis.com")),
        (
            "connect to play.googleapis.com port 443: hint: --allow-domain play.googleapis.com",
            "read ~/.npm-global/lib: hint: --list ~/.npm-global/lib",
        ),
    ),
    Seen(
        "qwen-code",
        (
            *(".qwen/installation_id", ".qwen/output-language.md", ".qwen/debug/1.txt"),
            ".qwen/projects/-home-work/chats/1.jsonl",
        ),
        (("list", "~/.npm-global/lib"), ("connect", "sea.rum.aliyuncs.com")),
        (
            "connect to sea.rum.aliyuncs.com port 443: hint: --allow-domain sea.rum.aliyuncs.com",
            "read ~/.npm-global/lib: hint: --list ~/.npm-global/lib",
        ),
    ),
    Seen(
        "opencode",
        (".local/share/opencode/log/1.log", ".local/state/opencode/model.json"),
        (("list", "~"), ("list", "^")),
        ("read ~, ^: hint: --list ~ --list ^",),
    ),
)


def _short(line: str) -> str:
    """Without the reason where there is a hint: it is another one below /var/tmp."""
    told, _, hint = line.partition("  hint: ")
    return f"{told.partition(': ')[0]}: hint: {hint}" if hint else told


@pytest.fixture
def home(user: Account, place: Path) -> Iterator[Path]:
    """An empty home, but for a project, a key, and where npm installs."""
    home = user.directory(place / "home-of-replays", 0o700)
    user.directory(home / "work")
    user.directory(home / ".npm-global/lib")
    user.file(home / ".ssh/id_rsa", "PRIVATE-KEY", 0o600)
    yield home
    shutil.rmtree(home)


@pytest.mark.parametrize("seen", AGENTS, ids=[seen.profile for seen in AGENTS])
def test_the_report_is_short(user: Account, home: Path, seen: Seen) -> None:
    """One run each."""

    def real(text: str) -> str:
        text = re.sub(r"(?<!\\)~", str(home), text).replace("\\~", "~")
        return text.replace("^", str(home.parent))

    refused = [("read", "~/.ssh/id_rsa"), *seen.refused]
    deeds = [*(("write", f"~/{name}") for name in (*seen.made, "work/made.txt")), *refused]
    done = user(
        *(user.python, "-P", "-m", "nono.supervisor", "run", "--profile", seen.profile, "--"),
        *("/usr/bin/python3", "-I", "-S", "-c", program_beside(__file__, "replay.py")),
        *(real(word) for deed in deeds for word in deed),
        cwd=home / "work",
        env={"HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [real(" ".join(deed)) for deed in refused]
    heading, *lines = done.stderr.splitlines()
    assert heading.endswith(" refused:")
    about_key = [line for line in lines if f"read {home}/.ssh/id_rsa: " in line]
    others = [line.strip() for line in lines if line not in about_key]
    assert about_key == lines[:1] and len(others) <= MAX_LINES
    assert [_short(line) for line in others] == [real(line) for line in seen.report]
    for name in seen.made:
        top = home / name.partition("/")[0]
        assert not stat.S_IMODE(top.stat().st_mode) & 0o077 or top.name == ".local"
