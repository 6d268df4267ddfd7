"""git's own directory: who lacks one file of it lacks them all, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

_FIRST_NAMES = frozenset(
    {
        *("HEAD", "config", "config.worktree", "commondir", "objects", "refs", "packed-refs"),
        *("index", "info", "logs", "shallow", "hooks", "reftable"),
    }
)


def git_directory(path: str) -> str | None:
    """The directory to open for reading, for a path in a repository's; None for any other path.

    That of a linked work tree is of no use without the whole one, which it shares.
    """
    names = path.split("/")
    if ".git" not in names[:-1]:
        return None
    end = names.index(".git") + 1
    if names[end] == "modules":
        # A submodule's name may have slashes in it.
        inside = range(end + 2, len(names))
        end = next((each for each in inside if names[each] in _FIRST_NAMES), end)
    return "/".join(names[:end])


def is_of_work_tree(path: str) -> bool:
    """True for what `git worktree remove` deletes last: the work tree's `.git` file, and what the
    repository has of it. Neither is enough without the other."""
    return "/.git/worktrees/" in f"{path}/" or path.endswith("/.git")


def bare_directories(path: str) -> Iterator[str]:
    """The directories that hold `path` if they are repositories without a work tree."""
    names = path.split("/")
    for index, name in enumerate(names[2:], 2):
        if name in _FIRST_NAMES:
            yield "/".join(names[:index])
