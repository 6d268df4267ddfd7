"""Where a real key is kept: the text that a person writes, and what it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from nono.broker.dataclass import dataclass
from nono.broker.errors import PolicyError

KEYCHAIN_SERVICE = "nono"
"""The service that nono's own keys have in the system's keychain."""

_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,199}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_MAX_PART = 200


@dataclass(frozen=True, slots=True)
class InKeychain:
    """A password of the system's keychain."""

    service: str
    account: str

    def __str__(self) -> str:
        return f"the keychain (service {self.service}, account {self.account})"


@dataclass(frozen=True, slots=True)
class InEnvironment:
    """A variable of nono's own environment. The program does not get it."""

    name: str

    def __str__(self) -> str:
        return f"the variable {self.name}"


@dataclass(frozen=True, slots=True)
class InFile:
    """A file that only its owner may read, by its absolute path. The program cannot open it."""

    path: str

    def __str__(self) -> str:
        return f"the file {self.path}"


Source = InKeychain | InEnvironment | InFile


def parse_source(text: str) -> Source:
    """The place that `account`, `keyring://service/account`, `env://NAME` or `file:///path` means.

    Raises PolicyError, which says what to write instead.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        if not _ACCOUNT.fullmatch(text):
            raise _not_a_source(text)
        return InKeychain(KEYCHAIN_SERVICE, text)
    match scheme:
        case "env" if _VARIABLE.fullmatch(rest):
            return InEnvironment(rest)
        case "file":
            return _file(text, unquote(rest))
        case "keyring":
            return _in_keychain(text, rest)
    raise _not_a_source(text)


def _file(text: str, path: str) -> InFile:
    if not path.startswith("/") or "\0" in path or ".." in path.split("/") or path.endswith("/"):
        raise _not_a_source(text)
    return InFile(path)


def _in_keychain(text: str, rest: str) -> InKeychain:
    service, slash, account = rest.partition("/")
    service, account = unquote(service), unquote(account)
    if not slash or not (_is_plain(service) and _is_plain(account)):
        raise _not_a_source(text)
    return InKeychain(service, account)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= _MAX_PART and text.isprintable()


def _not_a_source(text: str) -> PolicyError:
    # What stands here instead may be the key itself, so it is not repeated.
    kind = text.partition("://")[0] if "://" in text else ""
    named = f" ({kind[:20]}://...)" if kind.isalpha() else ""
    for wrong, meant in _meant(text):
        return PolicyError(f"this is no place of a key: {wrong}", meant)
    return PolicyError(
        f"this is no place of a key{named}",
        "write an account of the keychain such as openai_api_key, keyring://SERVICE/ACCOUNT,"
        " env://NAME or file:///PATH",
    )


_NO_HOME = "a file is named from the root on, and ~ stands for nothing here"
_NO_SLASHES = "two slashes belong behind the colon"


def _meant(text: str) -> Iterator[tuple[str, str]]:
    """What is wrong with what somebody has all but written, and what is right; else nothing."""
    if text.startswith("~/"):
        yield "a file begins with file://", f"file://$HOME{text[1:]}"
    scheme, _, rest = text.partition(":")
    name = rest.lstrip("/")
    match scheme:
        case "file" if name.startswith("~/"):
            yield _NO_HOME, f"file://$HOME{name[1:]}"
        case "file" if rest.startswith("/") and not rest.startswith("//"):
            yield _NO_SLASHES, f"file://{rest}"
        case "env" if _VARIABLE.fullmatch(name):
            yield _NO_SLASHES, f"env://{name}"
