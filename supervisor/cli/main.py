"""The command line: `nono COMMAND ...`. What reads it, and commands, are imported when used."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def main(arguments: list[str] | None = None) -> NoReturn:
    """The entry point. Ends the process with the exit code."""
    # What is made before a program runs is there to stay: `foreground` looks for garbage again.
    gc.disable()
    from nono.supervisor.cli.outcome import run_line

    sys.exit(run_line(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    main()
