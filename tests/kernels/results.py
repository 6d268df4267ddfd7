"""What a guest printed, and the page that the results are kept on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tests.conftest import CHECKOUT
from tests.kernels.debian import Kernel

PAGE = CHECKOUT / "docs/kernels.md"
_ROW = re.compile(r"^\| (\S+) \| (\S+) \|.*\|$", re.MULTILINE)
_OUTCOME = re.compile(r"^tests/(\S+::\S.*?) (PASSED|FAILED|ERROR|SKIPPED)\b", re.MULTILINE)
_LAST = re.compile(r"^=+ .*\d+ passed.* in [\d.]+s", re.MULTILINE)
_INTERRUPTED = re.compile(r"^!+ .*KeyboardInterrupt.* !+$", re.MULTILINE)
_START, _END = "<!-- results -->\n", "<!-- end -->\n"
_HEAD = (
    "| kernel | machine | package | Landlock ABI | by | passed | failed | skipped | minutes"
    " | date |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
)


@dataclass(frozen=True)
class Result:
    """The end of the tests on one kernel."""

    key: tuple[str, str]
    """Release and machine."""
    row: str
    passed: bool

    def __str__(self) -> str:
        return self.row


def finished(
    output: str, kernel: Kernel, arch: str, by: str, seconds: float, today: date
) -> Result:
    """Read what pytest said of each test. A guest that said nothing of any has failed."""
    outcomes: dict[str, list[str]] = {"PASSED": [], "FAILED": [], "ERROR": [], "SKIPPED": []}
    for name, outcome in _OUTCOME.findall(output):
        outcomes[outcome].append(name)
    failed = [*outcomes["FAILED"], *outcomes["ERROR"]]
    is_whole = _LAST.search(output) is not None and _INTERRUPTED.search(output) is None
    abi = re.search(r"Landlock ABI\W+(\d+)", output)
    cells = (
        kernel.release,
        arch,
        kernel.version,
        abi[1] if abi else "?",
        by,
        str(len(outcomes["PASSED"])),
        ", ".join(f"`{each}`" for each in failed) or "none",
        str(len(outcomes["SKIPPED"])),
        str(round(seconds / 60)) if is_whole else f"{round(seconds / 60)}, not at its end",
        today.isoformat(),
    )
    row = f"| {' | '.join(cells)} |"
    return Result((kernel.release, arch), row, is_whole and not failed)


def read_rows() -> dict[tuple[str, str], str]:
    """The rows that the page has by now."""
    table = PAGE.read_text().partition(_START)[2].partition(_END)[0]
    rows = {(found[1], found[2]): found[0] for found in _ROW.finditer(table)}
    return {key: row for key, row in rows.items() if key[0] not in ("kernel", "---")}


def write_page(rows: dict[tuple[str, str], str]) -> None:
    """Put the rows in the place of those that the page has."""
    before, _, rest = PAGE.read_text().partition(_START)
    after = rest.partition(_END)[2]
    table = _HEAD + "".join(f"{row}\n" for row in rows.values())
    PAGE.write_text(before + _START + table + _END + after)
