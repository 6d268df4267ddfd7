"""Loading a service's real key, before anything of the program runs."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from nono.broker.credentials.services import InjectMode, Service
from nono.broker.credentials.sources import InEnvironment, InFile, InKeychain, Source
from nono.broker.settings import flag
from nono.supervisor.credentials import keychain
from nono.supervisor.credentials.keychain_signs import may_be_there
from nono.supervisor.errors import KeychainError, NonoError
from nono.supervisor.places import home_directory

MIN_LENGTH = 8
_MAX_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class Key:
    """A real key. It is never shown."""

    value: bytes = field(repr=False)
    source: Source


def load(service: Service, env: Mapping[str, str]) -> Key:
    """The key of a service, from the first of its sources that has one.

    Raises NonoError, which says which and where, when there is none or it cannot be used.
    """
    for source in service.sources:
        value = _look(service, source, env)
        if value is not None:
            return Key(_checked(service, source, value), source)
    *others, last = map(str, service.sources)
    where = f"neither in {', '.join(others)} nor in {last}" if others else f"not in {last}"
    hint = _meant(service, env) or _hint(service)
    raise NonoError(f"there is no key for {service.name}: {where}", hint)


def way(service: Service) -> str:
    """What gives it a key without a keychain: a line that can be pasted, and asks for the key."""
    for name in _variable(service):
        return _ask_for(name)
    return _ask_into(_file_of(service))


def with_way(service: Service, error: KeychainError) -> str:
    """What is wrong with the keychain, and where a key can be instead."""
    named = f"{flag('network.credentials')} {service.name}=file://{quote(_file_of(service))}"
    return f"{error.message}; one in a file is named by {named}"


def _file_of(service: Service) -> str:
    return os.path.join(home_directory(os.environ), ".config/nono", f"{service.name}.key")


def _ask_into(path: str) -> str:
    """A file of the person's own; what is typed is not shown."""
    file, directory = shlex.quote(path), shlex.quote(os.path.dirname(path))
    return f'(umask 077; mkdir -p {directory} && read -rs key && echo "$key" >{file})'


def _ask_for(variable: str) -> str:
    """nono does not pass it on, and the shell does not remember it with its lines."""
    return f"read -rs {variable} && export {variable}"


def _variable(service: Service) -> Sequence[str]:
    """The variable that nono takes the key from, if it does."""
    return [each.name for each in service.sources if isinstance(each, InEnvironment)][:1]


def _meant(service: Service, env: Mapping[str, str]) -> str:
    """The place that was meant by the name of a variable that is set; empty where none was."""
    for source in service.sources:
        if isinstance(source, InKeychain) and env.get(source.account):
            named = f"{service.name}=env://{source.account}"
            return f"did you mean {flag('network.credentials')} {named}?"
    return ""


def find(service: Service, env: Mapping[str, str]) -> Source:
    """Where the key of a service would be looked for first, without asking the keychain."""
    for source in service.sources:
        if not isinstance(source, InEnvironment) or env.get(source.name):
            return source
    return service.sources[-1]


def has_key(service: Service, env: Mapping[str, str]) -> bool:
    """Whether there is a key. A keychain that cannot be asked has none."""
    for source in service.sources:
        if isinstance(source, InKeychain) and not may_be_there(os.environ):
            continue
        with contextlib.suppress(KeychainError):
            if _look(service, source, env) is not None:
                return True
    return False


def _look(service: Service, source: Source, env: Mapping[str, str]) -> str | None:
    match source:
        case InEnvironment(name):
            return env.get(name) or None
        case InFile(path):
            return _from_file(service, path)
        case InKeychain():
            try:
                return keychain.get(source)
            except KeychainError as error:
                said = f"the key for {service.name}: {with_way(service, error)}"
                raise KeychainError(said, _meant(service, env) or way(service)) from error


def _from_file(service: Service, path: str) -> str:
    """The text of a file that is the user's own, and that nobody else can read."""
    try:
        # O_NONBLOCK: a FIFO does not hold us up.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        what = "a symbolic link" if os.path.islink(path) else os.strerror(error.errno or 0)
        raise _unusable(service, path, what, _hint_of_file(path, error.errno)) from None
    with open(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(service, path, "not a regular file", "name the file itself")
        if status.st_uid not in (0, os.geteuid()):
            raise _unusable(service, path, "it belongs to somebody else", "use a file of your own")
        if status.st_mode & 0o077:
            raise _unusable(service, path, "others may read or write it", f"chmod 600 {path}")
        if status.st_nlink != 1:
            raise _unusable(service, path, "it has other names, too", "use a copy of it")
        return file.read(_MAX_LENGTH + 2).decode("utf-8", "replace").rstrip("\r\n")


def _hint_of_file(path: str, number: int | None) -> str:
    if number == errno.ENOENT:
        return _ask_into(path)
    if number == errno.ELOOP:
        return "name the file itself"
    return f"ls -ld {shlex.quote(os.path.dirname(path))} {shlex.quote(path)}"


def _unusable(service: Service, path: str, what: str, hint: str) -> NonoError:
    return NonoError(f"the key for {service.name}: {path}: {what}", hint)


def _checked(service: Service, source: Source, value: str) -> bytes:
    """The key as it is sent. What is wrong with it is told without showing it."""
    if not value.isascii() or not value.isprintable() or value != value.strip():
        wrong = "it holds spaces around it, line breaks or characters that no header can carry"
    elif len(value) < MIN_LENGTH:
        wrong = f"it has less than {MIN_LENGTH} characters"
    elif len(value) > _MAX_LENGTH:
        wrong = f"it has more than {_MAX_LENGTH} characters"
    elif service.injection.mode is InjectMode.BASIC_AUTH and ":" not in value:
        wrong = "for basic_auth it must be USER:PASSWORD"
    else:
        return value.encode("ascii")
    raise NonoError(f"the key for {service.name} in {source}: {wrong}", _hint(service))


def _hint(service: Service) -> str:
    last = service.sources[-1]
    if isinstance(last, InKeychain):
        return f"nono credential set {service.name}"
    if isinstance(last, InEnvironment):
        return _ask_for(last.name)
    return _ask_into(last.path)
