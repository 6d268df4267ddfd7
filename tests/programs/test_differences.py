"""Rows of docs/differences.md that are tested nowhere else, and calls that need no row."""

from pathlib import Path

import pytest

from tests.conftest import Account, Nono, program_beside
from tests.programs.conftest import Alike

SELDOM = program_beside(__file__, "seldom_calls.py")
MEMORY = program_beside(__file__, "memory_without_read.py")
REMOVE_ALL = """
import os
os.mkdir("/tmp/NAME")
try:
    os.rmdir("NAME", dir_fd=os.open("/tmp", os.O_RDONLY))
    print("removed")
except OSError as error:
    print(error.strerror)
"""
CRASH = (
    "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (1 << 27, 1 << 27)); os.abort()"
)
CORES = f"""
import os, subprocess, sys
for place in (".", os.environ["TMPDIR"]):
    subprocess.run([sys.executable, "-c", {CRASH!r}], cwd=place)
    print(any(each.startswith("core") for each in os.listdir(place)))
"""
NEW_PROGRAM = """
printf '#!/bin/sh\\necho it runs\\n' >new; chmod +x new; ./new
mkdir -p made; cp new made; made/new; cp new "$TMPDIR"; "$TMPDIR"/new
"""
OTHER_PROGRAM = NEW_PROGRAM.replace("new", "other")


@pytest.mark.parametrize("network", [(), ("--block-net",), ("--allow-domain", "example.org")])
def test_seldom_calls(alike: Alike, network: tuple[str, ...]) -> None:
    assert alike("python3", "-c", SELDOM, options=network).returncode == 0


@pytest.mark.requires(kernel="6.11")
@pytest.mark.parametrize("lane", ["python", "compiled"])
def test_arguments_in_memory_that_may_not_be_read(alike: Alike, lane: str) -> None:
    """On processors that have no such memory, and to what nobody may use."""
    done = alike(
        *("python3", "-c", MEMORY),
        files={"refused/file": ""},
        options=("--deny", "refused"),
        env={"NONO_LANE": lane},
    )
    assert done.stdout.count("EFAULT") == 8, done


def test_flags_that_change_what_names_mean(nono: Nono, as_user: Account, project: Path) -> None:
    """Nor what is out of reach, nor what only root may set outside."""
    readable = as_user.file(as_user.home / f"only-read-{project.name}")
    script = (
        SELDOM.partition("print(")[0]
        + "print([flags('.', each)[0] for each in (0x40000000, 0x10, 0x20000000)],"
        + f"flags({str(readable)!r}, 0x40)[0])"
    )
    done = nono("run", "--allow-cwd", "--read-file", readable, "--", "python3", "-c", script)
    assert done.stdout == "['EPERM', 'EPERM', 'EPERM'] EACCES\n", done
    assert "--write-file" in done.stderr


def test_what_opens_tmp_itself_needs_to_list_it(nono: Nono, project: Path) -> None:
    """As os.RemoveAll of Go does for what is directly in it. What is left is gone with the run."""
    for options, said in (((), "Permission denied"), (("--list", "/tmp"), "removed")):
        script = REMOVE_ALL.replace("NAME", f"nono-{project.name}")
        done = nono("run", "--allow-cwd", *options, "--", "python3", "-c", script)
        assert done.stdout == f"{said}\n", done
        assert ("--list /tmp" in done.stderr) == (not options)
    assert not Path(f"/tmp/nono-{project.name}").exists()


def test_a_core_is_left_where_the_kernel_lets_the_program_write(
    nono: Nono, as_user: Account, project: Path
) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    elsewhere = pattern.startswith(("|", "@", "/"))
    done = nono("run", "--allow-cwd", "--", "python3", "-c", CORES)
    assert done.stdout.split() == ["False", str(not elsewhere)], done


def test_new_programs_run_but_where_a_refusal_carves(
    nono: Nono, as_user: Account, project: Path
) -> None:
    as_user.file(project / "refused")
    done = nono("run", "--allow-cwd", "--deny", "refused", "--", "sh", "-c", NEW_PROGRAM)
    assert done.stdout.count("it runs") == 1, done
    assert "at the start can be executed" in done.stderr, done
    assert nono("run", "--allow-cwd", "--", "sh", "-c", OTHER_PROGRAM).stdout == "it runs\n" * 3
