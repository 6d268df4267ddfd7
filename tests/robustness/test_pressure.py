"""Load, limits and odd names: nono neither hangs nor dies, and the program gets honest errors."""

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

PYTHON = ("/usr/bin/python3", "-c")


def clean(nono: Nono, script: str, *flags: str, timeout: float = 120) -> str:
    """Run a script that must end well; what it printed."""
    done = nono("run", "--allow-cwd", "--json", *flags, "--", *PYTHON, script, timeout=timeout)
    assert done.returncode == 0, done.stderr
    assert '"internal_errors": []' in done.stderr
    return done.stdout


def test_ten_thousand_calls_from_64_threads(nono: Nono) -> None:
    script = program_beside(__file__, "many_threads.py")
    assert clean(nono, script).split() == [str(64 * 53)]


NAMES = program_beside(__file__, "odd_names.py")


def test_odd_names(nono: Nono) -> None:
    done = nono("run", "--allow-cwd", "--", *PYTHON, NAMES)
    assert done.stdout.splitlines() == [
        "4095 No such file or directory",
        "File name too long",
        "File name too long",
        "ok True",
        "Permission denied",
        "Permission denied",
        "No such file or directory",
    ]
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert "\\x1b[31m" in done.stderr
    assert len(done.stderr.splitlines()) <= 20


def test_a_child_out_of_descriptors(nono: Nono) -> None:
    script = program_beside(__file__, "out_of_descriptors.py")
    assert clean(nono, script).splitlines() == ["EMFILE True", "EMFILE True"]


def test_few_descriptors_for_everybody(as_user: Account, nono: Nono) -> None:
    """nono and the program under a limit of 40: no traceback, no hang, and it works again."""
    script = (
        "import os, threading\n"
        "def work():\n"
        "    for n in range(200):\n"
        "        try: os.close(os.open('/tmp/none', os.O_RDONLY))\n"
        "        except OSError: pass\n"
        "ts = [threading.Thread(target=work) for _ in range(16)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]\n"
        "open('after', 'w').write('x'); print('end')\n"
    )
    nono_command = f"exec {as_user.python} -P -m nono.supervisor run --allow-cwd -- "
    done = as_user(
        "sh",
        "-c",
        f'ulimit -n 40; cd "$1"; {nono_command} {PYTHON[0]} -c "$2"',
        "sh",
        as_user.directory(as_user.home / "few"),
        script,
    )
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
    assert "Traceback" not in done.stderr


def test_sigchld_storm(nono: Nono) -> None:
    """Hundreds of orphans that end at once, beside a program that works."""
    script = program_beside(__file__, "orphans.py")
    assert clean(nono, script) == "30\n"


def test_a_bounded_fork_bomb_ends_with_the_session(nono: Nono, as_user: Account) -> None:
    script = program_beside(__file__, "fork_bomb.py")
    shell = f"{PYTHON[0]} -c '{script}' & while ! [ -e done ]; do sleep 0.05; done; echo end"
    done = nono("run", "--allow-cwd", "--", "sh", "-c", shell)
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
