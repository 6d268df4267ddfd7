"""Where things are: the platform, the home, the XDG base directories, canonical paths."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import sys
from collections.abc import Iterator, Mapping

from nono.supervisor import looks
from nono.supervisor.descriptors import opened
from nono.supervisor.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from contextvars import ContextVar

_HERE = "macos" if sys.platform == "darwin" else "linux"
_planned_for: dict[str, ContextVar[str]] = {}
"""One, by its name, made where it is first needed: most starts are for this machine."""
_NAME = "platform"
BASE_DIRECTORIES = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
"""Variables, and where in the home it is without each: XDG Base Directory Specification."""
RESOLV_CONF, NSSWITCH_CONF, HOSTS = "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts"
TMPDIR_PREFIX = "nono-"
"""How the names of the private TMPDIRs begin."""
_TEMPORARY = ("/tmp", "/var/tmp", "/usr/tmp")


def platform() -> str:
    """The name that groups and profiles have for the platform: one of `profile.spelling.PLATFORMS`.

    It is this machine's, but for who asks what nono would do on another: see `planned_for`.
    """
    chosen = _planned_for.get(_NAME)
    return _HERE if chosen is None else chosen.get()


@contextlib.contextmanager
def planned_for(name: str) -> Iterator[None]:
    """Plan and decide as on another platform, as far as this machine can tell; run nothing."""
    from contextvars import ContextVar  # seldom needed

    chosen = _planned_for.setdefault(_NAME, ContextVar(_NAME, default=_HERE))
    before = chosen.set(name)
    try:
        yield
    finally:
        chosen.reset(before)


if sys.platform == "linux":
    HANDLE = os.O_PATH
else:
    HANDLE = os.O_RDONLY
"""How a directory is opened that is only a place to go on from. Elsewhere that takes the right to
list it."""
_F_GETPATH = 50


def through(descriptor: int) -> str:
    """A path that leads to what an open descriptor is of, for names below it. Raises OSError."""
    return path_of(descriptor) if sys.platform == "darwin" else f"/proc/self/fd/{descriptor}"


def path_of(descriptor: int) -> str:
    """The path that the object of a descriptor has now: proc(5), or fcntl(2) on macOS.

    Raises OSError.
    """
    if sys.platform != "darwin":
        return os.readlink(f"/proc/self/fd/{descriptor}")
    import fcntl

    return os.fsdecode(fcntl.fcntl(descriptor, _F_GETPATH, bytes(1024)).split(b"\0", 1)[0])


def run_name(tmpdir: str) -> str:
    """How people call a run: what its private directory has of its own in its name."""
    return os.path.basename(tmpdir).removeprefix(TMPDIR_PREFIX)


def home_directory(env: Mapping[str, str]) -> str:
    """$HOME, or the home of the user that runs us; canonical."""
    home = env.get("HOME", "")
    if not os.path.isabs(home):
        looks.spoil()
        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            home = "/"
    return looks.realpath(home)


def profile_directory(env: Mapping[str, str], home: str) -> str:
    """Where a person's own profiles are, by the XDG Base Directory Specification."""
    config = base_directory("XDG_CONFIG_HOME", env, home)
    return os.path.normpath(os.path.join(config, "nono", "profiles"))


def canonical(path: str) -> str:
    """The absolute path with every link resolved, whether or not it exists.

    Of more links in a chain than calls can be within each other, only as many as the kernel
    follows: a run may leave such a chain.
    """
    try:
        return looks.realpath(path)
    except RecursionError:
        from nono.supervisor.walk import way

        return way(os.path.abspath(path)).end


def absolute(path: str, home: str, base: str) -> str:
    """`path` with `~` for the home directory, relative to `base`."""
    if path == "~" or path.startswith("~/"):
        path = home.rstrip("/") + path[1:] or "/"
    return os.path.join(base, without_dot(path) if base else path)


def without_dot(path: str) -> str:
    """A relative path without the `./` that it may begin with, which says nothing behind a base."""
    while path.startswith("./") and path.lstrip("./"):
        path = path[2:].lstrip("/")
    return path


def here() -> str:
    """The working directory; empty where it is gone, which an absolute path is as good without."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def from_here(path: str, home: str) -> str:
    """As `absolute`, relative to the working directory. Raises UsageError where that is gone."""
    made = absolute(path, home, "")
    return made if os.path.isabs(made) else absolute(made, home, current_directory())


def current_directory() -> str:
    """The path of our own working directory. Raises UsageError."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory was deleted", "cd ~") from None
    except PermissionError as error:
        raise UsageError(f"the working directory: {error.strerror}", "cd ~") from None


def plain_path(path: str) -> str:
    """An absolute path in its one form, as text. normpath leaves two slashes at the start."""
    return "/" + os.path.normpath(path).lstrip("/")


def base_directory(variable: str, env: Mapping[str, str], home: str) -> str:
    """One of BASE_DIRECTORIES: below the home, unless the variable is absolute."""
    given = env.get(variable, "")
    return given if os.path.isabs(given) else os.path.join(home, BASE_DIRECTORIES[variable])


def make_private(path: str) -> None:
    """Make a directory: each missing one for the user alone, as the specification says, also where
    the umask takes from its owner. Raises OSError.
    """
    if not os.path.isdir(path):
        make_private(os.path.dirname(path))
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
            os.chmod(path, 0o700)


def state_directory(env: Mapping[str, str]) -> str:
    """`$XDG_STATE_HOME/nono`, which is `~/.local/state/nono` unless the variable is absolute."""
    base = base_directory("XDG_STATE_HOME", env, home_directory(env))
    return os.path.join(os.path.normpath(base), "nono")


_RUNTIME = "/run/user"
"""Where pam_systemd(8) makes a directory for each user."""


def control_directories(env: Mapping[str, str]) -> Iterator[str]:
    """Where control sockets may be, this run's and others', in the order to try them.

    `$XDG_RUNTIME_DIR/nono`, which the system makes for the user alone; in nono's state; and where
    other runs of the user have it, who have the variable.
    """
    runtime = env.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime):
        yield os.path.join(os.path.normpath(runtime), "nono")
    yield os.path.join(state_directory(env), "control")
    yield f"{_RUNTIME}/{os.getuid()}/nono"


def caches_directory(env: Mapping[str, str], home: str) -> str:
    """Where the caches of sandboxes are: `$XDG_CACHE_HOME/nono/caches`.

    Links are followed as far as the person's own directory, `~/.cache` unless the variable is
    absolute. Below it everything is nono's.
    """
    cache = canonical(base_directory("XDG_CACHE_HOME", env, home))
    return os.path.join(cache, "nono", "caches")


def tmpdir_template() -> str:
    """Where the private TMPDIR of a run would be, as mktemp(1) writes it."""
    return os.path.join(canonical(temporary_directory()), f"{TMPDIR_PREFIX}XXXXXXXX")


def temporary_directory() -> str:
    """What tempfile.gettempdir() gives, whose import takes as long as many an answer of nono's.

    The first of those that are named or usual in which a few bytes can be written. Raises OSError,
    StartError.
    """
    # What a host program has chosen. The module is not asked: it would keep its answer for runs
    # by nono warm, whose environments are others.
    chosen = getattr(sys.modules.get("tempfile"), "tempdir", None)
    if chosen is not None:
        return os.path.abspath(os.fsdecode(chosen))
    named = filter(None, map(os.environ.get, ("TMPDIR", "TEMP", "TMP")))
    tried = [*map(os.path.abspath, named), *_TEMPORARY, os.curdir]
    for directory in tried:
        with contextlib.suppress(OSError):
            _write_in(directory)
            return os.getcwd() if directory == os.curdir else directory
    raise FileNotFoundError(
        errno.ENOENT, f"No usable temporary directory found in {[*tried[:-1], os.getcwd()]}"
    )


def _write_in(directory: str) -> None:
    """Raises OSError."""
    path = os.path.join(directory, os.urandom(8).hex())
    fd = opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        try:
            os.write(fd, b"blat")
        finally:
            os.close(fd)
    finally:
        os.unlink(path)
