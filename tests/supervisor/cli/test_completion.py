"""What shells are answered, and that bash, zsh and fish make the same of it."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from nono.supervisor.cli.commands import nono
from nono.supervisor.cli.completion import SHELLS, script
from nono.supervisor.cli.completion_words import answers
from tests.conftest import SYSTEM_PATH, TIMEOUT

pytestmark = pytest.mark.long


def words(*line: str) -> list[str]:
    """What may stand in the place of the last word; what the shell is to find in its brackets."""
    *before, current = line
    rows = [answer.split("\t") for answer in answers(nono, before, current)]
    return [word if kind == "plain" else f"<{kind}{word}>" for kind, word, _ in rows]


def test_commands_and_options() -> None:
    assert words("ru") == ["run"]
    assert words("run", "--profi") == ["--profile"]
    assert words("profile", "sh") == ["show"]
    assert "-h" in words("run", "-") and "--help" in words("audit", "show", "-")


def test_values_that_nono_knows() -> None:
    assert words("run", "-p", "python-") == ["python-dev", "<path>"]
    assert words("run", "--profile=python-") == ["python-dev", "<path>"]
    assert words("run", "--profile", "=", "python-") == ["python-dev", "<path>"]
    assert words("run", "--network-profile", "dev") == ["developer"]
    assert words("run", "--platform", "") == ["linux", "macos"]
    assert words("audit", "show", "la") == ["last"]
    assert words("profile", "groups", "deny_cred") == ["deny_credentials"]
    assert "openai" in words("run", "--credential", "")


def test_paths_are_the_shells() -> None:
    assert words("run", "--read", "/et") == ["<path>"]
    assert words("run", "--workdir=") == ["<directory>"]
    assert words("why", "--path", "x") == ["<path>"]


def test_what_comes_after_the_options_is_another_commands() -> None:
    assert words("run", "--allow-cwd", "") == ["<command0>"]
    assert words("run", "--allow-cwd", "tool", "a", "") == ["<command2>"]


@pytest.mark.parametrize(
    "line", [("nothing", "x"), ("run", "--nothing", "x"), ("--", "--", ""), ()]
)
def test_odd_lines_have_no_answer_and_no_error(line: tuple[str, ...]) -> None:
    list(answers(nono, line[:-1], line[-1] if line else ""))


def test_no_word_is_a_terminal_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and descriptions of profiles are somebody's text."""
    directory = tmp_path / "nono/profiles"
    directory.mkdir(parents=True)
    (directory / "odd.json").write_text('{"meta": {"description": "a\\u001b[2Jb\\tc\\nd"}}')
    (directory / "o\x1b[2J.json").write_text("{}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    found = list(answers(nono, ["run", "-p"], "o"))
    assert [line.split("\t")[1] for line in found if line.startswith("plain\to")][:1] == ["odd"]
    assert "\x1b" not in "".join(found) and all(line.count("\t") == 2 for line in found)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where `nono` is a command, and nothing of the person's is read."""
    home = tmp_path_factory.mktemp("home")
    command = home / "bin/nono"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m nono "$@"\n')
    command.chmod(0o755)
    (home / "a file").touch()
    return {
        "PATH": f"{command.parent}:{SYSTEM_PATH}",
        "HOME": str(home),
        "TERM": "dumb",
        "COLUMNS": "200",
        "LC_ALL": "C.UTF-8",
    }


LINES = {
    "nono kil": "kill",
    "nono run --profi": "--profile",
    "nono run -p python-": "python-dev",
    "nono run --read /etc/hostn": "/etc/hostname",
    "nono run --allow-cwd -- mytool x-": "x-own",
    "nono run mytool x-": "x-own",
}
"""A line and what its last word becomes: the last two by the completion of `mytool`."""

BASH = """
eval "$(nono completion bash)"
_mytool() { COMPREPLY=(x-own); }
complete -F _mytool mytool
while IFS= read -r line; do
    read -r -a COMP_WORDS <<< "$line"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
    _nono
    echo "${COMPREPLY[0]}"
done
"""
FISH = """
nono completion fish | source
complete -c mytool -f -a x-own
while read -l line
    complete -C "$line" | string split -f 1 \\t | head -n 1
end
"""


def _run(command: Sequence[str], env: dict[str, str]) -> list[str]:
    done = subprocess.run(
        command,
        input="".join(f"{line}\n" for line in LINES),
        env=env,
        cwd=env["HOME"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.requires(commands=["bash"])
def test_bash(environment: dict[str, str]) -> None:
    done = _run(["bash", "--norc", "-c", BASH], environment)
    assert done == list(LINES.values())


@pytest.mark.requires(commands=["fish"])
def test_fish(environment: dict[str, str]) -> None:
    assert _run(["fish", "--no-config", "-c", FISH], environment) == list(LINES.values())


class _Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.execvpe(command[0], command, env)

    def until(self, text: str) -> str:
        """What it writes up to this text. Raises AssertionError where it does not come."""
        seen, end = "", time.monotonic() + TIMEOUT
        while text not in re.sub(r"\x1b\[[?0-9]*[a-z]|[\r\x07\x08]", "", seen):
            assert time.monotonic() < end, repr(seen)
            if select.select([self._fd], [], [], 1)[0]:
                seen += os.read(self._fd, 65536).decode(errors="replace")
        return seen

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def close(self) -> None:
        os.close(self._fd)
        os.waitpid(self._pid, 0)


@pytest.mark.requires(commands=["zsh"])
def test_zsh(environment: dict[str, str]) -> None:
    """By the key: its completion works on a terminal alone."""
    shell = _Terminal(["zsh", "-f", "-i"], environment)
    try:
        shell.type('autoload -Uz compinit; compinit -D -u; eval "$(nono completion zsh)"\n')
        shell.type("_mytool() { compadd x-own }; compdef _mytool mytool; print rea''dy\n")
        shell.until("ready")
        for line, word in LINES.items():
            shell.type(f"{line}\t")
            shell.until(f"{line.rpartition(' ')[0]} {word}")
            shell.type("\x15")  # Ctrl-U: an empty line again
    finally:
        shell.close()


def test_no_script_has_what_its_shell_cannot_read() -> None:
    """`SHELL -n` of each that is there."""
    for shell in SHELLS:
        if shutil.which(shell, path=SYSTEM_PATH):
            command = [shell, "-n"]
            done = subprocess.run(command, input=script(shell), text=True, capture_output=True)
            assert (done.returncode, done.stderr) == (0, ""), shell
