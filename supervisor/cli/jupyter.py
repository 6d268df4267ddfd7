"""`nono jupyter`: kernels that run in a sandbox."""

from __future__ import annotations

import shlex
import sys
from dataclasses import fields
from typing import Any

import click

from nono.broker.settings import flag
from nono.supervisor.cli.options import policy_options
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.options import Options, to_options

_NEEDED = ("ipykernel>=6", "jupyter_client>=8")
"""As the extra `jupyter` of nono's package has them."""
_NAME = click.option("--name", default="nono", show_default=True, help="What Jupyter calls it.")


@click.group()
def jupyter() -> None:
    """Kernels of Jupyter that run in a sandbox."""


@jupyter.command()
@_NAME
@click.option("--display-name", default="Python (nono)", show_default=True, help="For people.")
@click.option("--python", metavar="PROGRAM", help="An interpreter with ipykernel: nono's own.")
@click.option("--prefix", metavar="DIR", help="Write below DIR/share/jupyter: for all its users.")
@policy_options
def install(
    name: str, display_name: str, python: str | None, prefix: str | None, **values: Any
) -> None:
    """Make a kernel that starts in a sandbox with these options.

    Whoever starts it needs nono beside jupyter_client: `pip install 'nono-sandbox[jupyter]'`.
    The kernel starts in the notebook's directory, which --allow-cwd opens.
    """
    if values["workdir"] is not None:
        raise UsageError(
            "--workdir: a kernel starts in its notebook's directory",
            flag("workdir.access"),
        )
    given = to_options(values)
    usual = Options()
    options = {
        each.name: getattr(given, each.name)
        for each in fields(Options)
        if getattr(given, each.name) != getattr(usual, each.name)
    }
    adapter = _adapter()
    where = adapter.install(
        options, name=name, display_name=display_name, python=python, prefix=prefix
    )
    click.echo(f"installed {name} in {where}")


@jupyter.command()
@_NAME
def uninstall(name: str) -> None:
    """Remove a kernel that `install` has made."""
    click.echo(f"removed {_adapter().remove(name)}")


def _adapter() -> Any:
    try:
        from nono.adapters import jupyter as adapter
    except ImportError as error:
        # Where this nono is installed, which a pip on PATH need not be; from wherever that came.
        hint = shlex.join((sys.executable, "-m", "pip", "install", *_NEEDED))
        raise UsageError(f"{error.name} is not installed", hint) from None
    return adapter
