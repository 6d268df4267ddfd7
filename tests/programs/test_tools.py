"""Everyday tools do under nono what they do outside: git, C, node, sqlite, tar, find, cp, make."""

import pytest

from tests.programs.conftest import Alike

WHEN = "2024-05-06T07:08:09Z"
GIT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": WHEN,
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": WHEN,
}
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
    script = """
        set -e
        git init -q -b main .
        git add . && git commit -q -m first
        echo more >> src/a.txt
        git diff --stat
        git commit -q -a -m second
        git checkout -q -b side HEAD~1
        git mv src/a.txt b.txt && git commit -q -m third
        git merge -q --no-edit main
        git clone -q . copy && git -C copy log --format=%s -1
        git gc -q; git status --short
        git log --graph --format='%h %s' --all
    """
    files = {"src/a.txt": "one\n", "run.sh": "#!/bin/sh\necho run\n"}
    done = alike("sh", "-c", script, files=files, env=GIT, volatile=["*.git/*"])
    assert done.returncode == 0
    assert "third" in done.stdout


@pytest.mark.requires(commands=["gcc", "make"])
def test_a_c_program_is_built_and_runs(alike: Alike) -> None:
    done = alike("sh", "-c", "make -s && make clean && ./main", files=SOURCES)
    assert (done.returncode, done.stdout) == (7, "rm -f *.o\n42\n")


@pytest.mark.requires(commands=["gcc", "make"])
def test_make_in_parallel(alike: Alike) -> None:
    done = alike("make", "-s", "-j4", files=SOURCES)
    assert done.returncode == 0


@pytest.mark.requires(commands=["gcc"])
def test_a_static_program(alike: Alike) -> None:
    build = "gcc -static -O1 -o static main.c answer.c && ./static"
    assert alike("sh", "-c", build, files=SOURCES).stdout == "42\n"


@pytest.mark.requires(commands=["node"])
def test_node_writes_a_file(alike: Alike) -> None:
    script = """
        const fs = require("fs"), os = require("os"), { execFileSync } = require("child_process");
        fs.mkdirSync("out/deep", { recursive: true, mode: 0o750 });
        fs.writeFileSync("out/deep/note.txt", "from node\\n", { mode: 0o640 });
        fs.renameSync("out/deep/note.txt", "note.txt");
        console.log(fs.readFileSync("note.txt", "utf8"), os.cpus().length > 0);
        console.log(execFileSync("ls", ["-1"], { encoding: "utf8" }));
        fs.promises.readdir("out").then(console.log);
    """
    done = alike("node", "-e", script)
    assert done.stdout.startswith("from node")


@pytest.mark.requires(commands=["node"])
def test_node_serves_itself(alike: Alike) -> None:
    script = """
        const http = require("http");
        const server = http.createServer((request, response) => response.end(request.url));
        server.listen(0, "127.0.0.1", async () => {
            const answer = await fetch(`http://127.0.0.1:${server.address().port}/path`);
            console.log(answer.status, await answer.text());
            server.close();
        });
    """
    assert alike("node", "-e", script).stdout == "200 /path\n"


@pytest.mark.requires(commands=["sqlite3"])
def test_sqlite_with_a_write_ahead_log(alike: Alike) -> None:
    statements = """
        pragma journal_mode=wal;
        create table words(word text);
        insert into words values ('one'), ('two');
.shell ls -1
        begin; insert into words values ('three'); commit;
        select count(*), max(word) from words;
        pragma wal_checkpoint(truncate);
        vacuum;
.backup copy.db
        pragma integrity_check;
    """
    done = alike("sqlite3", "-batch", "test.db", input=statements, volatile=["*.db"])
    assert (done.returncode, "test.db-wal" in done.stdout) == (0, True)


def test_tar_there_and_back(alike: Alike) -> None:
    script = """
        set -e
        ln -s deep/er/b.txt data/link; ln data/a.txt data/hard; mkfifo data/fifo
        chmod 2750 data/deep; chmod 600 data/hard
        touch -d 2001-02-03 data/run.sh
        tar -cpf all.tar data && mkdir out && tar -xpf all.tar -C out
        tar -czf all.tgz data && tar -tzf all.tgz | sort
        stat -c '%A %h %y' out/data/run.sh out/data/hard | cut -c -30
        out/data/run.sh
    """
    done = alike("sh", "-c", script, files=TREE, volatile=["*.tar", "*.tgz"])
    assert (done.returncode, "ran\n" in done.stdout) == (0, True)


def test_cp_and_find(alike: Alike) -> None:
    script = """
        set -e
        ln -s deep/er/b.txt data/link; ln data/a.txt data/hard; mkfifo data/fifo
        chmod 711 data/deep; touch -h -d 2001-02-03 data/link data/run.sh
        cp -a data copy
        cp -r --preserve=mode,timestamps data/deep deep2
        mv copy/deep/er moved && rmdir copy/deep
        find . -type f -newermt 2000-01-01 ! -newermt 2002-01-01 -exec ls {} +
        find . -printf '%M %n %p %l\\n' | sort
        find data -name '*.txt' -delete
        install -m 751 data/run.sh installed && ./installed
        rm -r moved
    """
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
    script = """
        id; uname -s; nproc; pwd; whoami; groups; hostname
        date -u -d @0; TZ=Europe/Berlin date -d @0; printenv LANG; locale 2>&1 | head -1
        seq 20000 | sort -R | sort -n -S 64k -T . | md5sum
        seq 3 | tee a b | xargs -n1 -P3 echo | sort; paste a b; split -n 2 a part-; comm a b
        awk 'BEGIN { while ("echo piped" | getline line) print line }'
        perl -MFile::Temp=tempfile -e '($h, $n) = tempfile(UNLINK => 1); print $h 1; print -e $n'
        dd if=/dev/zero of=zeros bs=1k count=3 status=none; truncate -s 10 zeros; wc -c zeros
        timeout 5 sh -c 'kill -TERM $$'; echo $?; flock a echo locked; nice echo nice
        test -r /etc/passwd && getent passwd root | cut -d: -f1
    """
    assert alike("bash", "-c", script).returncode == 0
