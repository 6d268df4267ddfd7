"""Attacks that must fail and programs that must work, on a Mac: python -m tests.seatbelt.on_a_mac

Each line is a shell's, run by `nono run` in a directory of its own, in which `secret` stands
outside of what is opened. An attack has failed when it says nothing of `PWNED`, which it says if
it had success. The exit status is the number of lines that went wrong.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

_SECONDS = 300


class Line(NamedTuple):
    """`options` are nono's, besides `--allow-cwd`."""

    name: str
    script: str
    options: tuple[str, ...] = ()


_DOMAIN = ("--allow-domain", "example.com")
ATTACKS = (
    Line("a file outside", "cat ../secret && echo PWNED"),
    Line("a hard link to it", "ln ../secret l && cat l && echo PWNED"),
    Line("a symbolic link to it", "ln -s ../secret s && cat s && echo PWNED"),
    Line("its directory is moved", "mv ../outside . && cat outside/secret && echo PWNED"),
    Line("an application", "open -a Calculator && echo PWNED"),
    Line("a job of launchd's", "launchctl submit -l nono.test -- /usr/bin/true && echo PWNED"),
    Line("AppleEvents", "osascript -e 'tell application \"Finder\" to get name' && echo PWNED"),
    Line("the keychain", "security dump-keychain 2>&1 | grep -q keychain: && echo PWNED"),
    Line("the clipboard", "echo nono | pbcopy && pbpaste | grep -q nono && echo PWNED"),
    Line("Spotlight", "mdfind -onlyin / secret | grep -q . && echo PWNED"),
    Line("the socket of Docker", "curl -s --unix-socket /var/run/docker.sock http://d/ && echo PWNED"),
    Line("names by the system", "dscacheutil -q host -a name example.com | grep -q ip_ && echo PWNED", _DOMAIN),
    Line("names by a server", "dig +time=2 +tries=1 @1.1.1.1 example.com | grep -q ANSWER: && echo PWNED", _DOMAIN),
    Line("a host without the proxy", "curl -s --noproxy '*' -m 5 https://1.1.1.1 && echo PWNED", _DOMAIN),
    Line("another host by the proxy", "curl -s -m 10 https://example.org && echo PWNED", _DOMAIN),
    Line("a datagram", "echo x | nc -u -w1 1.1.1.1 53 && dig +time=1 @1.1.1.1 a. | grep -q ANSWER: && echo PWNED", _DOMAIN),
    Line("a name of another case", "echo x > .ENV && echo PWNED", ("--deny", ".env")),
    Line("another form of a name", "python3 -c 'open(\"caf\" + chr(101) + chr(769), \"w\")' && echo PWNED", ("--deny", "caf\u00e9")),
    Line("an agent of ssh", "ls /private/tmp/com.apple.launchd.*/Listeners /private/var/run/com.apple.launchd.*/Listeners >/dev/null 2>&1; ssh-add -l && echo PWNED"),
    Line("input for the terminal", "python3 -c 'import fcntl, termios; fcntl.ioctl(open(\"/dev/tty\"), termios.TIOCSTI, b\"x\")' && echo PWNED"),
    Line("words of other processes", "ps eww 1 | grep -q launchd && echo PWNED"),
    Line("a sandbox inside", "sandbox-exec -p '(version 1)(allow default)' cat ../secret && echo PWNED"),
    Line("terminals of others", "for t in /dev/ttys0*; do echo x > $t && echo PWNED; done"),
    Line("a daemon that stays", "python3 -c 'import os, time; os.fork() and os._exit(0); os.setsid(); time.sleep(9999.5)' &"),
)  # fmt: skip
_NET = ("--allow-domain", "pypi.org", "--allow-domain", "files.pythonhosted.org")
PROGRAMS = (
    Line("a shell", "echo hello | grep hello"),
    Line("Python", "python3 -c 'import ssl, json, asyncio, pwd, os; pwd.getpwuid(os.getuid())'"),
    Line("multiprocessing", "python3 -c 'import multiprocessing as m\nif __name__ == \"__main__\": print(m.Pool(2).map(abs, [-1]))'"),
    Line("pip by the proxy", "python3 -m venv v && v/bin/pip install -q six && v/bin/python -c 'import six'", _NET),
    Line("uv by the proxy", "uv venv -q u && uv pip install -q --python u/bin/python six", _NET),
    Line("npm by the proxy", "npm init -y >/dev/null && npm install --silent is-number", ("--allow-domain", "registry.npmjs.org")),
    Line("vim in a terminal", "script -q /dev/null vim -u NONE -n -c 'normal ihello' -c wq a.txt && grep -q hello a.txt"),
    Line("a clone of a file", "echo x > a && cp -c a b && cmp a b"),
    Line("node", "node -e 'if (!require(\"os\").cpus().length) process.exit(1)'"),
    Line("git by the proxy", "git clone -q --depth 1 https://github.com/octocat/Hello-World x", ("--allow-domain", "github.com")),
    Line("clang", "echo 'int main(void){return 0;}' > a.c && clang a.c -o a.out && ./a.out"),
    Line("sqlite", "sqlite3 a.db 'create table t(x); insert into t values(1);'"),
    Line("make", "printf 'all: a b\\na b:\\n\\techo $@ > $@\\n' > Makefile && make -j2"),
    Line("curl by the proxy", "curl -sf -o /dev/null https://example.com", _DOMAIN),
)  # fmt: skip


def _run(line: Line, top: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "nono.supervisor", "run", "--allow-cwd", *line.options]
    project = top / "project"
    project.mkdir(exist_ok=True)
    (top / "outside").mkdir(exist_ok=True)
    for place in (top / "secret", top / "outside" / "secret"):
        place.write_text("a secret")
    return subprocess.run(
        [*words, "--", "sh", "-c", line.script],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=_SECONDS,
    )


def main() -> int:
    wrong = 0
    for lines, must_work in ((ATTACKS, False), (PROGRAMS, True)):
        for line in lines:
            with tempfile.TemporaryDirectory(dir=os.path.expanduser("~")) as top:
                done = _run(line, Path(top))
            good = done.returncode == 0 if must_work else "PWNED" not in done.stdout
            wrong += not good
            print(f"{'ok ' if good else 'NO '} {line.name}")
            if not good:
                print(done.stdout)
    left = subprocess.run(["pgrep", "-f", "sleep(9999.5)"], stdout=subprocess.DEVNULL)
    if left.returncode == 0:
        print("NO  the daemon is still there")
    return min(wrong + (left.returncode == 0), 100)


if __name__ == "__main__":
    sys.exit(main())
