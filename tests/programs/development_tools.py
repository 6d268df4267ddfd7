"""Tries the development tools of `development_tools.json` and writes docs/tools.md.

As root, with the tools installed in the system, or below the parents of `--tools`:

    python -m tests.programs.development_tools --nono /opt/venv/bin/nono --tools /opt/tools/bin

Each row is run twice, outside and under `nono run --profile ...`, each time as an account that
was just made and has an empty home. It is the same when both end with the status and print the
text that the row names. What nono reported beside is in the table, too. The account is removed.
"""

import argparse
import contextlib
import datetime
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent
ROWS = Path(__file__).with_suffix(".json")
TABLE = CHECKOUT / "docs/tools.md"
ACCOUNT = "nono-tools"
HOME = Path("/home") / ACCOUNT
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
SECONDS = 240.0
KEPT = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "DENO_TLS_CA_STORE",
    "CARGO_HTTP_CAINFO",
)
"""Variables that say which authorities to trust, where a company has its own."""
MAX_LINES = 4
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HEAD = """| tool | version | profile | same as outside | what the report says | tried |
| --- | --- | --- | --- | --- | --- |"""
BEGIN, END = "<!-- made by tests/programs/development_tools.py -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """One tool: `run` is for sh(1), starts with `files` in its directory and prints `prints`."""

    name: str
    profile: str
    version: str
    run: str
    prints: str
    files: Mapping[str, str] = field(default_factory=dict)
    inside: Sequence[str] = ()
    """More options of `nono run`."""


@dataclass(frozen=True)
class Ended:
    """How a run ended, None for one that was killed when its time was over."""

    status: int | None
    output: str
    report: Sequence[str] = ()

    def passed(self, row: Row) -> bool:
        return self.status == 0 and row.prints in self.output


@dataclass(frozen=True)
class Tried:
    """A row's two runs."""

    row: Row
    version: str
    outside: Ended
    inside: Ended

    @property
    def same(self) -> str:
        if not self.outside.passed(self.row):
            return "fails outside"
        return "yes" if self.inside.passed(self.row) else "**no**"


@dataclass(frozen=True)
class Bench:
    """Where and as whom the rows are run."""

    nono: str
    tools: Sequence[Path]
    user: pwd.struct_passwd

    def try_row(self, row: Row) -> Tried:
        version = self._run(row, ["sh", "-c", row.version]).output.strip().splitlines()
        outside = self._run(row, ["sh", "-c", row.run])
        reads = [option for each in self.tools for option in ("--read", each.parent)]
        under: list[str | Path] = [self.nono, "run", "--profile", row.profile, *reads, *row.inside]
        inside = self._run(row, [*under, "--", "sh", "-c", row.run])
        return Tried(row, _COLOUR.sub("", version[0]) if version else "?", outside, inside)

    def _run(self, row: Row, command: Sequence[str | Path]) -> Ended:
        """Run as the account, in a directory that holds the row's files alone."""
        project = self._empty_places(row.files)
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {
            "HOME": str(HOME),
            "USER": self.user.pw_name,
            "LOGNAME": self.user.pw_name,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "PATH": ":".join([*map(str, self.tools), SYSTEM_PATH]),
        }
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                command,
                cwd=project,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.user.pw_uid,
                group=self.user.pw_gid,
                extra_groups=[],
                umask=0o022,
            )
            try:
                status: int | None = process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                status = None  # its time was over
            end_all(self.user.pw_uid)
            output.seek(0)
            text = output.read().decode(errors="replace")
        return Ended(status, text, reported(text))

    def _empty_places(self, files: Mapping[str, str]) -> Path:
        project = HOME / "project"
        of_account = [path for path in Path("/tmp").iterdir() if is_of(path, self.user.pw_uid)]
        for path in (HOME, *of_account):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for place in (HOME, project):
            place.mkdir(mode=0o755)
            os.chown(place, self.user.pw_uid, self.user.pw_gid)
        for name, text in files.items():
            file = project / name
            for directory in reversed(file.relative_to(project).parents):
                (project / directory).mkdir(exist_ok=True)
                os.chown(project / directory, self.user.pw_uid, self.user.pw_gid)
            file.write_text(text)
            os.chown(file, self.user.pw_uid, self.user.pw_gid)
        return project


def is_of(path: Path, uid: int) -> bool:
    """True for what is there and belongs to the account."""
    return os.path.lexists(path) and path.lstat().st_uid == uid


def end_all(uid: int) -> None:
    """End what the account still runs: some tools leave a daemon behind."""
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if is_of(directory, uid):
                os.kill(int(directory.name), signal.SIGKILL)


def reported(output: str) -> list[str]:
    """The lines of nono's own report, which is what comes last."""
    lines = output.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith("nono: ")), len(lines))
    return lines[first:]


def rows(wanted: Iterable[str]) -> list[Row]:
    """The rows of the file, those alone whose name starts with one that is `wanted`."""
    content: list[dict[str, Any]] = json.loads(ROWS.read_text())
    everything = [Row(**entry) for entry in content]
    begins = tuple(wanted)
    return [row for row in everything if not begins or row.name.startswith(begins)]


def cells(tried: Tried) -> list[str]:
    """A row of the table, the tool's name first."""
    report = "<br>".join(shortened(tried.inside.report)) or "nothing"
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    name = f"`{tried.row.name}`"
    return [name, tried.version, tried.row.profile, tried.same, report, today]


def shortened(report: Sequence[str]) -> list[str]:
    """The first lines of a report, with the account's home as `~` and no hints."""
    lines = [line.strip().partition("  hint: ")[0].replace(str(HOME), "~") for line in report]
    left = len(lines) - MAX_LINES
    more = [f"and {left} more"] if left > 0 else []
    return [f"`{line}`" for line in lines[:MAX_LINES]] + more


def save(tried: Tried) -> None:
    """Put a row in its place in docs/tools.md, where another one of that tool gives way to it."""
    before, _, rest = TABLE.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    row = "| " + " | ".join(cell.replace("|", "\\|") for cell in cells(tried)) + " |"
    known = {line.split(" | ")[0]: line for line in table.strip().splitlines()[2:]}
    known[row.split(" | ")[0]] = row
    names = [f"| `{each.name}`" for each in rows(())]
    ordered = [known[name] for name in names if name in known]
    TABLE.write_text("\n".join([before + BEGIN, HEAD, *ordered, END]) + after)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only the rows whose names begin so")
    parser.add_argument("--nono", default=shutil.which("nono"), help="the nono to try")
    parser.add_argument(
        "--tools",
        type=Path,
        action="append",
        default=[],
        help="a bin directory; its parent is read",
    )
    parser.add_argument("--output", type=Path, help="a directory for what the runs printed")
    chosen = parser.parse_args()
    subprocess.run(["useradd", "-M", "-d", HOME, ACCOUNT], check=True)
    try:
        bench = Bench(chosen.nono, chosen.tools, pwd.getpwnam(ACCOUNT))
        tried = []
        for row in rows(chosen.names):
            tried.append(bench.try_row(row))
            save(tried[-1])
            print(row.name, tried[-1].same, *tried[-1].inside.report, sep="\n  ", flush=True)
            if chosen.output:
                for side in ("outside", "inside"):
                    text = getattr(tried[-1], side).output
                    (chosen.output / f"{row.name.replace(' ', '-')}.{side}").write_text(text)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
        subprocess.run(["userdel", ACCOUNT], check=True)
    return int(any(each.same == "**no**" for each in tried))


if __name__ == "__main__":
    sys.exit(main())
