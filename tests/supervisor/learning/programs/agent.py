"""Behaves like an agent: a directory of state, settings replaced by rename, a lock, a database."""

import fcntl
import json
import os
import pathlib
import sqlite3
import tempfile

home = pathlib.Path.home()
state = home / ".demoagent"
config = home / ".config" / "demoagent"
logs = home / ".local" / "share" / "demoagent" / "logs"
for directory in (state, config, logs):
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)

with open(state / "lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    for settings in (state / "settings.json", config / "config.json"):
        try:
            runs = json.loads(settings.read_text())["runs"]
        except FileNotFoundError:
            runs = 0
        fd, name = tempfile.mkstemp(prefix="settings.json.tmp.", dir=settings.parent)
        with open(fd, "w") as file:
            json.dump({"runs": runs + 1}, file)
        os.chmod(name, 0o600)
        os.rename(name, settings)
    base = sqlite3.connect(state / "history.db")
    with base:
        base.execute("create table if not exists said (words text)")
        base.execute("insert into said values ('hello')")
    (said,) = base.execute("select count(*) from said").fetchone()
    base.close()

with open(logs / f"run-{os.getpid()}.log", "a") as log:
    log.write("ran\n")
print(runs + 1, said)


def attempt(what, *parts):
    """Write what is not the agent's; the last lines say what was refused."""
    path = home.joinpath(*parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("echo run later\n")
    except OSError as error:
        print(what, error.strerror)


if os.environ.get("DEMO_TRIES"):
    attempt("start file", ".bashrc")
    attempt("new start file", ".zshenv")
    attempt("other tool", ".config", "other", "settings.json")
    attempt("tool on PATH", ".config", "tar", "settings.json")
    attempt("programs", ".local", "bin", "tar")
    attempt("libraries", ".local", "lib", "python3", "x.py")
    attempt("git", ".config", "git", "config")
    attempt("keys", ".ssh", "config")
    attempt("pip", ".config", "pip", "pip.conf")
    attempt("nono", ".config", "nono", "profiles", "agent.json")
    attempt("document", "letter.txt")
