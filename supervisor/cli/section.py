"""A command that holds commands."""

from __future__ import annotations

import click

from nono.supervisor import exit_status
from nono.supervisor.cli.messages import say


class Section(click.Group):
    """Alone it says what is in it, on stderr, as a usage error does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            say(ctx.get_help().splitlines())
            ctx.exit(exit_status.USAGE)
        return super().parse_args(ctx, args)
