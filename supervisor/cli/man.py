"""`nono man`: the manual, made from what the commands say of themselves."""

from __future__ import annotations

import os
import time

import click

from nono.supervisor.cli.messages import tell
from nono.supervisor.errors import UsageError


@click.command()
@click.option("--markdown", is_flag=True, help="Print all of it as one page of Markdown.")
@click.argument("directory", metavar="DIRECTORY", required=False)
@click.pass_context
def man(ctx: click.Context, /, markdown: bool, directory: str | None) -> None:
    """Write the pages of the manual into DIRECTORY, where man(1) shall find them.

    A package has them already, in share/man: this is for other places.
    """
    # What only the manual needs is loaded only for it.
    from nono.supervisor.cli import manual

    nono = ctx.find_root().command
    if markdown:
        tell([manual.markdown(nono).rstrip("\n")])
        return
    if directory is None:
        raise UsageError("where to?", "nono man ~/.local/share/man/man1")
    directory = os.path.expanduser(directory)
    os.makedirs(directory, exist_ok=True)
    pages = [each for each in manual.commands(nono) if each[0].count(" ") < 2]
    for name, command in pages:
        others = [other for other, _ in pages if other != name]
        path = os.path.join(directory, f"{name.replace(' ', '-')}.1")
        with open(path, "w", encoding="utf-8") as file:
            file.write(manual.roff(name, command, _day(), others))
    tell([f"{len(pages)} pages in {directory}"])


def _day() -> str:
    """Today, or the day that a build that can be repeated is told by SOURCE_DATE_EPOCH."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    return time.strftime("%Y-%m-%d", time.gmtime(int(seconds) if seconds.isdecimal() else None))
