"""A Mac of sorts: nono's real code for macOS, and a library in C that records and holds nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, Finished
from tests.requirements import require

SOURCE = CHECKOUT / "tests/seatbelt/fake_sandbox.c"
PROGRAM = CHECKOUT / "tests/seatbelt/mac.py"
SECONDS = 60
LOG = """#!{python}
import json, os, re, sys, time
directory = os.environ["NONO_FAKE"]
print("Filtering the log data using \\"a predicate\\"", flush=True)
lines = os.path.join(directory, "lines")
found = None
for _ in range(500):
    profiles = [name for name in os.listdir(directory) if name.startswith("profile.")]
    if profiles:  # and one that is being written may be empty
        newest = max(profiles, key=lambda name: os.stat(os.path.join(directory, name)).st_mtime_ns)
        found = re.search('message "([^"]*)"', open(os.path.join(directory, newest)).read())
    if found:
        break
    time.sleep(0.01)
tag = found[1]
for line in open(lines):
    message = f"{{line.strip()}}\\n{{tag}}"
    print(json.dumps({{"eventMessage": message, "processID": 0}}), flush=True)
open(os.path.join(directory, "said"), "w").close()
if sys.argv[1] == "stream":
    time.sleep(60)
"""


@dataclass(frozen=True)
class Mac:
    """`directory` is where the library and `log` are, and where it records what it is given."""

    directory: Path
    home: Path
    project: Path

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", str(PROGRAM), str(self.directory), *words]

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.home.parent),
        }

    def start(self, *words: str, **options: object) -> subprocess.Popen[str]:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            self.command(*words),
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def __call__(self, *words: str) -> Finished:
        process = self.start(*words)
        stdout, stderr = process.communicate(timeout=SECONDS)
        return Finished(process.returncode, stdout, stderr)

    def given(self) -> tuple[str, dict[str, str]]:
        """The profile and the parameters that the last program was put under."""
        newest = max(self.directory.glob("profile.*"), key=lambda path: path.stat().st_mtime_ns)
        words = newest.with_name(newest.name.replace("profile", "parameters")).read_text()
        pairs = words.split("\0")[:-1]
        return newest.read_text(), dict(zip(pairs[::2], pairs[1::2], strict=True))

    def logs(self, *lines: str) -> None:
        """What the kernel will have logged by the end of the run, without its tag."""
        (self.directory / "lines").write_text("\n".join(lines))


@pytest.fixture(scope="session")
def fake_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require(commands=["gcc"])
    library = tmp_path_factory.mktemp("fake") / "libsandbox.so"
    command = ["gcc", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-Wno-unused-result"]
    subprocess.run([*command, "-o", str(library), str(SOURCE)], check=True)
    return library


@pytest.fixture
def mac(fake_library: Path, tmp_path: Path) -> Mac:
    made = Mac(tmp_path / "fake", tmp_path / "home", tmp_path / "home" / "project")
    made.directory.mkdir()
    made.project.mkdir(parents=True)
    (made.directory / "libsandbox.so").symlink_to(fake_library)
    log = made.directory / "log"
    log.write_text(LOG.format(python=sys.executable))
    log.chmod(0o755)
    made.logs()
    return made
