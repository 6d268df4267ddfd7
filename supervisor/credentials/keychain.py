"""The system's keychain, through keyring: imported where it is used, since that takes a while."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nono.broker.credentials.sources import InKeychain
from nono.supervisor.errors import KeychainError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

PLAINTEXT = "NONO_PLAINTEXT_KEYRING"
"""The variable that asks for backends which store keys as everybody can read them."""

_ENCRYPTED = "EncryptedKeyring"
_LOCKED = "KeyringLocked"
_ALT = "keyrings.alt"


def get(place: InKeychain) -> str | None:
    """The password there; None when there is none. Raises KeychainError."""
    backend = _backend()
    try:
        return backend.get_password(place.service, place.account)
    except Exception as error:
        raise _failed(place, error) from None


def put(place: InKeychain, password: str) -> None:
    """Store a password, in place of another one. Raises KeychainError."""
    backend = _backend()
    try:
        backend.set_password(place.service, place.account, password)
    except Exception as error:
        raise _failed(place, error) from None


def delete(place: InKeychain) -> bool:
    """Delete a password; False when there is none. Raises KeychainError."""
    if get(place) is None:
        return False
    backend = _backend()
    try:
        backend.delete_password(place.service, place.account)
    except Exception as error:
        raise _failed(place, error) from None
    return True


def _backend() -> KeyringBackend:
    try:
        import keyring
        from keyring.backends import chainer

        found = keyring.get_keyring()
    except Exception as error:  # its own configuration may name anything
        raise KeychainError(
            f"there is no usable keychain: {type(error).__name__}{_missing()}"
        ) from None
    several = found.backends if isinstance(found, chainer.ChainerBackend) else [found]
    refused = []
    for backend in _usable(several):
        if not _is_plaintext(backend) or os.environ.get(PLAINTEXT) == "1":
            return backend
        refused.append(type(backend).__name__)
    if refused:
        raise KeychainError(
            f"the keychain here ({', '.join(refused)}) stores keys as plain text, which"
            f" {PLAINTEXT}=1 accepts",
        )
    raise KeychainError(f"this machine has no keychain that is open to you{_missing()}")


def _missing() -> str:
    """Said where somebody asks for plain text, and what stores it is not installed."""
    wanted = os.environ.get("PYTHON_KEYRING_BACKEND", "").startswith(_ALT)
    if not (wanted or os.environ.get(PLAINTEXT) == "1"):
        return ""
    try:
        found = importlib.util.find_spec(_ALT)
    except (ImportError, ValueError):
        found = None
    return "" if found is not None else f" ({_ALT} is not installed: pip install {_ALT})"


def _usable(backends: list[KeyringBackend]) -> Iterator[KeyringBackend]:
    for backend in backends:
        if type(backend).__module__ not in ("keyring.backends.fail", "keyring.backends.null"):
            yield backend


def _is_plaintext(backend: KeyringBackend) -> bool:
    kind = type(backend)
    is_other = kind.__module__.startswith("keyrings.alt.") and kind.__name__ != _ENCRYPTED
    return is_other or "plain" in f"{kind.__module__}.{kind.__name__}".lower()


def _failed(place: InKeychain, error: Exception) -> KeychainError:
    # Its text may hold anything, the password included.
    name = type(error).__name__
    if name == _LOCKED:
        return KeychainError(f"{place} cannot be used: it is locked", "unlock it")
    return KeychainError(f"{place} cannot be used: {name}")
