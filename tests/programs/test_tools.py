"""Everyday tools do under nono what they do outside: git, C, node, sqlite, tar, find, cp, make."""

import pytest

from tests.conftest import BY_A_USER, program_beside
from tests.programs.conftest import GIT, Alike

SOURCES = {
    "main.c": "#include <stdio.h>\nint answer(void);\nint main(void)\n"
    '{ printf("%d\\n", answer()); return answer() - 35; }\n',
    "answer.c": "int answer(void) { return 42; }\n",
    "Makefile": "main: main.o answer.o\n\t$(CC) -o $@ $^\n"
    "%.o: %.c\n\t$(CC) -c $<\nclean:\n\trm -f *.o\n.PHONY: clean\n",
}
TREE = {
    "data/a.txt": "a\n",
    "data/deep/er/b.txt": "b\n",
    "data/run.sh": "#!/bin/sh\necho ran\n",
}


@pytest.mark.requires(commands=["git"])
def test_git(alike: Alike) -> None:
    script = program_beside(__file__, "git.sh")
    files = {"src/a.txt": "one\n", "run.sh": "#!/bin/sh\necho run\n"}
    done = alike("sh", "-c", script, files=files, env=GIT, volatile=["*.git/*"])
    assert done.returncode == 0
    assert "third" in done.stdout


@BY_A_USER
@pytest.mark.requires(commands=["gcc", "make"])
def test_a_c_program_is_built_and_runs(alike: Alike) -> None:
    done = alike("sh", "-c", "make -s && make clean && ./main", files=SOURCES)
    assert (done.returncode, done.stdout) == (7, "rm -f *.o\n42\n")


@BY_A_USER
@pytest.mark.requires(commands=["gcc", "make"])
def test_make_in_parallel(alike: Alike) -> None:
    done = alike("make", "-s", "-j4", files=SOURCES)
    assert done.returncode == 0


@BY_A_USER
@pytest.mark.requires(commands=["gcc"])
def test_a_static_program(alike: Alike) -> None:
    build = "gcc -static -O1 -o static main.c answer.c && ./static"
    assert alike("sh", "-c", build, files=SOURCES).stdout == "42\n"


@BY_A_USER
@pytest.mark.requires(commands=["node"])
def test_node_writes_a_file(alike: Alike) -> None:
    script = program_beside(__file__, "writes_a_file.js")
    done = alike("node", "-e", script)
    assert done.stdout.startswith("from node")


@BY_A_USER
@pytest.mark.requires(commands=["node"])
def test_node_serves_itself(alike: Alike) -> None:
    script = program_beside(__file__, "serves_itself.js")
    assert alike("node", "-e", script).stdout == "200 /path\n"


@BY_A_USER
@pytest.mark.requires(commands=["sqlite3"])
def test_sqlite_with_a_write_ahead_log(alike: Alike) -> None:
    statements = program_beside(__file__, "write_ahead_log.sql")
    done = alike("sqlite3", "-batch", "test.db", input=statements, volatile=["*.db"])
    assert (done.returncode, "test.db-wal" in done.stdout) == (0, True)


def test_tar_there_and_back(alike: Alike) -> None:
    script = program_beside(__file__, "tar.sh")
    done = alike("sh", "-c", script, files=TREE, volatile=["*.tar", "*.tgz"])
    assert (done.returncode, "ran\n" in done.stdout) == (0, True)


def test_cp_and_find(alike: Alike) -> None:
    script = program_beside(__file__, "cp_and_find.sh")
    done = alike("sh", "-c", script, files=TREE)
    assert (done.returncode, "./copy/run.sh" in done.stdout) == (0, True)


@pytest.mark.parametrize("mask", ["000", "027", "077"])
def test_modes_follow_the_umask(alike: Alike, mask: str) -> None:
    """In the project the kernel makes the file; in shared directories nono does, as told."""
    script = f"""
        umask {mask}
        d=$(mktemp -u -d /tmp/nono-test-XXXXXX)
        for where in inside "$d"; do
            mkdir $where; echo x > $where/file; mkfifo $where/fifo; mkdir -m 1733 $where/sub
            cp file.sh $where/; ln -s file $where/link
            (cd $where && stat -c '%n %A %U %G' . *)
        done
        rm -r "$d"
    """
    assert alike("sh", "-c", script, files={"file.sh": "#!/bin/sh\n"}).returncode == 0


def test_ordinary_commands(alike: Alike) -> None:
    script = program_beside(__file__, "ordinary_commands.sh")
    assert alike("bash", "-c", script).returncode == 0
