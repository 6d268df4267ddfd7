"""Every hint of a corpus is pasted: the next run needs no more, and nothing else was opened."""

from __future__ import annotations

import json
import shlex
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nono.broker.explaining.difference import opened
from nono.broker.settings import BY_OPTION
from nono.supervisor import Options, make_plan
from tests.conftest import BY_A_USER, CHECKOUT, Account, Nono, program_beside
from tests.ports import later_port
from tests.supervisor.report.hints import CASES, SILENT, Case, opened_by, page, pairs

pytestmark = pytest.mark.requires(landlock=2)

CORPUS = program_beside(__file__, "corpus.py")
FILTERED = ("--allow-domain", "only.example")
FILES = """notes.txt docs/a.txt .config/app/settings.json both.txt append.txt mode.txt time.txt
cut.txt watched.txt .ssh/key .ssh/known .netrc .npmrc .pypirc .aws/credentials .bash_history .bashrc
remove/x move/a single.txt dir/x links/x _cacache/tmp/x uuid/x mkstemp/x unnamed/x several/x rmdir/x
.cache/x editor/x backup/x .gnupg/x .local/share/x .cache/fontconfig/x"""
IN_PROJECT = "data.csv src/main.py old before"


@dataclass(frozen=True)
class Place:
    """Where the corpus runs: an account's home and project, and what listens there."""

    account: Account
    project: Path
    nono: Nono
    port: int
    free: int

    def run(self, cases: Sequence[str], *flags: str) -> tuple[dict[str, str], dict[str, Any]]:
        """What became of each statement, and the report."""
        env = {"PORT": str(self.port), "LISTEN": str(self.free)}
        command = ("/usr/bin/python3", "-I", "-S", "-c", CORPUS, json.dumps(cases))
        done = self.nono("run", "--json", "--no-audit", *FILTERED, *flags, "--", *command, env=env)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), json.loads(done.stderr.splitlines()[-1])

    def real(self, text: str) -> str:
        """A text of the table, with the places of this account."""
        words = []
        for word in text.split(" "):
            if word.startswith(("~", ".")) and (len(word) == 1 or word[1] == "/"):
                word = str(self.account.home if word[0] == "~" else self.project) + word[1:]
            words.append(word)
        made = " ".join(words)
        return made.replace("PORT", str(self.port)).replace("LISTEN", str(self.free))

    def spelled(self, fix: Sequence[str]) -> str:
        """A hint as the table has it."""
        text = shlex.join(fix).replace("'~", "~").replace("'", "")
        text = text.replace(str(self.project), ".").replace(str(self.account.home), "~")
        return text.replace(str(self.port), "PORT").replace(str(self.free), "LISTEN")


@pytest.fixture
def scene(as_user: Account, project: Path, nono: Nono) -> Iterator[Place]:
    home = as_user.home
    for name in FILES.split():
        as_user.file(home / name, "text", 0o600)
    for name in IN_PROJECT.split():
        as_user.file(project / name, "text")
    as_user.directory(home / "rmdir/d")
    as_user.file(home / "bin/tool", "#!/bin/sh\n", 0o755)
    as_user.file(project / "run.sh", "#!/bin/sh\n", 0o755)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(home / "agent.sock"))
        (home / "agent.sock").chmod(0o777)
        agent.listen()
        yield Place(as_user, project, nono, server.getsockname()[1], later_port())


def flags(cases: Sequence[Case], scene: Place) -> list[str]:
    return [word for case in cases for word in shlex.split(scene.real(case.fix))]


def options(words: Sequence[str], scene: Place) -> Options:
    """The flags as the library takes them."""
    given: dict[str, list[str | int]] = {}
    for flag, value in pairs(shlex.join([*FILTERED, *words])):
        name = flag[2:].replace("-", "_")
        assert name in BY_OPTION
        given.setdefault(name, []).append(int(value) if value.isdecimal() else value)
    return Options(workdir=str(scene.project), **given)  # type: ignore[arg-type]


def test_every_hint_is_right_and_opens_no_more(scene: Place) -> None:
    whole = [case for case in CASES if case.fix == "--allow-cwd"]
    pasted = [case for case in CASES if case.fix and case.again and case not in whole]
    results, report = scene.run([case.code for case in CASES])
    assert len(CASES) >= 60

    denials = {each["summary"]: each for each in report["denials"]}
    for case in CASES:
        assert results[case.code], f"not refused: {case.code}"
        denial = denials[scene.real(case.what)]
        assert scene.spelled(denial["fix"]) == case.fix, case.what
        assert case.said in denial["reason"], denial["reason"]
    meant = {scene.real(case.what) for case in CASES}
    assert set(denials) <= meant, set(denials) - meant

    for cases in (pasted, whole):
        words = flags(cases[:1], scene) if cases is whole else flags(cases, scene)
        results, report = scene.run([case.code for case in cases], *words)
        assert not any(results.values()), {k: v for k, v in results.items() if v}
        assert report["denials"] == []


@BY_A_USER
def test_nothing_else_is_opened(scene: Place) -> None:
    """The policies with all hints and without differ by what the table says."""
    cases = [case for case in CASES if case.fix and case.fix != "--allow-cwd"]
    env = dict(scene.account.environment)
    before = make_plan(options((), scene), (), env).policy
    after = make_plan(options(flags(cases, scene), scene), (), env).policy
    expected = {scene.real(line) for case in cases for line in opened_by(case.fix)}
    ends = (" port 80", " port 443")
    found = {line for line in opened(before, after) if not line.endswith(ends)}
    found |= {line.rpartition(" port ")[0] for line in opened(before, after) if line.endswith(ends)}
    assert found == expected


@BY_A_USER
def test_what_nobody_can_use_is_not_told_of(scene: Place) -> None:
    results, report = scene.run(SILENT)
    assert all("Error" in each for each in results.values()), results
    assert report["denials"] == []
    there = {each["path"] for each in report["harmless"]}
    machine_id = {"/etc/machine-id"} if Path("/etc/machine-id").exists() else set()
    assert {"/proc/1/status", *machine_id} <= there
    assert "FileNotFoundError" in results["open('/proc/1/status')"]


def test_the_page_is_the_corpus() -> None:
    assert (CHECKOUT / "docs/hints.md").read_text().splitlines() == "\n".join(page()).splitlines()
