"""Which places are nono's own, and that all of it is loaded where a host's modules may change."""

import importlib.metadata
import os
import re
import sys
from pathlib import Path

import pytest

import nono.perf
from nono.broker import File, Subtree, is_within
from nono.broker.rules.access import CHANGING
from nono.supervisor.decisions import own_code, searched_modules, shadowing
from nono.supervisor.session.loaded import load_everything
from nono.supervisor.walk import Followed, way
from tests.conftest import Account

ASKING = """
import sys
class Asking:
    def find_spec(self, name, path=None, target=None):
        if any(each.endswith('/src') for each in sys.path):
            print('ASKED', name.partition('.')[0], file=sys.stderr)
sys.meta_path.insert(0, Asking())
"""


@pytest.fixture(autouse=True)
def in_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever of the command this process has imported before."""
    monkeypatch.setitem(searched_modules._process, "ours", False)


def refused() -> set[str]:
    rules = list(own_code.own_code())
    assert {rule.access for rule in rules} == {CHANGING}
    return {rule.pattern.path for rule in rules if isinstance(rule.pattern, Subtree)}


def covered(path: str) -> bool:
    return any(is_within(path, each) for each in refused())


@pytest.mark.requires(landlock=1)  # it loads the platform's own folder, too
def test_all_that_is_loaded_of_ours_and_of_the_interpreter_is_covered() -> None:
    load_everything()
    places = refused()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.partition(".")[0] in ("nono", "trio", "dns", "os", "msgpack", "click"):
            path = os.path.realpath(file)
            assert any(is_within(path, place) for place in places), name
    assert covered(sys.executable)
    assert covered(os.path.realpath(sys.executable))
    assert not covered(os.getcwd())


def test_every_distribution_that_nono_depends_on_is_known() -> None:
    """Its top-level modules are in the table, with those of what it depends on in turn."""
    modules: dict[str, set[str]] = {}
    for name, distributions in importlib.metadata.packages_distributions().items():
        for distribution in distributions:
            modules.setdefault(_plain(distribution), set()).add(name)
    waiting, seen = ["nono-sandbox"], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            required = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system, or another version of Python
        waiting += [
            _plain(re.split(r"[^\w.-]", each)[0]) for each in required if "extra ==" not in each
        ]
    needed = {each for name in seen for each in modules.get(name, ())}
    known = {*shadowing.DEPENDENCIES, "nono"}
    assert {name for name in needed if not name.startswith("__editable__")} <= known


def _plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_what_only_benchmarks_load_is_kept_as_well() -> None:
    """It lies in a checkout, where nono was installed from one."""
    assert covered(os.path.join(os.path.dirname(nono.perf.__file__), "bench.py"))


def test_a_host_keeps_its_own_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a library sys.path holds the project that is worked in, in the command nothing does."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert not covered(str(tmp_path / "x.py"))
    monkeypatch.setitem(searched_modules._process, "ours", True)
    assert covered(str(tmp_path / "x.py"))


def test_a_directory_that_a_pth_file_names_and_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / "site-packages"
    directory.mkdir()
    (directory / "one.pth").write_text(f"# no\nimport os\n{tmp_path}/missing\nbeside\n\n")
    monkeypatch.setattr(sys, "path", [str(directory), *sys.path])
    monkeypatch.setitem(searched_modules._process, "ours", True)
    assert covered(str(tmp_path / "missing/click.py"))
    assert covered(str(directory / "beside"))
    assert not covered(str(tmp_path / "other"))


def test_what_a_listed_directory_goes_up_from_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python's site(3) reads it as text, the dynamic linker and the shell as the kernel does."""
    top = os.path.realpath(tmp_path)
    os.makedirs(f"{top}/o/p")
    os.makedirs(f"{top}/sub")
    os.symlink("o/p", f"{top}/led")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{top}/led/../lib")
    monkeypatch.setenv("PATH", f"{top}/sub/../bin:/usr/bin")
    for path in ("lib/x.so", "o/lib/x.so", "led", "bin/nono"):
        assert covered(f"{top}/{path}"), path
    alone = {each.pattern.path for each in own_code.own_code() if isinstance(each.pattern, File)}
    assert {f"{top}/sub", f"{top}/o/p"} <= alone
    assert not covered(f"{top}/sub") and not covered(f"{top}/o/p/x")


def test_a_prefix_that_much_else_lies_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, "/usr")
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    monkeypatch.setattr(sys, "_base_executable", "/usr/bin/python3")
    monkeypatch.setattr(sys, "path", ["/usr/lib/python3.11", "/usr/lib/python3/dist-packages"])
    monkeypatch.setattr(os, "__file__", "/usr/lib/python3.11/os.py")
    for path in ("bin/python3", "bin/nono", "bin/pyvenv.cfg", "pyvenv.cfg", "lib/python3.11/x"):
        assert covered(f"/usr/{path}"), path
    for path in ("share/x", "bin/ls", "local/share/x", "lib/x.so", "src"):
        assert not covered(f"/usr/{path}"), path


def test_links_on_the_way(tmp_path: Path) -> None:
    top = os.path.realpath(tmp_path)
    os.makedirs(f"{top}/a/b")
    os.symlink("a/../a", f"{top}/one")
    os.symlink(f"{top}/one/b", f"{top}/two")
    os.symlink("loop", f"{top}/loop")
    followed = Followed()
    expected = (f"{top}/a/b/new/x", (f"{top}/two", f"{top}/one"), ())
    assert way(f"{top}/two/new/x", followed=followed) == expected
    assert way(f"{top}/two/new/x", followed=followed) == expected
    assert f"{top}/loop" in way(f"{top}/loop/x", followed=followed).links


def test_what_is_only_worked_on_is_no_place_for_modules(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sources, ours = tmp_path / "src", tmp_path / "vendored"
    for name in (sources / "count.py", ours / "trio/__init__.py"):
        name.parent.mkdir(parents=True)
        name.touch()
    monkeypatch.setenv("PYTHONPATH", f"{sources}:{ours}:")
    monkeypatch.setattr(sys, "path", [str(sources), str(ours), *sys.path])
    shadowing.leave()
    assert str(sources) not in sys.path
    assert str(ours) in sys.path
    assert covered(str(ours / "anything"))
    assert not covered(str(sources / "count.py"))
    assert not covered(str(sources / "__pycache__/count.cpython-311.pyc"))
    for file in ("ssl.py", "trio", "sitecustomize.py", "usercustomize.pyc", "click.abi3.so"):
        assert covered(str(sources / file)), file
    (sources / "queue.py").touch()
    assert covered(str(sources / "__pycache__/queue.cpython-311.pyc"))


def test_relative_places_are_others_where_nono_is_started_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", "src")
    monkeypatch.setenv("PATH", f"{tmp_path}/.venv/bin:bin:/usr/bin")
    found = {
        rule.pattern.path
        for rule in own_code.own_code([str(tmp_path)])
        if isinstance(rule.pattern, Subtree)
    }
    for name in ("src/ssl.py", "src/org", "src/sitecustomize.py", ".venv/bin/nono", "bin/nono"):
        assert str(tmp_path / name) in found, name
    assert f"{tmp_path}/bin" not in found


def test_every_module_that_is_asked_for_is_covered(as_user: Account, project: Path) -> None:
    """What the command asks for while such a directory is looked in is not put there."""
    as_user.file(project / "src/sitecustomize.py", ASKING)
    command = (as_user.python, "-P", "-m", "nono.supervisor", "why", "--path", "/etc/hosts")
    done = as_user(*command, cwd=project, env={"PYTHONPATH": str(project / "src")})
    asked = {line.removeprefix("ASKED ") for line in done.stderr.splitlines() if "ASKED" in line}
    assert "nono" in asked
    known = {*shadowing.MODULES, *sys.stdlib_module_names, *shadowing._ASKED_FOR}
    assert asked - known == set()


@pytest.mark.long
def test_an_empty_element_is_the_current_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """To a shell, to Python and to the dynamic linker; here, and where nono is started next."""
    here, other = tmp_path / "here", tmp_path / "other"
    here.mkdir()
    other.mkdir()
    monkeypatch.chdir(here)
    found = {
        "PATH": {"", ":/usr/bin", "/usr/bin:", "/usr/bin::/bin", "."},
        "PYTHONPATH": {":/x", "/x:", "."},
        "LD_LIBRARY_PATH": {":/x", "/x:", "/x;", "/x;;/y", ".", "../here"},
    }
    names = {"PATH": "nono", "PYTHONPATH": "ssl.py", "LD_LIBRARY_PATH": "libseccomp.so.2"}
    for variable, values in found.items():
        monkeypatch.delenv(variable, raising=False)
        assert not covered_from(other, here / names[variable]), variable
        for value in values:
            with monkeypatch.context() as context:
                context.setenv(variable, value)
                assert covered_from(other, here / names[variable]), value
                if value != "../here":
                    assert covered_from(other, other / names[variable]), value
                assert not covered_from(other, here / "made"), value
    for variable in ("PYTHONPATH", "LD_LIBRARY_PATH"):
        monkeypatch.setenv(variable, "")  # as if it were not there
        assert not covered_from(other, here / names[variable]), variable


def covered_from(opened: Path, path: Path) -> bool:
    rules = own_code.own_code([str(opened)])
    return any(rule.reaches(str(path)) for rule in rules)


def test_relative_places_of_other_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {
        "LD_LIBRARY_PATH": "/x;lib",
        "LD_PRELOAD": "one.so pre/two.so:/pre/three.so",
        "LD_AUDIT": "audit/a b.so",
        "OPENSSL_CONF": "ssl/my:conf",
        "SSL_CERT_DIR": "/certs:certs",
        "PYTHONPYCACHEPREFIX": "compiled",
        "XDG_CONFIG_HOME": "config",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    rules = own_code.own_code([str(tmp_path)])
    found = {rule.pattern.path for rule in rules if isinstance(rule.pattern, Subtree)}
    for name in (
        *("lib", "pre/two.so", "audit/a b.so", "audit/a", "ssl/my:conf", "certs", "compiled"),
        "config/python_keyring",
    ):
        assert str(tmp_path / name) in found, name
        assert os.path.abspath(name) in found, name
    assert {"/x", "/pre/three.so", "/certs"} <= found


def test_tokens_of_the_dynamic_linker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}/$LIB/${{PLATFORM}}:$ORIGIN/beside")
    found = refused()
    assert f"{tmp_path}/lib64/{os.uname().machine}" in found
    monkeypatch.setenv("LD_PRELOAD", "only.so")
    monkeypatch.setenv("LD_LIBRARY_PATH", ":")
    for name in ("only.so", "tls/x", f"{os.uname().machine}/haswell/x", "glibc-hwcaps/y/z.so"):
        assert covered(os.path.abspath(name)), name
    assert not covered(os.path.abspath("libmine.so"))


@pytest.mark.requires(landlock=1)
def test_every_library_that_is_looked_for_is_known(as_user: Account, project: Path) -> None:
    """By nono itself, with all that it may import later, as the dynamic linker tells it."""
    script = (
        "import importlib, os, pkgutil, sys, socket, ctypes.util\n"
        "from nono.supervisor.session.loaded import load_everything\n"
        "from nono.supervisor.decisions import own_code, searched_modules, shared_libraries\n"
        "searched_modules.this_process_is_ours()\n"
        "load_everything()\n"
        "for entry in sys.path:\n"
        "    if entry.endswith('lib-dynload'):\n"
        "        for name in os.listdir(entry):\n"
        "            if not name.startswith(('_test', '_xx', '_ctypes_test', 'xx')):\n"
        "                try: importlib.import_module(name.partition('.')[0])\n"
        "                except ImportError: pass\n"
        "socket.getaddrinfo('localhost', 1)\n"
        "ctypes.util.find_library('seccomp')\n"
        "print(*shared_libraries.sonames(own_code._own_libraries()))\n"
    )
    done = as_user(
        as_user.python, "-P", "-c", script, cwd=project, env={"LD_DEBUG": "libs", "LD_BIND_NOW": ""}
    )
    asked = set(re.findall(r"find library=(\S+)", done.stderr))
    assert len(asked) > 5, done.stderr[-2000:]
    assert asked - set(done.stdout.split()) == set()
