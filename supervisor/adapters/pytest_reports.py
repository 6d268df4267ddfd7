"""Reports of tests that ran in a sandbox: written down inside, and read outside as what they are,
the text of somebody who is not trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

_MAX_REPORTS = 1000


class Crash(NamedTuple):
    """Where a test has failed, in one line: what pytest's own failures call `reprcrash`."""

    path: str
    lineno: int
    message: str


class Failure:
    """What a failure looks like, and what pytest's summary and its JUnit file take of it."""

    def __init__(self, text: str, summary: str, place: tuple[str, int]) -> None:
        self._text = text
        self.reprcrash = Crash(*place, summary)

    def __str__(self) -> str:
        return self._text

    def toterminal(self, out: Any) -> None:
        """Print it to a `pytest.TerminalReporter`'s writer."""
        out.line(self._text)


def reports_of(item: Any, text: bytes) -> list[pytest.TestReport]:
    """The reports that a file of the sandbox's has; none where it is not what it should be.

    They begin with a test's setup and end with its teardown; subtests come in between.
    """
    try:
        found = [_report(item, each) for each in json.loads(text)[:_MAX_REPORTS]]
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        return []
    whens = [each.when for each in found]
    has_ends = [*whens[:1], *whens[1:][-1:]] == ["setup", "teardown"]
    calls = whens[1:-1]
    is_whole = has_ends and set(calls) <= {"call"} and bool(calls) == found[0].passed
    return found if is_whole else []


def _report(item: Any, said: Any) -> pytest.TestReport:
    """One of them: text and numbers, whatever was sent. Raises ValueError and others."""
    when, outcome, seconds = said["when"], said["outcome"], said["duration"]
    if when not in ("setup", "call", "teardown") or outcome not in ("passed", "failed", "skipped"):
        raise ValueError("no report")
    sections = [(shown(name), shown(text)) for name, text in said["sections"]]
    xfailed = None if said["wasxfail"] is None else shown(said["wasxfail"])
    text, summary = shown(said["text"]), shown(said["summary"])
    return made(item, when, outcome, text, float(seconds), sections, xfailed, summary)


def shown(text: Any) -> str:
    """What a terminal shows and does not obey."""
    safe = (
        each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in str(text)
    )
    return "".join(safe)


def made(
    item: Any,
    when: Any,
    outcome: Any,
    text: str,
    seconds: float,
    sections: list[tuple[str, str]],
    wasxfail: Any = None,
    summary: str = "",
) -> pytest.TestReport:
    """A report of what this test came to."""
    path, line, _ = item.location
    longrepr: Any = None
    if outcome == "skipped":
        longrepr = (path, (line or 0) + 1, text)
    elif outcome == "failed":
        longrepr = Failure(text, summary or text, (path, (line or 0) + 1))
    keywords = dict.fromkeys(item.keywords, 1)
    given: Any = (item.nodeid, item.location, keywords, outcome, longrepr, when, sections, seconds)
    extra: Any = {} if wasxfail is None else {"wasxfail": wasxfail}
    return pytest.TestReport(*given, **extra)


class MadeInside:
    """Writes down the reports of the tests, for the pytest outside."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._told: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        skipped = report.skipped and isinstance(report.longrepr, tuple)
        text = report.longrepr[2] if skipped else report.longreprtext
        self._told.append(
            {
                "when": report.when,
                "outcome": report.outcome,
                "duration": report.duration,
                "text": text,
                "summary": getattr(getattr(report.longrepr, "reprcrash", None), "message", ""),
                "sections": report.sections,
                "wasxfail": getattr(report, "wasxfail", None),
            }
        )

    def pytest_sessionfinish(self) -> None:
        if self._file != os.devnull:
            Path(self._file).write_text(json.dumps(self._told), encoding="utf-8")
