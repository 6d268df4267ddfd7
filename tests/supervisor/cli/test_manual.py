"""The help and the manual say the same of each command, in a form that man(1) reads."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nono.supervisor.cli import manual
from nono.supervisor.cli.commands import nono
from nono.supervisor.cli.examples import EXAMPLES
from nono.supervisor.cli.help import COMMANDS, heading

PAGES = dict(manual.commands(nono))


def test_every_command_has_a_heading() -> None:
    top = nono.list_commands(click.Context(nono)) if isinstance(nono, click.Group) else []
    assert sorted(top) == sorted(name for names in COMMANDS.values() for name in names)


@pytest.mark.requires(landlock=1)  # some commands load the platform's own folder
def test_h_is_for_help_everywhere() -> None:
    for name in PAGES:
        done = CliRunner().invoke(nono, [*name.split()[1:], "-h"])
        assert done.exit_code == 0 and done.output.startswith(f"Usage: {name}"), done.output


def test_the_options_of_a_run_stand_under_headings() -> None:
    said = CliRunner().invoke(nono, ["run", "--help"]).output
    assert re.findall(r"^(\S.*):$", said, re.M) == [
        "Options",
        "Files and directories",
        "The environment, and what it runs on",
        "The network",
        "People",
        "How much of the machine",
    ]
    assert said.index("Files and directories:") < said.index("--read PATH") < said.index("--block")
    assert "Examples:\n    # a script" in said


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_examples_are_lines_that_nono_reads(name: str) -> None:
    command = PAGES[f"nono {name}"]
    for _, words in EXAMPLES[name]:
        arguments = shlex.split(words)
        found = command
        if isinstance(command, click.Group) and not arguments[0].startswith("-"):
            context = click.Context(command, info_name=name)
            inner = command.get_command(context, arguments.pop(0))
            assert inner is not None
            found = inner
        found.make_context(name, arguments)


@pytest.mark.requires(commands=["mandoc"])
def test_the_pages_are_without_a_fault(tmp_path: Path) -> None:
    assert CliRunner().invoke(nono, ["man", str(tmp_path)]).exit_code == 0
    pages = sorted(tmp_path.iterdir())
    assert {"nono.1", "nono-run.1", "nono-profile.1"} <= {page.name for page in pages}
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")
    shown = subprocess.run(
        ["mandoc", "-T", "ascii", tmp_path / "nono-run.1"], capture_output=True, text=True
    ).stdout
    shown = re.sub(r".\x08", "", shown)
    for option in PAGES["nono run"].params:
        if isinstance(option, click.Option):
            assert max(option.opts, key=len) in shown
    assert "nono run --allow-cwd -- python3 my_script.py" in shown and "~/data" in shown


def test_a_day_that_a_build_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    CliRunner().invoke(nono, ["man", str(tmp_path)])
    assert (tmp_path / "nono.1").read_text().startswith(".TH NONO 1 1970-01-02 ")


def test_the_page_of_a_site_has_every_command_and_option() -> None:
    page = manual.markdown(nono)
    for name, command in PAGES.items():
        assert f"\n## `{name}`\n" in page
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert heading(option) and f"{option.opts[0]}" in page
