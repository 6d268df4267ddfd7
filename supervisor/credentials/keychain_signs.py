"""Whether there may be a keychain at all, told without the library that talks to one.

To import keyring and its backends takes a quarter of the start of a profile with services, on a
server or in a container for nothing. Its own backends on Linux are reached over the session bus;
any other one is configured, or is of an installed package that says so: keyring's documentation,
dbus-daemon(1), libsecret. What is not understood is a sign.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

from nono.supervisor.credentials.keychain import PLAINTEXT

_VARIABLES = (
    *("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND"),
    *(PLAINTEXT, "SECRET_BACKEND", "SNAP"),
)
_FLATPAK = "/.flatpak-info"
_PACKAGES = (".dist-info", ".egg-info")
_OWN = "keyring-"
_GROUP = b"keyring.backends"
_MAX_ENTRIES = 10_000
_MAX_BYTES = 1 << 20


def may_be_there(env: Mapping[str, str], places: Iterable[str] | None = None) -> bool:
    """False where no keychain can be reached. `places` are where packages are looked for."""
    if sys.platform != "linux" or "keyring" in sys.modules:
        return True
    if any(env.get(name) for name in _VARIABLES) or os.path.exists(_FLATPAK):
        return True
    runtime = {env.get("XDG_RUNTIME_DIR") or "", f"/run/user/{os.getuid()}"} - {""}
    if any(os.path.exists(os.path.join(each, "bus")) for each in runtime):
        return True
    return _is_configured(env) or any(map(_has_backend, sys.path if places is None else places))


def _is_configured(env: Mapping[str, str]) -> bool:
    home = os.path.expanduser("~")
    for name, usual in (("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share")):
        base = env.get(name) or os.path.join(home, usual)
        if os.path.lexists(os.path.join(base, "python_keyring")):
            return True
    return False


def _has_backend(place: str) -> bool:
    """True where a package of others brings a backend, or where that cannot be told."""
    place = place or "."
    if not os.path.isdir(place):
        return os.path.exists(place)  # an archive
    try:
        with os.scandir(place) as entries:
            for count, entry in enumerate(entries):
                if count >= _MAX_ENTRIES or entry.name.endswith(".egg"):
                    return True
                is_package = entry.name.endswith(_PACKAGES)
                if is_package and not entry.name.startswith(_OWN) and _brings_one(entry.path):
                    return True
    except OSError:
        return True
    return False


def _brings_one(package: str) -> bool:
    try:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(os.path.join(package, "entry_points.txt"), flags), "rb") as file:
            text = file.read(_MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return _GROUP in text or len(text) > _MAX_BYTES
