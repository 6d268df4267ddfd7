"""Absolute path names as strings: parents, containment, canonical form."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator

from nono.broker.compiled import pattern_of

RESERVED_TREES = frozenset({"/proc", "/sys", "/run", "/dev"})
"""Trees that belong to the whole system. A grant reaches into one of them only
when the grant's own path lies inside it: `--read /` does not."""

_CANONICAL = pattern_of(r"/|(?:/(?!\.{1,2}(?:/|\Z))[^/\0]+)+")


def is_canonical(path: str) -> bool:
    """True for an absolute path without `.`, `..`, `//`, NUL or trailing `/`."""
    return _CANONICAL.fullmatch(path) is not None


_NOT_PLAIN = ("//", "/./", "/../", "\0/\0")


def are_canonical(paths: Collection[str]) -> bool:
    """True when every path is canonical: told of all of them at once, unless one is `/`."""
    together, many = "\0" + "/\0".join((*paths, "")), len(paths)
    is_plain = together.count("\0") == many + 1 and together.count("\0/") == many
    if is_plain and not any(each in together for each in _NOT_PLAIN):
        return True
    return all(map(_CANONICAL.fullmatch, paths))


def parent(path: str) -> str:
    """The directory that holds the last name of a canonical path; `/` for `/`."""
    return path[: path.rfind("/")] or "/"


def child(directory: str, name: str) -> str:
    """The path of `name` inside `directory`."""
    return f"/{name}" if directory == "/" else f"{directory}/{name}"


def ancestors(path: str) -> Iterator[str]:
    """The directories above a canonical path, nearest first, ending with `/`."""
    while path != "/":
        path = path[: path.rfind("/")] or "/"
        yield path


def lineage(path: str) -> Iterator[str]:
    """A canonical path and then its ancestors."""
    yield path
    while path != "/":
        path = path[: path.rfind("/")] or "/"
        yield path


def unknown_above(directory: str, known: Container[str]) -> list[str]:
    """A directory and those above it that are not known, from the top down; the root is ''.

    For what is found out of each by the one above: a path may have 2,048 names, too many for calls
    within calls.
    """
    found = []
    while directory not in known:
        found.append(directory)
        if not directory:
            break
        directory = directory[: directory.rfind("/")]
    return found[::-1]


def components(path: str) -> list[str]:
    """The names of a canonical path, in order; none for `/`."""
    return path[1:].split("/") if path != "/" else []


def is_within(path: str, tree: str) -> bool:
    """True when `path` is `tree` or lies below it."""
    return tree == "/" or path == tree or path.startswith(tree + "/")


def is_device(path: str) -> bool:
    """True in /dev, but for the shared memory that is mounted there: shm_overview(7)."""
    return is_within(path, "/dev") and not is_within(path, "/dev/shm")


def reserved_tree(path: str) -> str | None:
    """The reserved tree that `path` is or lies in, if any."""
    end = path.find("/", 1)
    top = path if end < 0 else path[:end]
    return top if top in RESERVED_TREES else None


SHARED = ("/tmp", "/var/tmp", "/dev/shm")
"""Directories that everybody leaves files in."""


def outermost(directories: Iterable[str]) -> set[str]:
    """Those that lie in no other."""
    given = set(directories)
    return {each for each in given if given.isdisjoint(ancestors(each))}
