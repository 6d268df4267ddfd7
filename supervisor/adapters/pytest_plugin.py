"""pytest with tests that run in a sandbox: all of them (`--nono`), or each in one of its own.

`pytest --nono` starts itself again in a sandbox, before it has imported anything of the project's.
`--nono-each`, and the marker `nono` for one test, collect outside and run each test in a sandbox of
its own by another pytest, whose reports come back as text. The fixture `nono_sandbox` is for tests
that run programs in sandboxes themselves.
"""

from __future__ import annotations

import glob
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import nono
from nono.adapters.pytest_reports import MadeInside, made, reports_of, shown

_WRITTEN = ("allow", "write", "allow_files", "write_files")
_PATHS = (*_WRITTEN, "read", "read_files")
_OPTIONS = (*_PATHS, "deny", "hosts", "ports", "variables")
"""What the ini file (`nono_allow`, ...) and a marker may say: methods of nono.Policy."""
_RUN_LATER = (
    *("conftest.py", "__init__.py", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg"),
    *("pyproject.toml", "pytest.toml", ".pytest.toml", "__pycache__"),
)
"""What a pytest outside reads or imports wherever it collects, beside the files of tests."""
_REPORT = "pytest-report.json"
_MAX_REPORT = 4 << 20
_MAX_OUTPUT = 100_000
_STATUS_OF_SIGNAL = 128


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("nono", "tests in a sandbox")
    group.addoption("--nono", action="store_true", help="Run all of it in one sandbox.")
    group.addoption("--nono-each", action="store_true", help="Run each test in one of its own.")
    group.addoption("--nono-inside", metavar="FILE", help="Used by the two others.")
    for name in _OPTIONS:
        said = f"As the method {name} of nono.Policy, for --nono, --nono-each and the marker."
        parser.addini(f"nono_{name}", said, type="args", default=[])
    parser.addini("nono_profile", "A profile of nono's to start from.", default="")


def pytest_configure(config: Any) -> None:
    said = "nono(*, timeout=None, allow=, read=, hosts=, ...): run this test in a sandbox"
    config.addinivalue_line("markers", said)
    if config.option.nono_inside:
        config.pluginmanager.register(MadeInside(config.option.nono_inside), "nono-inside")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: Any, args: list[str]) -> None:
    """Before any conftest.py: with --nono everything happens in the other process."""
    said = early_config.known_args_namespace
    if said.nono and said.nono_inside is None:
        raise SystemExit(_run_all(early_config))


def _run_all(config: Any) -> int:
    """The whole session in a sandbox; its exit status."""
    where = config.invocation_params
    words = [*_PYTEST, f"--nono-inside={os.devnull}", *_inside([*map(str, where.args)])]
    policy = _policy(config).workdir(where.dir).read(where.dir)
    done = nono.run(words, policy, stdout=None, stderr=None, env=_environment())
    _say_refused(done.denials)
    return done.returncode if done.returncode >= 0 else _STATUS_OF_SIGNAL - done.returncode


def _inside(given: list[str]) -> Iterator[str]:
    """The words of the command line that are for the other pytest; its tmp_path is in TMPDIR."""
    words = iter(given)
    for word in words:
        if word == "--basetemp":
            next(words, None)
        elif word != "--nono" and not word.startswith("--basetemp="):
            yield word


def _say_refused(denials: tuple[nono.Denial, ...]) -> None:
    # Imported here: what runs inside needs none of it.
    from nono.adapters.refusals import told

    sys.stderr.write(told(denials, fixes=_in_ini))


def _in_ini(denial: nono.Denial) -> str:
    """What in the ini file would have allowed it: a setting has the name of a method."""
    name = denial.fix.partition("(")[0].removeprefix(".")
    if name not in _OPTIONS or len(denial.flags) != 2:
        return denial.fix
    return f"nono_{name} = {shlex.quote(denial.flags[1])} in the ini file"


_PYTEST = [sys.executable, "-m", "pytest", "-p", "nono", "-p", "no:cacheprovider"]
"""With this plugin; and nothing is left that a later session outside would read."""


def _environment() -> dict[str, str]:
    """In the project nothing can be written; the tests' own files are in the private TMPDIR."""
    kept = {name: os.environ[name] for name in os.environ if name != "PYTEST_DEBUG_TEMPROOT"}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _policy(config: Any, **more: Any) -> nono.Policy:
    """This interpreter, the project for reading, and what the ini file and a marker say."""
    profile = config.getini("nono_profile")
    policy = nono.Policy.python()
    if profile:
        policy = policy.with_options(profile=profile)
    ours = {os.path.dirname(str(sys.modules[name].__file__)) for name in _OURS}
    policy = policy.read(config.rootpath, *sorted(ours))
    for name in _OPTIONS:
        given = more.pop(name, ())
        said = [*config.getini(f"nono_{name}"), *([given] if isinstance(given, str) else given)]
        if name in _PATHS:
            said = [config.rootpath / Path(each).expanduser() for each in said]
        if said:
            policy = getattr(policy, name)(*said)
        if name in _WRITTEN:
            policy = policy.deny_write(*_run_later(config, said))
    if more:
        raise pytest.UsageError(f"the marker nono knows no {', '.join(more)}")
    return policy


def _run_later(config: Any, written: list[Any]) -> Iterator[str]:
    """What nothing that runs inside may leave in these places: patterns."""
    for place in written:
        if not os.path.isfile(place):
            for name in (*_RUN_LATER, *config.getini("python_files"), *_doctests(config)):
                yield f"{glob.escape(str(place))}/**/{name}"


def _doctests(config: Any) -> Iterator[str]:
    """The names of files in which pytest looks for examples to run."""
    yield from config.getoption("doctestglob", None) or ("test*.txt",)
    if config.getoption("doctestmodules", False):
        yield "*.py"


_OURS = ("nono", "nono.adapters", "nono.broker")
"""The packages that this plugin needs inside; in a checkout they lie apart."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: Any, nextitem: Any) -> bool | None:
    """One test in a sandbox of its own, if it is to be."""
    config = item.config
    marker = item.get_closest_marker("nono")
    if config.option.nono_inside or not (marker or config.option.nono_each):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _reports(item, {} if marker is None else dict(marker.kwargs)):
        item.ihook.pytest_runtest_logreport(report=report)
    _tear_down(item, nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _tear_down(item: Any, nextitem: Any) -> None:
    """What tests before it have set up and the next one is not below. After each test that pytest
    runs itself it does that, and takes it for done where the next one begins."""
    runner: Any = item.config.pluginmanager.getplugin("runner")
    call = pytest.CallInfo.from_call(
        lambda: runner.pytest_runtest_teardown(item=item, nextitem=nextitem),
        when="teardown",
        reraise=(pytest.exit.Exception, KeyboardInterrupt),
    )
    if call.excinfo is not None:
        report = item.ihook.pytest_runtest_makereport(item=item, call=call)
        item.ihook.pytest_runtest_logreport(report=report)


def _reports(item: Any, more: dict[str, Any]) -> list[pytest.TestReport]:
    try:
        return [*_reports_of_sandbox(item, more)]
    except nono.NonoError as error:  # as inside another sandbox: the other tests go on
        said = [f"nono: {error.message}", *([f"hint: {error.hint}"] if error.hint else [])]
        return [made(item, "setup", "failed", shown("\n".join(said)), 0.0, [])]


def _reports_of_sandbox(item: Any, more: dict[str, Any]) -> Iterator[pytest.TestReport]:
    config = item.config
    timeout = more.pop("timeout", None)
    policy = _policy(config, **more).workdir(config.rootpath)
    with nono.Sandbox(policy) as box:
        file = os.path.join(box.tmpdir, _REPORT)
        words = [*_PYTEST, "-p", "no:terminal", "-o", "addopts=", f"--nono-inside={file}"]
        words += [f"--import-mode={config.getoption('importmode')}", f"--rootdir={config.rootpath}"]
        if config.inipath is not None:
            words += ["-c", str(config.inipath)]
        said, denials = _run_one(box, [*words, item.nodeid], timeout)
        try:
            found = reports_of(item, box.read(file, _MAX_REPORT))
        except OSError:
            found = []
    if not found or said:
        text = said or "the test ended without a report"
        found = [made(item, "call", "failed", shown(text), 0.0, [])]
    for each in found:
        if denials and each.outcome == "failed":
            each.sections.append(("refused by nono", denials))
    yield from found


def _run_one(box: nono.Sandbox, words: list[str], timeout: float | None) -> tuple[str, str]:
    """What went wrong with it, but for what its report says; and what it was refused."""
    from nono.adapters.refusals import told

    how: Any = {"capture_output": True, "text": True, "max_output": _MAX_OUTPUT}
    try:
        done = box.run(words, timeout=timeout, env=_environment(), **how)
    except nono.TimeoutExpired as error:
        return error.message, told(error.completed.denials, fixes=_in_ini)
    refused = told(done.denials, fixes=_in_ini)
    if done.returncode in (0, 1):
        return "", refused
    return f"ended with {done.returncode}\n{done.stdout}\n{done.stderr}", refused


@pytest.fixture
def nono_sandbox(request: Any, tmp_path: Path) -> Iterator[Callable[..., nono.Sandbox]]:
    """Opens sandboxes that live as long as the test: `box = nono_sandbox(policy)`.

    Without a policy, programs may use the test's tmp_path, where they start.
    """
    if request.config.option.nono_inside:
        pytest.fail("nono_sandbox opens sandboxes, and this test is in one", pytrace=False)
    opened: list[nono.Sandbox] = []

    def open_one(policy: Any = None, **more: Any) -> nono.Sandbox:
        given = nono.Policy().workdir(tmp_path, allow=True) if policy is None else policy
        opened.append(nono.Sandbox(given, **more).open())
        return opened[-1]

    yield open_one
    for box in reversed(opened):
        box.close()
    _make_removable(tmp_path)


def _make_removable(place: Path) -> None:
    """What a program closed to its owner. pytest, when it removes that some sessions later, opens
    what it cannot remove, and follows the links there."""
    for directory, names, _ in os.walk(place):
        for path in (os.path.join(directory, name) for name in names):
            if not os.path.islink(path):
                os.chmod(path, 0o700)
