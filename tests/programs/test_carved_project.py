"""A project with something denied in it: nono itself performs what happens beside that.

The programs do not notice: modes, owners and contents are as outside.
"""

import pytest

from tests.conftest import program_beside
from tests.programs.conftest import GIT, Alike

FILES = {
    "private/key": "not for the program\n",
    "src/a.txt": "one\n",
    "run.sh": "#!/bin/sh\necho ran\n",
}

GIT_SCRIPT = """
    set -e
    printf 'private\\n' > .gitignore
    git init -q -b main . && git add . && git commit -q -m first
    echo more >> src/a.txt && git commit -q -a -m second
    git checkout -q -b side HEAD~1 && git mv src/a.txt b.txt && git commit -q -m third
    git merge -q --no-edit main && git gc -q && git status --short && git log --format=%s
"""
SQLITE_SCRIPT = """
    printf '%s\\n' 'pragma journal_mode=wal;' 'create table t(x);' 'insert into t values (7);' \\
        '.shell ls' 'select * from t;' 'vacuum;' | sqlite3 test.db
    ls
"""
FILE_SCRIPT = program_beside(__file__, "files.sh")
PYTHON_SCRIPT = program_beside(__file__, "files.py")
THREADS = program_beside(__file__, "threads.py")


@pytest.mark.lots(kind="program")
@pytest.mark.requires(commands=["git", "sqlite3"])
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("sh", "-c", GIT_SCRIPT), id="git"),
        pytest.param(("sh", "-c", SQLITE_SCRIPT), id="sqlite"),
        pytest.param(("bash", "-c", FILE_SCRIPT), id="files"),
        pytest.param(("python3", "-c", PYTHON_SCRIPT), id="python"),
        pytest.param(("python3", "-c", THREADS), id="threads"),
    ],
)
def test_beside_a_denied_directory(alike: Alike, command: tuple[str, ...]) -> None:
    volatile = [".git/*", "*.tar", "*.db"]
    done = alike(*command, files=FILES, options=["--deny", "private"], env=GIT, volatile=volatile)
    assert done.returncode == 0, done.stderr
