"""Finding profiles: a file, one of the person's own by name, or one that comes with nono."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping

from nono.broker import PolicyError
from nono.broker.datafile import PROFILES
from nono.broker.errors import did_you_mean
from nono.broker.profile.merged import Load, Merged, Source
from nono.broker.profile.spelling import MAX_BYTES, check_base, is_file_name
from nono.supervisor import looks
from nono.supervisor.descriptors import listdir, opened
from nono.supervisor.places import absolute, from_here, make_private, platform, profile_directory
from nono.supervisor.planning.profiles.answers_file import ANSWERS

_SUFFIX = ".json"
_BUILT_IN = "built-in "
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Profiles:
    """The profiles that a person can name. `notes` is what is odd about the files read so far."""

    def __init__(self, env: Mapping[str, str], home: str) -> None:
        self._home = home
        self.directory = profile_directory(env, home)
        self.notes: list[str] = []
        self.files: list[str] = []
        """Those that were read, as they were named: links may lead to them."""

    def resolve(self, reference: str, load: Load | None = None) -> Merged:
        """A profile and what it extends. Raises broker.PolicyError; every file is read once.

        `load` is called for each, if given, and not the method of that name.
        """
        # What knows the format takes a while to load, and a run can do without it.
        from nono.broker.profile.merge import resolve

        return resolve(reference, load or self.load, platform())

    def load(self, reference: str, by: Source | None) -> Source:
        """The text of a profile, which profile `by` names. Raises broker.PolicyError."""
        check_base(reference)
        if by is not None and is_built_in(by.file):
            return self._built_in(reference)
        if is_file_name(reference):
            if by is None:
                return self._read(from_here(reference, self._home))
            base = os.path.dirname(os.path.abspath(by.file))
            return self._read(absolute(reference, self._home, base))
        own = os.path.join(self.directory, reference + _SUFFIX)
        if looks.lexists(own):
            if looks.isfile(os.path.join(PROFILES, reference + _SUFFIX)):
                self.notes.append(f"{own} is used, and not the built-in profile {reference}")
            return self._read(own)
        return self._built_in(reference)

    def names(self) -> list[str]:
        """The names of all profiles, sorted."""
        return sorted({*own_names(self.directory), *built_in_names()})

    def _built_in(self, name: str) -> Source:
        if name not in built_in_names():
            raise PolicyError(f"there is no profile {name!r}", self._hint(name))
        with open(os.path.join(PROFILES, name + _SUFFIX), "rb") as file:
            return Source(_BUILT_IN + name, file.read())

    def _hint(self, name: str) -> str:
        if looks.isfile(name):
            return f"a file is named with a slash: ./{name}"
        return did_you_mean(name, self.names(), "nono profile list")

    def _read(self, path: str) -> Source:
        self.files.append(path)
        try:
            descriptor = opened(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            name = os.path.basename(path).removesuffix(_SUFFIX)
            why = os.strerror(error.errno or 0)
            is_absent = error.errno in (errno.ENOENT, errno.ENOTDIR)
            import shlex  # seldom needed

            hint = self._hint(name) if is_absent else f"ls -ld {shlex.quote(path)}"
            raise PolicyError(f"{path}: {why}", hint) from None
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise PolicyError(f"{path}: not a regular file", "name the profile's file")
            with open(descriptor, "rb", closefd=False) as file:
                data = file.read(MAX_BYTES + 1)
        finally:
            os.close(descriptor)
        self.notes += _oddities(path, state)
        return Source(_shown(looks.realpath(path)), data)


def new_file(name: str, directory: str, force: bool = False) -> tuple[int, str]:
    """A descriptor of a profile to be written, and its path: a file, or NAME in `directory`.

    Raises broker.PolicyError, and for one that is there already, unless `force`, FileExistsError.
    """
    path = _place(name, directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if force else os.O_EXCL)
    return os.open(path, flags, 0o600), path


def replacement(name: str, directory: str) -> tuple[int, str]:
    """A descriptor of a new file beside a profile, and the path that it is to replace.

    Raises broker.PolicyError, OSError.
    """
    path = _place(name, directory)
    if looks.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    import tempfile  # for what is written, which is seldom

    beside, stem = os.path.split(path)
    return tempfile.mkstemp(prefix=f".{stem}.", dir=beside or ".")[0], os.path.abspath(path)


def _place(name: str, directory: str) -> str:
    check_base(name)
    if is_file_name(name):
        return name
    make_private(directory)
    return os.path.join(directory, name + _SUFFIX)


def own_names(directory: str) -> list[str]:
    """The names of the profiles in a directory; none when it cannot be read."""
    try:
        entries = listdir(directory)
    except OSError:
        return []
    return [
        name.removesuffix(_SUFFIX)
        for name in entries
        if name.endswith(_SUFFIX) and not name.endswith(ANSWERS)
    ]


def built_in_names() -> list[str]:
    """The names of the profiles that come with nono, sorted."""
    names = listdir(PROFILES)
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))


def is_built_in(file: str) -> bool:
    """True for the `Source.file` of a profile that comes with nono."""
    return file.startswith(_BUILT_IN)


def _shown(path: str) -> str:
    """Relative to the working directory when it is in there. Different for different files."""
    relative = os.path.relpath(path)
    return path if relative.startswith(("..", _BUILT_IN)) else relative


def _oddities(path: str, state: os.stat_result) -> Iterator[str]:
    if looks.islink(path):
        yield f"{path} is a link to {looks.realpath(path)}"
    if state.st_mode & _OTHERS_MAY_WRITE:
        yield f"{path} can be changed by other users: chmod go-w {path}"
    elif state.st_uid not in (0, os.getuid()):
        yield f"{path} belongs to another user, who can change it"
    directory = looks.stat(os.path.dirname(looks.realpath(path)))
    if directory.st_mode & _OTHERS_MAY_WRITE and not directory.st_mode & stat.S_ISVTX:
        yield f"{path} can be replaced by other users: its directory is open to them"
