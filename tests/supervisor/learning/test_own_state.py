"""State that a program makes in its home is learned as directories of its own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from nono.supervisor.learning.own_state import belongs, containers, programs_of
from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.learning.conftest import Again, Learn, paths, said_by_nono

AGENT = program_beside(__file__, "agent.py")
OWN = ["~/.config/demoagent", "~/.demoagent", "~/.local/share/demoagent"]
TRIED = (
    "start file",
    "new start file",
    "other tool",
    "tool on PATH",
    "programs",
    "libraries",
    "git",
    "keys",
    "pip",
    "nono",
    "document",
)


@pytest.fixture
def agent(as_user: Account, project: Path) -> str:
    """The program in the project; nothing of its own in the home, before and after."""
    as_user.file(project / "demoagent.py", AGENT)
    mine = [as_user.home / entry.removeprefix("~/") for entry in OWN]
    for path in mine:
        shutil.rmtree(path, ignore_errors=True)
    return "demoagent.py"


@BY_A_USER
@pytest.mark.requires(landlock=2)
def test_an_agent_is_learned_and_runs(
    learn: Learn, again: Again, as_user: Account, agent: str
) -> None:
    profile, done = learn(as_user.python, agent)
    assert done.returncode == 0, done.stderr
    assert profile["filesystem"]["allow"] == OWN
    assert set(paths(profile)) == set(OWN)
    repeated = again(as_user.python, agent)
    assert (repeated.returncode, repeated.stdout, repeated.stderr) == (0, "2 2\n", "")


@BY_A_USER
@pytest.mark.requires(landlock=2)
def test_what_is_not_its_own_stays_refused_and_is_listed(
    learn: Learn, as_user: Account, agent: str
) -> None:
    other = as_user.file(as_user.home / ".config/other/settings.json", "theirs")
    profile, done = learn(as_user.python, agent, env={"DEMO_TRIES": "1"})
    words = re.compile("(.*) (?:Permission denied|Operation not permitted)")
    refused = [match[1] for match in map(words.fullmatch, done.stderr.splitlines()) if match]
    assert refused == list(TRIED)
    assert profile["filesystem"]["allow"] == OWN
    assert other.read_text() == "theirs"
    said = "\n".join(said_by_nono(done))
    for path in (".bashrc", ".zshenv", ".config/other", ".config/pip", ".local/bin", "letter.txt"):
        assert f"{as_user.home}/{path}" in said, path
    assert f"where it is the program's own, learn with --allow {as_user.home}/.config/other" in said
    shutil.rmtree(other.parent)


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("/opt/x/bin/codex", "--model", "y"), "codex"),
        (("python3.11", "-u", "my_agent.py"), "my_agent"),
        (("npx", "-y", "Qwen-Code"), "qwen-code"),
        (("python3", "-m", "aider"), "aider"),
    ],
)
def test_what_a_command_is_called(argv: tuple[str, ...], name: str) -> None:
    assert programs_of(argv) == {name}


@pytest.mark.parametrize("argv", [("sh", "-c", "x"), ("python3",), ("node", "-e"), ("-",), ()])
def test_an_interpreter_is_no_name(argv: tuple[str, ...]) -> None:
    assert programs_of(argv) == frozenset()


def test_a_name_belongs_to_the_program_that_it_begins_with() -> None:
    programs = frozenset(("codex",))
    assert all(belongs(name, programs) for name in (".codex", "codex", ".Codex.json", "codex-x"))
    assert not any(belongs(name, programs) for name in (".codexx", ".code", "mycodex", "."))
    assert not belongs(".anything", frozenset())


def test_state_is_below_the_home(tmp_path: Path) -> None:
    home = str(tmp_path)
    usual = tuple(f"{home}/{name}" for name in (".config", ".local/share", ".local/state"))
    assert containers({}, home) == usual
    assert containers({"XDG_CONFIG_HOME": "/etc", "XDG_DATA_HOME": home}, home) == usual[2:]
    assert containers({"XDG_STATE_HOME": f"{home}/.config"}, home) == usual[:2]
