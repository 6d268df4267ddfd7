"""What a guest printed, and the page that the results are kept on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tests.conftest import CHECKOUT
from tests.kernels.debian import Kernel

PAGE = CHECKOUT / "docs/kernels.md"
_ROW = re.compile(r"^\| (\S+) \| (\S+) \|.*\|$", re.MULTILINE)
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
    """Read what pytest printed last; a guest that printed nothing of it has failed."""
    last = re.findall(r"^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s", output, re.MULTILINE)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", "".join(last[-1:]))}
    failed = counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)
    abi = re.search(r"Landlock ABI\W+(\d+)", output)
    cells = (
        kernel.release,
        arch,
        kernel.version,
        abi[1] if abi else "?",
        by,
        str(counts.get("passed", 0)),
        str(failed) if counts else "not at its end",
        str(counts.get("skipped", 0)),
        str(round(seconds / 60)),
        today.isoformat(),
    )
    row = f"| {' | '.join(cells)} |"
    return Result((kernel.release, arch), row, bool(counts.get("passed")) and not failed)


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
