"""What nono itself may load or start: the program may read and execute it, and never change it.

Refused whatever the policy grants, existing or not. A module of ours that is imported only when it
is needed is so the one that was installed, in this run and in the next. See site(3) of Python's
library, the search for its prefix in Modules/getpath.py, and ld.so(8).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

import nono.shims
from nono.broker import Effect, File, Origin, OriginKind, Rule, Subtree, is_canonical, is_within
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import outermost
from nono.broker.rules.rule import OWN_CODE
from nono.supervisor import looks
from nono.supervisor.decisions import shadowing
from nono.supervisor.decisions.listed_places import places
from nono.supervisor.decisions.searched_modules import own_prefixes, process_is_ours, search_path
from nono.supervisor.decisions.shadowing import DEPENDENCIES, MODULES, names_in
from nono.supervisor.decisions.shared_libraries import shared_libraries
from nono.supervisor.descriptors import bytes_of, listdir, raise_none_left
from nono.supervisor.places import canonical, home_directory, profile_directory
from nono.supervisor.walk import Followed, way

_NAMED = Origin(OriginKind.BUILTIN, "what an environment variable makes nono load")

_PACKAGES = ("nono", "nono.broker", "nono.shims", "nono.supervisor")
_WHOLE = MODULES | {"__pycache__"}
"""The names in a directory of packages of which everything may be loaded by nono."""

_VARIABLES = (
    "GCONV_PATH",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PYTHONPYCACHEPREFIX",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)
"""Those that name what an interpreter with nono in it loads, and certificates that it trusts.

No empty element of one means anything. Those of the dynamic linker are in `shared_libraries`.
"""

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
_LIBRARIES = (f"lib{_VERSION}.so.1.0", f"lib{_VERSION}.so", "libpython3.so")
_MAX_PTH_BYTES = 1 << 16


class _Everywhere(NamedTuple):
    places: set[str]
    left: set[str]
    """What `..` goes up from on the way: what is in it may be changed."""


def own_code(opened: Iterable[str] = ()) -> Iterator[Rule]:
    """The refusals of changes. Raises OSError.

    `opened` are directories that a person may start nono in, the next time: relative names in
    variables are others there.
    """
    opened = list(opened)
    named = _everywhere(
        (
            *_by_variables(opened),
            *_python_path(opened),
            *shadowing.commands(opened),
            *shared_libraries(opened, _own_libraries()),
        )
    )
    own = _everywhere(places(own_places(), opened))
    whole = sorted(outermost(own.places | named.places))
    for path in whole:
        origin = _NAMED if path in named.places else OWN_CODE
        yield Rule(Subtree(path), CHANGING, Effect.DENY, origin)
    for path in sorted(own.left | named.left):
        if not any(is_within(path, each) or is_within(each, path) for each in whole):
            yield Rule(File(path), CHANGING, Effect.DENY, _NAMED)


def own_places() -> Iterator[str]:
    """Paths, as they are spelled, of all but what environment variables list.

    One that a variable makes relative is sought in the working directory.
    """
    yield from own_modules()
    yield from _interpreter()
    yield from search_path()
    for entry in search_path():
        if entry.endswith("-packages"):
            yield from _added_by(entry)
    for env in (os.environ, {"HOME": home_directory(os.environ)}):
        home = home_directory(env)
        yield os.path.dirname(profile_directory(env, home))
        for name, usual in (("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share")):
            # Which module of a keyring is loaded, and from where, is written there.
            yield os.path.join(env.get(name) or os.path.join(home, usual), "python_keyring")


def own_files() -> Iterator[str]:
    """Every file that nono may load: of a directory that holds more than that only what is ours.

    Other packages may lie beside nono's, and are never loaded by it.
    """
    for entry in dict.fromkeys([*search_path(), os.path.dirname(os.__file__)]):
        if not entry.endswith("-packages"):
            yield from _files_below(entry)
            continue
        for name in names_in(entry):
            plain = name.partition(".")[0].partition("-")[0]
            if plain in _WHOLE or name.endswith((".py", ".pth", ".so", ".dist-info", ".egg-link")):
                yield from _files_below(os.path.join(entry, name))
    yield from (file for place in own_modules() for file in _files_below(place))
    for program in {sys.executable, sys.argv[0]}:
        yield looks.realpath(program)
    for prefix in {sys.prefix, sys.base_prefix}:
        yield os.path.join(prefix, "pyvenv.cfg")
        yield os.path.join(prefix, "bin", "nono")
        yield from (looks.realpath(os.path.join(prefix, "lib", name)) for name in _LIBRARIES)


def _files_below(path: str) -> Iterator[str]:
    """The path itself, or every file below it; links are not followed."""
    if not looks.isdir(path):
        yield path
    for root, directories, files in os.walk(path, onerror=raise_none_left):
        directories[:] = [name for name in directories if not name.endswith("-packages")]
        yield from (os.path.join(root, name) for name in files)


def own_modules() -> Iterator[str]:
    """The directories or files of nono's packages and of what it depends on, as far as loaded."""
    for name in (*_PACKAGES, *DEPENDENCIES):
        module = sys.modules.get(name)
        if module is not None:
            file = getattr(module, "__file__", None)
            found = getattr(module, "__path__", None) or filter(None, [file])
            # The place of a namespace may be the name of a finder, as of an installation with -e.
            yield from filter(os.path.isabs, found)
    # What only `nono bench` loads lies beside them, and is not loaded for this.
    yield from (os.path.join(os.path.dirname(each), "perf") for each in nono.shims.__path__)


def _interpreter() -> Iterator[str]:
    """The interpreter, its library, the command; and where it looks for its library before that."""
    yield from own_prefixes()
    yield os.path.dirname(os.__file__)
    programs = {sys.executable, getattr(sys, "_base_executable", sys.executable)}
    if process_is_ours():
        programs.add(os.path.abspath(sys.argv[0]))
    for prefix in {sys.prefix, sys.base_prefix}:
        yield from (os.path.join(prefix, "lib", name) for name in _LIBRARIES)
        programs.add(os.path.join(prefix, "bin", "nono"))
    yield from programs
    for directory in {os.path.dirname(p) for each in programs for p in (each, canonical(each))}:
        yield from _landmarks(directory)


def _landmarks(directory: str) -> Iterator[str]:
    yield os.path.join(directory, "pyvenv.cfg")
    yield os.path.join(os.path.dirname(directory), "pyvenv.cfg")
    yield os.path.join(directory, "pybuilddir.txt")
    yield os.path.join(directory, "lib", _VERSION)


def _added_by(directory: str) -> Iterator[str]:
    """The directories that its .pth files name; one that is missing is no entry of sys.path yet."""
    try:
        names = [name for name in listdir(directory) if name.endswith(".pth")]
    except OSError:
        return
    for name in names:
        lines = bytes_of(os.path.join(directory, name), _MAX_PTH_BYTES)
        for line in lines.decode("utf-8", "replace").splitlines():
            if line.strip() and "\0" not in line and not line.startswith(("#", "import ")):
                yield os.path.join(directory, line.strip())


def _by_variables(opened: Iterable[str]) -> Iterator[str]:
    for name in _VARIABLES:
        value = os.environ.get(name, "")
        # Some are one path, in which a colon is a character.
        yield from places(filter(None, (value, *value.split(":"))), opened)


def _own_libraries() -> Iterator[str]:
    """The interpreter, and the libraries that nono and what it depends on may load."""
    yield from filter(None, (sys.executable, getattr(sys, "_base_executable", "")))
    for entry in search_path():
        for name in names_in(entry):
            if ".so" in name:
                yield os.path.join(entry, name)
            elif name.partition(".")[0] in _WHOLE or name.endswith(".libs"):
                below = _files_below(os.path.join(entry, name))
                yield from (path for path in below if ".so" in os.path.basename(path))


def _python_path(opened: Iterable[str]) -> Iterator[str]:
    for directory in shadowing.entries(opened):
        if shadowing.holds_any(directory):
            yield directory
        else:
            yield from shadowing.shadowing(directory)


def _everywhere(named: Iterable[str]) -> _Everywhere:
    """Canonical paths of the places and of all that the ways to them hang on."""
    found, left = set[str](), set[str]()
    followed = Followed()
    for path in set(named):
        if os.path.isabs(path):
            led = way(path, followed=followed)
            found |= {each for each in (*led.links, led.end) if is_canonical(each)}
            left |= {each for each in led.left if is_canonical(each)}
    return _Everywhere(found - {"/"}, left)


def start_path() -> list[str]:
    """Where another Python that we start looks for modules, after its own directories.

    First what no program may change, then the rest of what holds a module of nono's, and nothing
    of what else a host program has there: that may be its sandbox's to write.
    """
    ours = search_path()
    homes = {os.path.dirname(place) for place in own_modules()}
    refused = [entry for entry in sys.path if entry in ours]
    return [*refused, *(each for each in sys.path if each in homes and each not in ours)]
