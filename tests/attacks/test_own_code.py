"""nono's own code: what it may still load or start is not the program's to change."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.installation import PYTHON, environments, installed, run, sources
from tests.conftest import BY_A_USER, Account, program_beside

__all__ = ["environments", "installed", "sources"]

pytestmark = pytest.mark.requires(landlock=2)

CHANGE = program_beside(__file__, "change_own_code.py")


def attack(account: Account, venv: Path, *targets: Path, env: dict[str, str] | None = None) -> str:
    """Try to change each target; what was won, and what became of the rest."""
    done = run(account, venv, PYTHON, "-c", CHANGE, *map(str, targets), env=env)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def everything(venv: Path) -> Iterator[Path]:
    (site_packages,) = venv.glob("lib/python3*/site-packages")
    nono = site_packages / "nono"
    yield from (venv, venv / "pyvenv.cfg", venv / "bin", venv / "bin/python", venv / "bin/new")
    yield from (site_packages, site_packages / "usercustomize.py", site_packages / "evil.pth")
    yield from (site_packages / "trio.py", nono, nono / "supervisor/report/run.py")
    yield from (nono / "supervisor/report/__pycache__", nono / "broker/data/groups.json")
    yield nono / "supervisor/cli/__pycache__/modules.cpython-311.kept"
    yield from (venv.parent / "later", venv.parent / "later/click.py")


def test_the_environment_that_nono_runs_in(as_user: Account, installed: Path) -> None:
    assert attack(as_user, installed, *everything(installed)) == ""


def test_it_can_still_be_used(as_user: Account, installed: Path) -> None:
    """The program may run the same interpreter, and work beside the environment."""
    script = "import nono.supervisor; open('made', 'w').write('x'); print('done')"
    done = run(as_user, installed, ".venv/bin/python", "-B", "-c", script)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert (installed.parent / "made").exists()


def test_a_module_that_nono_loads_late(as_user: Account, installed: Path) -> None:
    """The report is imported when the program has ended: that one ran in the supervisor."""
    (report,) = installed.glob("lib/python3*/site-packages/nono/supervisor/report/run.py")
    mark = installed.parent / "escaped"
    code = f"import os; os.system('touch {mark}')"
    done = run(as_user, installed, "sh", "-c", f'echo "{code}" >> {report}; cat /etc/shadow')
    assert done.returncode != 0
    assert not mark.exists()
    assert "nono's own code" in done.stderr


@BY_A_USER
def test_a_link_on_the_way(as_user: Account, installed: Path) -> None:
    project = installed.parent
    elsewhere = project / "elsewhere"
    os.rename(installed, elsewhere)
    os.symlink("elsewhere", installed)
    assert attack(as_user, installed, installed, elsewhere) == ""


@BY_A_USER
def test_what_variables_name(as_user: Account, installed: Path) -> None:
    """Existing or not: the next interpreter with this environment would load it."""
    project = installed.parent
    names = ("LD_LIBRARY_PATH", "SSL_CERT_FILE", "PYTHONPYCACHEPREFIX")
    env = {name: str(project / name) for name in names}
    targets = [project / name for name in names]
    assert attack(as_user, installed, *targets, *(t / "x" for t in targets), env=env) == ""


@BY_A_USER
def test_the_current_directory_in_lists_of_places(as_user: Account, installed: Path) -> None:
    """An empty element is the current directory: here, and in the other directory that is opened.

    Of a directory that is worked in only the names that would be loaded are closed.
    """
    project = installed.parent
    env = {"LD_LIBRARY_PATH": "/opt/x;", "PATH": ":/usr/bin:/bin", "LD_PRELOAD": "pre/load.so"}
    names = ("libseccomp.so.2", "libc.so.6", "tls/x86_64/libz.so.1", "glibc-hwcaps/x", "nono")
    targets = [top / name for top in (project, as_user.home) for name in (*names, "pre/load.so")]
    assert attack(as_user, installed, *targets, env=env) == ""
    done = run(as_user, installed, "sh", "-c", "echo x > libmine.so; cat libmine.so", env=env)
    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr


@BY_A_USER
def test_sources_that_python_finds_by_a_variable(as_user: Account, installed: Path) -> None:
    """They are worked on, and what would run in nono's own interpreter is not put there."""
    project = installed.parent
    mark = project / "escaped"
    as_user.file(project / "src/count.py", "words = 1\n")
    as_user.file(project / "src/queue.py", "import os; from os import path\n")
    escape = f"open({str(mark)!r}, 'w')\n"
    as_user.file(project / "aside/sitecustomize.py", escape)
    src, env = project / "src", {"PYTHONPATH": "src"}
    names = ("sitecustomize.py", "usercustomize/__init__.py", "ssl.py", "email", "trio.pyc")
    compiled = "__pycache__/queue.cpython-311.pyc"
    targets = [*(src / name for name in (*names, "click.abi3.so", "queue.py", compiled))]
    assert attack(as_user, installed, *targets, env=env) == ""
    moved = "mv src old; mv aside src; cp aside/sitecustomize.py src; mv aside/* src"
    done = run(as_user, installed, "sh", "-c", f"{moved}; echo words = 2 > src/count.py", env=env)
    assert done.returncode == 0
    assert (src / "count.py").read_text() == "words = 2\n"
    assert run(as_user, installed, "true", env=env).returncode == 0
    assert not mark.exists()


@BY_A_USER
def test_the_user_site_and_what_keyrings_are_configured_by(
    as_user: Account, installed: Path
) -> None:
    config = installed / "pyvenv.cfg"
    text = config.read_text().replace("packages = false", "packages = true")
    config.write_text(text)
    names = ".config/nono/profiles/default.json", ".config/python_keyring/keyringrc.cfg"
    (version,) = (path.name for path in installed.glob("lib/python3*"))
    site_packages = as_user.home / ".local/lib" / version / "site-packages"
    targets = [as_user.home / name for name in names]
    assert attack(as_user, installed, *targets, site_packages / "usercustomize.py") == ""


@BY_A_USER
def test_the_current_directory_is_no_place_for_modules(as_user: Account, installed: Path) -> None:
    """`python -m nono.supervisor` looks there first, unless it is told not to."""
    mark = installed.parent / "escaped"
    for name in ("trio", "h11", "dns", "traceback"):
        as_user.file(installed.parent / f"{name}.py", f"open({str(mark)!r}, 'w')")
    nono = (installed / "bin/python", "-m", "nono.supervisor", "run", "--allow-cwd", "--")
    done = as_user(*nono, "sh", "-c", "sleep 0.3; cat /etc/shadow", cwd=installed.parent)
    assert "/etc/shadow" in done.stderr
    assert not mark.exists()
