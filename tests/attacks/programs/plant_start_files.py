"""Try every way to something that the owner of this repository runs without meaning to."""

import os
import shutil
import subprocess
from collections.abc import Callable

CODE = "#!/bin/sh\ntouch 'ran outside'\n"
CONFIG = "[core]\n\tfsmonitor = touch 'ran outside'\n\thooksPath = src\n"
TMP = os.environ["TMPDIR"]


def attempt(name: str, deed: Callable[..., object], *arguments: object) -> None:
    try:
        deed(*arguments)
    except (OSError, shutil.Error, subprocess.CalledProcessError):
        return
    print("WON", name)


def write(path: str, text: str = CODE) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def moved_in(target: str, text: str = CODE) -> None:
    """A whole directory, or a file, that is put under the name afterwards."""
    write("src/mine", text)
    os.rename("src/mine", target)


def directory_moved_in(target: str) -> None:
    write("src/directory/tasks.json")
    os.rename("src/directory", target)


def replaced_repository() -> None:
    os.rename(".git", "src/old")


def worked_on_elsewhere() -> None:
    os.rename(".git", f"{TMP}/git")


def by_git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


for name in (".git/hooks/post-checkout", ".git/hooks/pre-commit", ".envrc", ".vscode/tasks.json"):
    attempt(name, write, name)
for name in (".git/config", ".git/config.worktree", ".git/commondir"):
    attempt(name, write, name, CONFIG)
    attempt(f"moved to {name}", moved_in, name, CONFIG)
    write("src/linked", CONFIG)
    attempt(f"linked to {name}", os.link, "src/linked", name)
    attempt(f"a link at {name}", os.symlink, "src/linked", name)
for name in (".idea", ".vscode", ".husky", ".claude", ".git/hooks", ".devcontainer"):
    attempt(f"directory to {name}", directory_moved_in, name)
    attempt(f"link to {name}", os.symlink, "src", name)
attempt("unlinked", os.unlink, ".git/config")
attempt("emptied", os.truncate, ".git/config", 0)
attempt("executable", os.chmod, ".git/hooks", 0o777)
attempt("the repository renamed", replaced_repository)
attempt("the repository to TMPDIR", worked_on_elsewhere)
attempt("hooksPath by git", by_git, "config", "core.hooksPath", "src")
attempt("an alias by git", by_git, "config", "alias.st", "!touch 'ran outside'")
attempt("a filter by git", by_git, "config", "filter.x.clean", "touch 'ran outside'")
attempt("exchanged", by_git, "mv", "src/file", ".git/hooks/file")
