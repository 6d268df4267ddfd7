"""Attacks: a program inside, what it may not touch outside, and what it said."""

import contextlib
import json
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from nono.shims.linux.syscall_classes import machine, table
from tests.attacks.scene import Scene, build
from tests.conftest import Account, Finished

HERE = Path(__file__).parent / "programs"
PYTHON = "/usr/bin/python3"
UNMARKED = ("env", "-u", "LD_PRELOAD")
"""So that nono is asked about each open: its library would leave some to the kernel."""
SHARED = [Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]


@dataclass(frozen=True)
class Outcome:
    """What an attack printed: attempt -> errno, `WON` or what else it says."""

    attempts: dict[str, str]
    text: str
    """All that it printed, and nono's report."""

    @property
    def won(self) -> list[str]:
        return [name for name, result in self.attempts.items() if result.startswith("WON")]


class Attack(Protocol):
    """The `attack` fixture: run a program in a scene, and compare what must not change."""

    def __call__(
        self,
        scene: Scene,
        program: str,
        *arguments: object,
        options: Sequence[str | Path] | None = None,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> Outcome: ...


@pytest.fixture(scope="session")
def programs(place: Path) -> Path:
    """The programs, where every user can run them, the ones in C compiled."""
    target = place / "attacks"
    shutil.copytree(HERE, target / "programs", ignore=shutil.ignore_patterns("__pycache__"))
    numbers = {name: call.number for name, call in table(machine()).items()}
    (target / "programs" / "numbers.json").write_text(json.dumps(numbers))
    sources = sorted((target / "programs").glob("*.c"))
    for source in sources if shutil.which("gcc") else ():
        flags = ("-O1", "-Wall", "-Werror", "-pthread")
        subprocess.run(["gcc", *flags, "-o", source.with_suffix(""), source], check=True)
    return target


@pytest.fixture(params=["elsewhere", "inside"])
def scene(request: pytest.FixtureRequest, as_user: Account, project: Path) -> Scene:
    """A scene with the denied things outside the writable directory, then inside it."""
    return build(as_user, project / "scene", inside=request.param == "inside")


@pytest.fixture
def outside(as_user: Account, project: Path) -> Scene:
    """A scene with the denied things outside the writable directory."""
    return build(as_user, project / "scene", inside=False)


@pytest.fixture
def attack(as_user: Account, programs: Path) -> Attack:
    """Run `programs/PROGRAM` under nono, by default with the scene's own options.

    Nothing that the scene guards may have changed, no secret may be in the output, and nono
    must not have failed in itself. `prefix` is a command that starts nono.
    """

    def run(
        scene: Scene,
        program: str,
        *arguments: object,
        options: Sequence[str | Path] | None = None,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> Outcome:
        before = scene.snapshot()
        words = (
            *("run", "--json", *(scene.options if options is None else options)),
            *("--", *UNMARKED, *command(programs, program, arguments)),
        )
        variables = {"PYTHONPATH": str(programs), **(env or {})}
        done = as_user.nono(*words, cwd=scene.work, env=variables, before=prefix)
        outcome = read(done)
        errors = json.loads(done.stderr.splitlines()[-1])["internal_errors"]
        assert not errors, "\n".join(errors)
        assert done.returncode == 0, outcome.text
        assert scene.snapshot() == before
        assert not [text for text in scene.secrets if text in outcome.text]
        return outcome

    return run


@pytest.fixture
def unconfined(as_user: Account, programs: Path) -> Callable[..., Outcome]:
    """Run the same without nono: what can be won at all shows that the attempts are real ones."""

    def run(scene: Scene, program: str, *arguments: object) -> Outcome:
        done = as_user(
            *command(programs, program, arguments),
            cwd=scene.work,
            env={"PYTHONPATH": str(programs)},
        )
        assert done.returncode == 0, done.stderr
        return read(done)

    return run


def command(programs: Path, program: str, arguments: Sequence[object]) -> list[str]:
    """The command line of a program: a Python module, or a compiled one."""
    compiled = programs / "programs" / program
    start = [str(compiled)] if compiled.exists() else [PYTHON, "-B", "-m", f"programs.{program}"]
    return [*start, *map(str, arguments)]


def read(done: Finished) -> Outcome:
    """The attempts among the lines of a program."""
    lines = [line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line]
    return Outcome({line[0]: line[1] for line in lines}, done.stdout + done.stderr)


@pytest.fixture
def tag() -> Iterator[str]:
    """A name in the shared directories, of which nothing is left."""
    name = f"nono-attack-{secrets.token_hex(4)}"
    modes = {place: place.stat().st_mode for place in SHARED}
    yield name
    for place, mode in modes.items():
        if place.stat().st_mode != mode:
            place.chmod(stat.S_IMODE(mode))
        for path in place.glob(f"{name}*"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.fixture
def partner(as_user: Account, programs: Path) -> Iterator[Callable[..., None]]:
    """Start a process outside that the attack talks to: see `programs/partner.py`.

    `program` is another one that does the same and more.
    """
    with contextlib.ExitStack() as running:

        def start(scene: Scene, *sockets: Path, program: str = "partner") -> None:
            for name in ("requests", "replies"):
                os.mkfifo(scene.work / name)
                os.chown(scene.work / name, as_user.uid, as_user.gid)
            switch = os.geteuid() != as_user.uid
            process = running.enter_context(
                subprocess.Popen(
                    command(programs, program, [scene.work, *sockets]),
                    stdout=subprocess.PIPE,
                    env={
                        **as_user.environment,
                        "PYTHONPATH": str(programs),
                        "SECRET": scene.secrets[0],
                    },
                    user=as_user.uid if switch else None,
                    group=as_user.gid if switch else None,
                    extra_groups=[] if switch else None,
                )
            )
            running.callback(process.kill)
            assert process.stdout and process.stdout.readline() == b"ready\n"

        yield start


def together(programs: Path, races: Sequence[Sequence[object]]) -> list[str]:
    """The arguments of `programs/races.py`."""
    words: list[str] = []
    for program, *arguments in races:
        words += ["--", str(programs / "programs" / str(program)), *map(str, arguments)]
    return words


def expect_no_win(outcome: Outcome, races: int) -> None:
    results = [text.split() for text in outcome.attempts.values() if text.startswith("allowed")]
    assert outcome.won == []
    assert len(results) == races
    for _, allowed, _, refused, *_ in results:
        assert int(allowed) > 0, outcome.text
        assert int(refused) > 0, outcome.text
