"""Agents at their first run, on an account that never ran them.

The agents here are small ones, installed as the real ones are; tests.agents.try_agents runs those.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agents.dialogue import ANSWER, EDITED
from tests.agents.model_server import served
from tests.conftest import Account, Finished, program_beside

pytestmark = pytest.mark.requires(landlock=2)

KEY = "the-real-key-of-the-test"
SAYS = "agent 1.0: native ran\n"


@pytest.fixture
def home(user: Account, place: Path) -> Iterator[Path]:
    """A home with a project and a key in it, and nothing else."""
    home = user.directory(place / "home-of-agents", 0o700)
    user.directory(home / "work")
    user.file(home / ".ssh/id_rsa", "PRIVATE-KEY", 0o600)
    yield home
    shutil.rmtree(home)


def run(user: Account, home: Path, *words: str, **env: str) -> Finished:
    nono = (user.python, "-P", "-m", "nono.supervisor", "run")
    return user(*nono, *words, cwd=home / "work", env={"HOME": str(home), **env})


def link(user: Account, place: Path, target: str) -> None:
    user.directory(place.parent)
    place.symlink_to(target)


def by_npm(user: Account, home: Path) -> Path:
    """A command, the package, and the package of the platform with a native program."""
    package = home / ".npm-global/lib/node_modules/@maker/agent"
    user.file(package / "package.json", '{"version": "1.0"}')
    script = (
        "#!/usr/bin/env node\n"
        "const {execFileSync} = require('child_process')\n"
        "const native = require.resolve('@maker/agent-linux/native')\n"
        "process.stdout.write(`agent ${require('../package.json').version}: `)\n"
        "process.stdout.write(execFileSync(native, ['native ran']))\n"
    )
    user.file(package / "bin/agent.js", script, 0o755)
    native = package / "node_modules/@maker/agent-linux/native"
    user.directory(native.parent)
    shutil.copy("/bin/echo", native)
    native.chmod(0o755)
    command = home / ".npm-global/bin/agent"
    link(user, command, "../lib/node_modules/@maker/agent/bin/agent.js")
    return command


def by_uv(user: Account, home: Path) -> Path:
    """A link to a script in an environment, whose interpreter is a link to an installation."""
    prefix = home / ".local/share/uv/tools/agent"
    interpreter = Path("/usr/bin/python3").resolve()
    link(user, prefix / "bin/python", str(interpreter))
    user.file(prefix / "pyvenv.cfg", f"home = {interpreter.parent}\n")
    user.file(prefix / f"lib/{interpreter.name}/site-packages/agent.py", f"print({SAYS[:-1]!r})\n")
    user.file(prefix / "bin/agent", f"#!{prefix}/bin/python\nimport agent\n", 0o755)
    command = home / ".local/bin/agent"
    link(user, command, "../share/uv/tools/agent/bin/agent")
    return command


def by_mise(user: Account, home: Path) -> Path:
    """A shim, which is a link to a program that looks for what it was called as."""
    data = home / ".local/share/mise"
    user.file(
        home / ".local/bin/mise", f'#!/bin/sh\nexec {data}/installs/it/1/"${{0##*/}}"\n', 0o755
    )
    user.file(data / "installs/it/1/agent", f"#!/bin/sh\necho '{SAYS[:-1]}'\n", 0o755)
    command = data / "shims/agent"
    link(user, command, "../../../bin/mise")
    return command


@pytest.mark.requires(commands=["node"])
@pytest.mark.parametrize("install", [by_npm, by_uv, by_mise])
def test_it_starts_by_its_name_and_behind_others(
    user: Account, home: Path, install: Callable[[Account, Path], Path]
) -> None:
    command = install(user, home)
    path = f"{command.parent}:{os.environ['PATH']}"
    for words in (("agent",), ("timeout", "60", "sh", "-c", "cd . && agent")):
        done = run(
            user, home, "--profile", "agent", "--", *words, PATH=path, PYTHONDONTWRITEBYTECODE="1"
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, SAYS, ""), words


def test_what_a_run_installed_the_next_one_starts(user: Account, home: Path) -> None:
    """It is in the sandbox's own caches; behind a shell, too, it has a place for its state."""
    script = r"#!/bin/sh\necho $CLAUDE_CONFIG_DIR\n"
    install = f"cd $npm_config_prefix && mkdir -p bin && printf '{script}' > bin/claude"
    profile = ("--profile", "agent", "--")
    done = run(user, home, *profile, "sh", "-c", f"{install} && chmod +x bin/claude")
    assert (done.returncode, done.stderr) == (0, "")
    done = run(user, home, *profile, "sh", "-c", "claude")
    place = home / ".cache/nono/caches/agent/agents/claude"
    assert (done.returncode, done.stdout) == (0, f"{place}\n"), done.stderr
    done = run(user, home, "--", "claude")
    assert done.returncode == 127
    assert done.stderr.endswith("\nhint: nono run --profile agent -- claude\n")


def test_claude_code_s_profile(user: Account, home: Path) -> None:
    """Its state is made, what would run later is not; it has a token, and the model the key."""
    work = home / "work"
    with served(str(work)) as (model, port):
        service = {
            "upstream": f"http://127.0.0.1:{port}",
            "credential_key": "env://MY_KEY",
            "env_var": "ANTHROPIC_AUTH_TOKEN",
            "inject_header": "x-api-key",
        }
        network = {"custom_credentials": {"claude-code": service}}
        profile = user.file(
            home / "p.json", json.dumps({"extends": "claude-code", "network": network})
        )
        program = program_beside(__file__, "agent.py")
        command = user.file(home / ".local/bin/claude", f"#!{user.python}\n{program}", 0o755)
        done = run(user, home, "--profile", str(profile), "--", str(command), MY_KEY=KEY)
    assert done.returncode == 0, done.stderr
    refused = "Operation not permitted"
    assert done.stdout.splitlines() == [
        "history.jsonl made",
        f"settings.json {refused}",
        f"hooks/x {refused}",
        f"session-env/1/hook.sh {refused}",
        f"skills/x/S.md {refused}",
        ANSWER,
    ]
    assert stat.S_IMODE((home / ".claude").stat().st_mode) == 0o700
    assert not (home / ".claude.json").exists()
    assert (work / "made.txt").read_text() == EDITED
    assert "PRIVATE-KEY" not in "".join(model.results)
    assert "Operation not permitted" in model.results[2]
    assert model.results[3] == "started\n"
    assert model.tokens == {KEY}


def test_without_a_profile_its_name_is_told(user: Account, home: Path) -> None:
    command = user.file(home / ".local/bin/claude", "#!/bin/sh\nexit 3\n", 0o755)
    done = run(user, home, "--", str(command))
    assert done.returncode == 3
    assert done.stderr == (
        "nono: note: there is a profile for claude: nono run --profile claude-code -- ...\n"
    )
