"""Of a command that is nowhere it is said what a person may have meant, or how to have it."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from nono.broker.agents import agents
from nono.broker.caches import search
from nono.supervisor import Options, make_plan
from nono.supervisor.planning.program.not_executed import Diagnosis, diagnose

_NOTHING: Mapping[str, str] = {}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def absent(*argv: str, cwd: str = "/", env: Mapping[str, str] = _NOTHING) -> Diagnosis:
    return diagnose(argv, errno.ENOENT, None, cwd, env)


def install(home: Path, profile: str, command: str) -> None:
    """As a run of this profile would have, by any tool."""
    place = Path(search(str(home / ".cache/nono/caches" / profile))[1])
    place.mkdir(parents=True, exist_ok=True)
    (place / command).write_text("")


def under(profile: str, home: Path) -> Mapping[str, str]:
    """The environment of a run with a profile."""
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    plan = make_plan(Options(profile=profile), (), env)
    return plan.environment.apply(env)


def test_what_a_project_installed_and_what_a_shell_knows(home: Path) -> None:
    assert absent("kill", "a b")[1] == "nono run -c 'kill '\"'\"'a b'\"'\"''"
    searched = {"PATH": "/usr/bin:/bin"}
    assert absent("ls 'a b' | wc", env=searched)[1] == "nono run -c 'ls '\"'\"'a b'\"'\"' | wc'"
    assert absent("no-such tool", env=searched)[1] == 'echo "$PATH"'
    (home / ".venv/bin").mkdir(parents=True)
    (home / ".venv/bin/tool").touch(0o755)
    assert absent("tool", "a b", cwd=str(home))[1] == "nono run -- .venv/bin/tool 'a b'"
    assert absent("tool", cwd="/")[1] == 'echo "$PATH"'
    (home / "python3").touch(0o755)
    assert absent("python", "x.py", env={"PATH": str(home)})[1] == "nono run -- python3 x.py"
    assert absent("python", env={"PATH": "/nowhere"})[1] == 'echo "$PATH"'


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("agent/npm-global/bin", "nono run --profile agent -- tool 'a b'"),
        ("my profile/bin", "nono run --profile 'my profile' -- tool 'a b'"),
        ("p@0123456789abcdef/bin", 'echo "$PATH"'),
        ("agent/elsewhere", 'echo "$PATH"'),
    ],
)
def test_the_profile_is_named(home: Path, place: str, hint: str) -> None:
    installed = home / ".cache/nono/caches" / place
    installed.mkdir(parents=True)
    (installed / "tool").write_text("")
    assert absent("tool", "a b") == ("command not found", hint)


WITH_PACKAGES = [(each.command, each.profile) for each in agents().values() if each.install]


@pytest.mark.parametrize(("command", "profile"), WITH_PACKAGES)
@pytest.mark.parametrize("is_named", ["no profile", "its own", "agent", "the person's own"])
def test_who_follows_the_hints_has_the_agent(
    home: Path, command: str, profile: str, is_named: str
) -> None:
    """What was named is where it is installed, and where it is found the next time."""
    if is_named == "the person's own":
        (home / ".config/nono/profiles").mkdir(parents=True)
        (home / ".config/nono/profiles/mine.json").write_text(f'{{"extends": "{profile}"}}')
    named = {"its own": profile, "agent": "agent", "the person's own": "mine"}.get(is_named)
    env = _NOTHING if named is None else under(named, home)
    other = "agent" if named != "agent" else profile
    if named is not None:
        install(home, other, command)  # which is no reason to go there

    words = shlex.split(absent(command, "-p", "x", env=env).hint)
    assert words[:5] == ["nono", "run", "-p", named or profile, "--"]
    assert any(words[5:] == list(way) for way in agents()[command].install)

    install(home, named or profile, command)
    found_in = under(named or profile, home)["PATH"].split(":")
    assert any((Path(place) / command).exists() for place in found_in)


def test_what_has_the_agent_already_is_named_where_no_profile_was(home: Path) -> None:
    install(home, "agent", "claude")
    assert absent("claude").hint == "nono run --profile agent -- claude"
    assert absent("claude", env=under("codex", home)).hint == "nono run --profile agent -- claude"
    install(home, "claude-code", "claude")
    assert absent("claude").hint == "nono run --profile claude-code -- claude"


def test_an_agent_is_installed_by_a_tool_that_is_here(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(home))
    assert absent("aider").hint == "nono run -p aider -- uv tool install aider-chat"
    (home / "pipx").touch(0o755)
    assert absent("aider").hint == "nono run -p aider -- pipx install aider-chat"


def test_an_agent_of_no_package_has_no_line_that_installs_it() -> None:
    assert absent("goose").hint == 'echo "$PATH"'


def test_of_a_path_that_is_not_there_the_directory_is_shown(home: Path) -> None:
    """Whose names say more: what `command -v` finds nowhere it prints nothing for."""
    (home / "bin").mkdir()
    for command, hint in (("./tool", "ls ."), ("bin/a/b", "ls bin"), ("/no/such", "ls /")):
        assert absent(command, cwd=str(home)).hint == hint
    assert absent("./tool", cwd=f"{home}/bin").hint == f"ls {home}/bin"
    assert absent("./tool", cwd=f"{home}/bin").what == "No such file or directory"  # no command


def test_a_script_is_looked_for_here() -> None:
    assert absent("nosuch.py", cwd=".") == ("there is no such file, and no such command", "ls .")


def test_a_program_that_lies_here_is_run_in_a_sandbox(home: Path) -> None:
    """Whoever pastes the hint must not run outside what they meant to confine."""
    tool = home / "my tool"
    tool.touch(0o600)
    hint = "chmod +x './my tool' && nono run -- './my tool' 'a b'"
    assert absent("my tool", "a b", cwd=str(home)).hint == hint
    tool.chmod(0o700)
    assert absent("my tool", "a b", cwd=str(home)).hint == "nono run -- './my tool' 'a b'"
    assert absent("my tool", cwd=str(home)).hint == "nono run -- './my tool'"


def test_a_script_without_a_first_line_is_run_by_a_shell(home: Path) -> None:
    """As one does that is asked to run it, whether its mode says so or not."""
    script = home / "script.sh"
    script.write_text("echo hi\n")
    for mode in (0o600, 0o700):
        script.chmod(mode)
        assert (
            absent("script.sh", cwd=str(home)).hint
            == "nono run --read-file ./script.sh -- sh ./script.sh"
        )
    argv, place = ("./script.sh", "a b"), f"{home}/./script.sh"
    hint = diagnose(argv, errno.ENOEXEC, place, str(home)).hint
    assert hint == f"nono run --read-file {script} -- sh {script} 'a b'"
    script.write_bytes(b"\x7fELF\0")
    assert diagnose(argv, errno.ENOEXEC, place, str(home)).hint == f"file {script}"
    script.write_text("#!/no/such\n")
    assert diagnose(argv, errno.ENOENT, place, str(home)).hint == f"head -n 1 {script}"
    assert absent("script.sh", cwd=str(home)).hint == "nono run -- ./script.sh"
