"""Try the agents that are installed, on an account that never ran them, and print a table.

    python -m tests.agents.try_agents ACCOUNT BIN...

As root. ACCOUNT is an ordinary one with an empty home (`useradd -m -k /dev/null`), BIN are
directories with the agents' commands. For each agent that is found the home is emptied, a virtual
environment is made in a project, and the agent is run by `nono run --profile PROFILE` against the
model of tests.agents.model_server. The rows are those of docs/agents.md.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.agents.dialogue import EDITED
from tests.agents.model_server import Model, served

SECONDS = 120
TASK = "do it"
_DANGER = "--dangerously-bypass-approvals-and-sandbox"


class Trial(NamedTuple):
    """How an agent is run without a person: its words, where it finds the model, files before."""

    profile: str
    words: Sequence[str]
    variables: Callable[[str], dict[str, str]]
    files: tuple[tuple[str, str], ...] = ()
    flags: str = ""


_GEMINI_SETTINGS = json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}})
_TRUST = {"GEMINI_CLI_TRUST_WORKSPACE": "true"}


def _opencode(url: str) -> dict[str, str]:
    provider = {"anthropic": {"options": {"baseURL": f"{url}/v1"}}}
    settings = {"permission": "allow", "provider": provider}
    return {"ANTHROPIC_API_KEY": "no-key", "OPENCODE_CONFIG_CONTENT": json.dumps(settings)}


TRIALS = {
    "claude": Trial(
        "claude-code",
        ("-p", TASK, "--dangerously-skip-permissions"),
        lambda url: {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "no-key"},
    ),
    "codex": Trial(
        "codex",
        (
            *("exec", "--skip-git-repo-check", _DANGER, "-m", "gpt-5"),
            *("-c", "openai_base_url=URL/v1", TASK),
        ),
        lambda url: {"CODEX_API_KEY": "no-key"},
    ),
    "gemini": Trial(
        "gemini-cli",
        ("-m", "gemini-2.5-flash", "--yolo", "-p", TASK),
        lambda url: {"GEMINI_API_KEY": "no-key", "GOOGLE_GEMINI_BASE_URL": url, **_TRUST},
        ((".gemini/settings.json", _GEMINI_SETTINGS),),
        "the kind of log-in in settings.json",
    ),
    "qwen": Trial(
        "qwen-code",
        ("--yolo", "--auth-type", "openai", "-p", TASK),
        lambda url: {
            "OPENAI_API_KEY": "no-key",
            "OPENAI_BASE_URL": f"{url}/v1",
            "OPENAI_MODEL": "model",
        },
    ),
    "opencode": Trial(
        "opencode", ("run", "--model", "anthropic/claude-sonnet-4-5", TASK), _opencode
    ),
    "aider": Trial(
        "aider",
        (
            *("--model", "openai/model", "--no-git", "--yes-always", "--no-show-model-warnings"),
            *("--edit-format", "whole", "--message", TASK),
        ),
        lambda url: {"OPENAI_API_KEY": "no-key", "OPENAI_API_BASE": f"{url}/v1"},
    ),
}


class Tried(NamedTuple):
    """What came of it."""

    version: str
    status: int
    seconds: float
    steps: tuple[str, ...]
    report: list[str]
    """The lines of nono's report about refusals."""


def attempt(account: str, search: Sequence[str], command: str) -> Tried:
    """One agent, in an emptied home. Raises subprocess.TimeoutExpired, OSError."""
    trial, person = TRIALS[command], pwd.getpwnam(account)
    home = Path(person.pw_dir)
    project = home / "project"
    _empty(home)
    path = os.pathsep.join((*search, "/usr/local/bin", "/usr/bin", "/bin"))
    env = {"HOME": str(home), "USER": account, "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    env["PATH"] = path

    def run(*words: str, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            cwd=project if project.exists() else home,
            env=env,
            user=person.pw_uid,
            group=person.pw_gid,
            extra_groups=[],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    run("mkdir", "-p", "project", ".ssh", *{os.path.dirname(name) for name, _ in trial.files})
    run("python3", "-m", "venv", ".venv")
    for name, text in ((".ssh/id_rsa", "PRIVATE-KEY"), *trial.files):
        (home / name).write_text(text)
        os.chown(home / name, person.pw_uid, person.pw_gid)
    with served(str(project)) as (model, port):
        url = f"http://127.0.0.1:{port}"
        given = trial.variables(url)
        env |= given
        passed = [word for name in given for word in ("--env-allow", name)]
        derived = project / "no-proxy.json"
        derived.write_text(json.dumps({"extends": trial.profile, "network": {"credentials": []}}))
        nono = (sys.executable, "-m", "nono.supervisor", "run", "--profile", str(derived), *passed)
        words = [word.replace("URL", url) for word in trial.words]
        start = time.monotonic()
        done = run(*nono, "--open-port", str(port), "--", command, *words)
        seconds = time.monotonic() - start
        steps = tuple(_steps(model, project))
    lines = done.stderr.splitlines()
    starts = [number for number, line in enumerate(lines) if " refused:" in line]
    report = [line for line in lines[starts[-1] + 1 :] if line.startswith("  ")] if starts else []
    version = run(command, "--version", seconds=60).stdout.split("\n")[0]
    return Tried(version, done.returncode, seconds, steps, report)


def _empty(home: Path) -> None:
    for each in home.iterdir():
        if each.name not in (".npm-global", ".local"):
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()


def _steps(model: Model, project: Path) -> Iterator[str]:
    """What of the model's wishes came true."""
    told = "\n".join(model.results)
    made = project / "made.txt"
    yield f"package {'used' if 'got six' in told else 'not used'}"
    yield f"file {'made' if made.exists() and made.read_text() == EDITED else 'not made'}"
    key = "READ" if "PRIVATE-KEY" in told else "refused" if "id_rsa" in told else "not asked for"
    yield f"key {key}"
    yield f"background {'started' if 'started' in told else 'not started'}"


def main(account: str, search: Sequence[str]) -> None:
    """Print a row for each agent that is found."""
    for command, trial in TRIALS.items():
        if shutil.which(command, path=os.pathsep.join(search)) is None:
            continue
        try:
            tried = attempt(account, search, command)
        except (subprocess.TimeoutExpired, OSError, IndexError) as error:
            print(f"| {command} | | | {type(error).__name__}: {error} | | |", flush=True)
            continue
        cells = (command, tried.version, f"`--profile {trial.profile}` {trial.flags}".strip())
        outcome = f"exit {tried.status}, {tried.seconds:.0f} s: {', '.join(tried.steps)}"
        print(f"| {' | '.join((*cells, outcome, str(len(tried.report))))} |", flush=True)
        for line in tried.report:
            print(f"    {line.strip()}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
