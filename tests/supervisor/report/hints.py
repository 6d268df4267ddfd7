"""The corpus of hints: what a program does, and what the report suggests that opens just that.

`python -m tests.supervisor.report.hints > docs/hints.md` writes the page.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import NamedTuple

HEAD = """\
# Hints

What a refusal suggests, made from the corpus of `tests/supervisor/report/hints.py`: a program does
all of this in one run; then every hint is pasted, the same program succeeds and nothing more is
refused, and the policies before and after differ by what the last column says, and by nothing else.
`~` is the home, `.` the project that the program runs in. The report itself puts together what is
in one directory: several files of the project are `--allow-cwd`, or `--read .` if they are only
read; four and more of another directory are that directory, unless it holds far more. What a tool
would keep in a cache or log of the person's is `--caches`, once. Where a hint opens more than was
asked for, the line says what.

| refused | hint | opened |
| --- | --- | --- |"""


class Case(NamedTuple):
    """`what` is the summary of the refusal, `code` the statement that meets it, `fix` the hint.

    `again` is False where the machine has its own say: a host elsewhere,
    an address that is not its own.
    `said` is in the reason.
    """

    what: str
    code: str
    fix: str = ""
    again: bool = True
    said: str = ""


def _file(name: str, verb: str, code: str, flag: str) -> Case:
    return Case(f"{verb} ~/{name}", code.format(f"H + '/{name}'"), f"{flag} ~/{name}")


READ, WRITE = "open({})", "open({}, 'a')"
MKDIR = "os.makedirs({}, exist_ok=True)"
SECRET = "--bypass-protection ~/{0} --read-file ~/{0}"

CASES = (
    _file("notes.txt", "read", READ, "--read-file"),
    _file("docs/a.txt", "read", READ, "--read-file"),
    _file(".config/app/settings.json", "read", READ, "--read-file"),
    _file("both.txt", "read and write", "open({}, 'r+')", "--allow-file"),
    _file("append.txt", "write", WRITE, "--write-file"),
    _file("new.txt", "create", "open({}, 'w')", "--write-file"),
    _file(".app.json", "create", "open({}, 'w')", "--write-file"),
    _file("mode.txt", "chmod", "os.chmod({}, 0o600)", "--write-file"),
    _file("time.txt", "utime", "os.utime({})", "--write-file"),
    _file("cut.txt", "truncate", "os.truncate({}, 0)", "--write-file"),
    _file("fifo", "create the special file", "os.mkfifo({})", "--write-file"),
    _file("here.sock", "create the unix socket", "bind({})", "--write-file"),
    _file("watched.txt", "watch", "watch({})", "--read-file"),
    Case("watch ~/docs", "watch(H + '/docs')", "--list ~/docs"),
    Case("read .", "os.listdir('.')", "--list ."),
    Case("read ./data.csv", "open('data.csv')", "--read-file ./data.csv"),
    Case("read ./src/main.py", "open('src/main.py')", "--read-file ./src/main.py"),
    Case("create ./out.txt", "open('out.txt', 'w')", "--write-file ./out.txt"),
    Case("execute ./run.sh", "execute('./run.sh')", "--read-file ./run.sh"),
    Case("execute ~/bin/tool", "execute(H + '/bin/tool')", "--read-file ~/bin/tool"),
    Case("create the directory ./build", "os.mkdir('build')", "--allow-cwd"),
    Case("delete ./old", "os.unlink('old')", "--allow-cwd"),
    Case("rename ./before", "os.rename('before', 'after')", "--allow-cwd"),
    Case("read ~", "os.listdir(H)", "--list ~"),
    Case("read /", "os.listdir('/')", "--list /"),
    Case("read /home", "os.listdir('/home')", "--list /home"),
    Case("read /opt", "os.listdir('/opt')", "--list /opt"),
    Case("read /srv", "os.listdir('/srv')", "--list /srv"),
    Case("read /var", "os.listdir('/var')", "--list /var"),
    Case("read /var/log", "os.listdir('/var/log')", "--list /var/log"),
    Case("read /mnt", "os.listdir('/mnt')", "--list /mnt"),
    Case("read /dev", "os.listdir('/dev')", "--list /dev"),
    Case("read /sys", "os.listdir('/sys')", "--list /sys"),
    Case("read /tmp", "os.listdir('/tmp')", "--list /tmp", said="from an earlier run"),
    Case("read ~/.ssh", "os.listdir(H + '/.ssh')", "--bypass-protection ~/.ssh --list ~/.ssh"),
    Case("read ~/.ssh/key", "open(H + '/.ssh/key')", SECRET.format(".ssh/key")),
    Case("read ~/.netrc", "open(H + '/.netrc')", said="hosts that want a password alone"),
    Case("read ~/.npmrc", "open(H + '/.npmrc')", said="private packages alone"),
    Case("read ~/.pypirc", "open(H + '/.pypirc')", SECRET.format(".pypirc")),
    Case(
        "read ~/.aws/credentials",
        "open(H + '/.aws/credentials')",
        SECRET.format(".aws/credentials"),
    ),
    Case("read ~/.bash_history", "open(H + '/.bash_history')", SECRET.format(".bash_history")),
    Case(
        "write ~/.bashrc",
        "open(H + '/.bashrc', 'a')",
        "--bypass-protection ~/.bashrc --write-file ~/.bashrc",
    ),
    Case("delete ~/.ssh/known", "os.unlink(H + '/.ssh/known')"),
    Case("create the directory ~/.aws/new", "os.mkdir(H + '/.aws/new')"),
    _file(".newtool", "create the directory", MKDIR, "--allow"),
    _file(".config/newapp", "create the directory", MKDIR, "--allow"),
    _file(".cache/newapp", "create the directory", MKDIR, "--allow"),
    _file(".local/share/newapp", "create the directory", MKDIR, "--allow"),
    Case("create the directory ~/.local/bin", "os.mkdir(H + '/.local/bin')", said="too much"),
    Case("create the directory /srv/new", "os.mkdir('/srv/new')", said="before the run"),
    Case("chmod ~/dir", "os.chmod(H + '/dir', 0o755)", "--write ~/dir"),
    Case("delete ~/remove/x", "os.unlink(H + '/remove/x')", "--write ~/remove"),
    Case("remove the directory ~/rmdir/d", "os.rmdir(H + '/rmdir/d')", "--write ~/rmdir"),
    Case("rename ~/move/a", "os.rename(H + '/move/a', H + '/move/b')", "--write ~/move"),
    Case(
        "create the symbolic link ~/links/l",
        "os.symlink('x', H + '/links/l')",
        "--write ~/links",
    ),
    Case("delete ~/single.txt", "os.unlink(H + '/single.txt')", said="a right on all of"),
    Case(
        "create ~/_cacache/tmp/3f2a9c1d8e7b",
        "open(H + '/_cacache/tmp/3f2a9c1d8e7b', 'w')",
        "--write ~/_cacache/tmp",
    ),
    Case(
        "create ~/uuid/x.tmp.9b2f6c1e-1111-2222-3333-444455556666",
        "open(H + '/uuid/x.tmp.9b2f6c1e-1111-2222-3333-444455556666', 'w')",
        "--write ~/uuid",
    ),
    Case(
        "create ~/mkstemp/tmpa8_b7c6d",
        "open(H + '/mkstemp/tmpa8_b7c6d', 'w')",
        "--write ~/mkstemp",
    ),
    Case(
        "create ~/unnamed/(O_TMPFILE)",
        "os.open(H + '/unnamed', os.O_TMPFILE | os.O_WRONLY)",
        "--write ~/unnamed",
    ),
    Case(
        "create the directory ~/several/tmp8a7b6c5d",
        "os.mkdir(H + '/several/tmp8a7b6c5d')",
        "--allow ~/several",
    ),
    Case(
        "create ~/.app.json.tmp.1234567",
        "open(H + '/.app.json.tmp.1234567', 'w')",
        said="a right on all of",
    ),
    Case("create ~/editor/.x.swp", "open(H + '/editor/.x.swp', 'w')", "--write ~/editor"),
    Case("create ~/backup/x~", "open(H + '/backup/x~', 'w')", "--write ~/backup"),
    Case(
        "create ~/.gnupg/.#lk0x0000558a3c70b2d0.host.42",
        "open(H + '/.gnupg/.#lk0x0000558a3c70b2d0.host.42', 'w')",
        said="made for a moment",
    ),
    Case(
        "connect to the unix socket ~/agent.sock",
        "unix(H + '/agent.sock')",
        "--allow-unix-socket ~/agent.sock",
    ),
    Case("connect to 127.0.0.1 port PORT", "connect('127.0.0.1', P)", "--open-port PORT"),
    Case(
        "connect to files.example port 443",
        "connect('files.example', 443)",
        "--allow-domain files.example",
        again=False,
    ),
    Case(
        "connect to git.example port 22",
        "connect('git.example', 22)",
        "--allow-domain git.example:22",
        again=False,
    ),
    Case(
        "connect to 203.0.113.7 port 443",
        "connect('203.0.113.7', 443)",
        "--allow-domain 203.0.113.7",
        again=False,
    ),
    Case("connect to 169.254.169.254 port 80", "connect('169.254.169.254', 80)", said="metadata"),
    Case(
        "listen on 203.0.113.7 port LISTEN",
        "listen('203.0.113.7', L)",
        "--listen-port LISTEN",
        again=False,
    ),
    Case(
        "make namespaces or mounts of its own (unshare)",
        "libc('unshare', 0x10000000)",
        said="--no-sandbox",
    ),
    Case("look into another process (ptrace)", "libc('ptrace', 0, 0, 0, 0)", said="strace"),
    Case(
        "make namespaces or mounts of its own (mount)",
        "libc('mount', b'x', b'/mnt', b'tmpfs', 0, None)",
        said="nono is the sandbox",
    ),
    Case(
        "share memory, semaphores or messages by System V's or POSIX's IPC (shmget)",
        "libc('shmget', 0, 4096, 0o1600)",
        said="PostgreSQL",
    ),
)

SILENT = (
    "open('/etc/machine-id')",
    "open('/sys/fs/cgroup/cgroup.procs')",
    "open('/proc/1/status')",
    "open('/proc/1/cgroup')",
    "os.listdir(H + '/.cache/fontconfig')",
    "os.listdir('/tmp/hsperfdata_other')",
    "connect('127.0.0.1', 9)",
)
"""What is refused, or absent, or a closed port, and not told of."""

OPENED = {
    "--read-file": ("read and execute {}",),
    "--list": ("read {}",),
    "--write-file": ("write {}",),
    "--allow-file": ("read and write and execute {}",),
    "--write": ("write and create files in all below {}",),
    "--allow": ("read and write and execute and create files in all below {}",),
    "--allow-unix-socket": ("connect to {}",),
    "--open-port": ("connect to port {} of this machine",),
    "--listen-port": ("listen on port {}",),
    "--allow-domain": ("connect to {}",),
    "--bypass-protection": (),
}


def pairs(fix: str) -> Iterator[tuple[str, str]]:
    """The flags of a hint, each with its value; empty for none."""
    words = shlex.split(fix)
    while words:
        flag = words.pop(0)
        yield flag, words.pop(0) if words and not words[0].startswith("--") else ""


def opened_by(fix: str) -> list[str]:
    """What a hint may open, and all that it may, as `broker.explaining.difference` says it."""
    return [
        line.format(_as_said(flag, value))
        for flag, value in pairs(fix)
        for line in OPENED.get(flag, ())
    ]


def _as_said(flag: str, value: str) -> str:
    """A host, and a port of its own; an address is a block of one."""
    if flag != "--allow-domain":
        return value
    block = "/32" if value.replace(".", "").isdecimal() else ""
    return value.replace(":", " port ") + block


def page() -> Iterator[str]:
    """The lines of docs/hints.md."""
    yield HEAD
    for case in CASES:
        hint = f"`{case.fix}`" if case.fix else "none" + (f": … {case.said} …" if case.said else "")
        opened = "; ".join(opened_by(case.fix)) or "nothing"
        if case.fix == "--allow-cwd":
            opened = "read and write and execute and create files in all below ."
        yield f"| {case.what} | {hint} | {opened} |"


if __name__ == "__main__":
    print("\n".join(page()))
