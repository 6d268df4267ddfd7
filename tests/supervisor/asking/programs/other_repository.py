"""Writes beside a repository that an answer opens, and then what git and editors would run."""

import os
import sys

other = os.path.join(sys.argv[1], "other")
for name in (
    "a.txt",
    "b.txt",
    ".git/hooks/post-commit",
    ".git/config",
    ".envrc",
    ".vscode/tasks.json",
    "rc",
):
    try:
        with open(os.path.join(other, name), "a") as file:
            file.write("x")
        print(name, "written", flush=True)
    except OSError as error:
        print(name, error.errno, flush=True)
