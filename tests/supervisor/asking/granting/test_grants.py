"""A sandbox that runs is granted something, and it is taken back; and what never is granted."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside
from tests.control_sockets import control_socket
from tests.supervisor.asking.processes import hear, nono_words, say, started

pytestmark = pytest.mark.requires(landlock=6)

CLIENT = program_beside(__file__, "say.py")
READ = """
import sys
for line in sys.stdin:
    try:
        print(open(line.rstrip()).read().strip(), flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""

PLANT = """
import os, sys
for line in sys.stdin:
    place = line.rstrip()
    for git in (f"{place}/.git", f"{place}/sub/.git"):
        os.makedirs(f"{git}/objects"), os.mkdir(f"{git}/refs"), os.mkdir(f"{git}/hooks")
        for name, text in ("HEAD", "ref: refs/heads/x"), ("config", "[core]\\n\\tfsmonitor=x"):
            open(f"{git}/{name}", "w").write(text)
    print("planted", flush=True)
"""


class Talking:
    """A client of a control socket."""

    def __init__(self, account: Account, runtime: Path) -> None:
        self._account = account
        self.socket = control_socket(runtime)

    def say(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        """What the run answers to each call: its result, or the words of its error."""
        done = self._account("python3", "-c", CLIENT, self.socket, json.dumps(calls))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


class Sandbox(Talking):
    """A program that tries to read what it is told to, and a client of its control socket."""

    def __init__(self, account: Account, process: subprocess.Popen[str], runtime: Path) -> None:
        self._process = process
        assert self.read("/etc/debian_version")
        super().__init__(account, runtime)

    def read(self, path: str | Path) -> str:
        say(self._process, str(path))
        return hear(self._process)


@contextmanager
def running(account: Account, project: Path, *options: str) -> Iterator[Sandbox]:
    runtime = account.directory(project / "run", 0o700)
    run = nono_words(account, "run", "-q", "--allow-cwd", *options, "--", "python3", "-c", READ)
    with started(account, run, project, {"XDG_RUNTIME_DIR": str(runtime)}) as process:
        yield Sandbox(account, process, runtime)


@pytest.fixture
def sandbox(as_user: Account, project: Path) -> Iterator[Sandbox]:
    """Without --ask: nobody is asked in it."""
    with running(as_user, project) as made:
        yield made


def filesystem(**keys: list[str | Path]) -> tuple[str, dict[str, Any]]:
    named = {key: [str(path) for path in paths] for key, paths in keys.items()}
    return "grant", {"rules": {"filesystem": named}}


@BY_A_USER
def test_granted_and_revoked(as_user: Account, project: Path, sandbox: Sandbox, nono: Nono) -> None:
    data = as_user.directory(as_user.home / f"{project.name}-data")
    file, other = as_user.file(data / "one", "one\n"), as_user.file(data / "two", "two\n")
    assert sandbox.read(file) == "Permission denied"
    first, second = sandbox.say(filesystem(read_file=[file]), filesystem(read=[data]))
    assert (first, second) == ({"number": "1"}, {"number": "2"})
    assert (sandbox.read(file), sandbox.read(other)) == ("one", "two")
    (status,) = sandbox.say(("status", {}))
    assert [(each["number"], each["what"], each["access"]) for each in status["given"]] == [
        ("1", str(file), "read"),
        ("2", str(data), "read"),
    ]
    assert sandbox.say(("revoke", {"number": "2"})) == [{}]
    assert (sandbox.read(file), sandbox.read(other)) == ("one", "Permission denied")
    assert sandbox.say(("revoke", {"number": "1"}), ("revoke", {"number": "1"}))[0] == {}
    assert sandbox.read(file) == "Permission denied"
    done = nono("audit", "show", status["session"])
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert shown.count("granted") == 2 and shown.count("revoked") == 2 and "tester" in shown


@BY_A_USER
def test_what_is_left_where_a_grant_opened_is_told_of(as_user: Account, project: Path) -> None:
    """Also where it was taken back by the end: repositories that run something for who looks."""
    runtime = as_user.directory(project / "run", 0o700)
    kept, revoked = (as_user.directory(project.parent / f"{project.name}-{n}") for n in "kr")
    words = nono_words(as_user, "run", "--allow-cwd", "--", "python3", "-c", PLANT)
    env = {"XDG_RUNTIME_DIR": str(runtime)}
    with started(as_user, words, project, env) as process:
        say(process, str(project / "own"))
        assert hear(process) == "planted"
        sandbox = Talking(as_user, runtime)
        granted = sandbox.say(*(filesystem(allow=[each]) for each in (kept, revoked)))
        assert granted == [{"number": "1"}, {"number": "2"}]
        for place in (kept, revoked):
            say(process, str(place / "new"))
            assert hear(process) == "planted"
        assert sandbox.say(("revoke", {"number": "2"})) == [{}]
        stderr = process.communicate(timeout=60)[1]
    changed = next(line for line in stderr.splitlines() if line.startswith("nono: changed:"))
    for place in (project / "own", kept / "new", revoked / "new"):
        for git in (".git", "sub/.git"):
            name = f"{place.relative_to(project.parent)}/{git}"
            assert f"{name}/config" in changed, (name, stderr)


def test_what_is_never_granted(as_user: Account, project: Path, sandbox: Sandbox) -> None:
    """Refusals stay, links of the program's lead nowhere, and only grants are granted."""
    key = as_user.secret(".ssh/id_ed25519")
    (project / "link").symlink_to(key.path.parent)
    runtime = project / "run"
    refused = [
        filesystem(read_file=[key.path]),
        filesystem(read=[as_user.home / ".ssh"]),
        filesystem(read=[project / "link"]),
        filesystem(allow=[runtime / "nono"]),
        filesystem(unix_socket=[sandbox.socket]),
        filesystem(read=["relative/path"]),
        filesystem(bypass_protection=[as_user.home / ".ssh"]),
        filesystem(deny=["/usr"]),
        filesystem(read=[]),
        ("grant", {"rules": {"network": {"allow_domain": ["example.org"]}}}),
        ("grant", {"rules": {"environment": {"set_vars": {"LD_PRELOAD": "x"}}}}),
        ("grant", {"rules": {"extends": "default"}}),
        ("grant", {"rules": {"filesystem": {"reed": ["/srv"]}}}),
        ("grant", {"rules": {}}),
        ("grant", {"rules": [1]}),
        ("revoke", {"number": "9"}),
        ("revoke", {"number": ""}),
    ]
    answers = sandbox.say(*refused)
    assert all(isinstance(each, str) for each in answers), answers
    assert "is refused by group" in answers[0] and "a link" in answers[2]
    assert "the network of this run is open already" in answers[9]
    assert "nono's control sockets" in answers[3] and "did you mean 'read'" in answers[12]
    # A wide grant opens what no rule refuses, and nothing else.
    plain = as_user.file(as_user.home / f"{project.name}.txt", "plain\n")
    assert "number" in sandbox.say(filesystem(read=[as_user.home]))[0]
    assert sandbox.read(plain) == "plain"
    assert sandbox.read(key.path) == "Operation not permitted"


@BY_A_USER
def test_the_floor_alone_is_not_changed(as_user: Account, project: Path) -> None:
    file = as_user.file(as_user.home / f"{project.name}.txt", "x\n")
    with running(as_user, project, "--floor-only") as sandbox:
        (answer,) = sandbox.say(filesystem(read_file=[file]))
        assert "the kernel alone decides" in answer
        assert sandbox.read(file) == "Permission denied"


@BY_A_USER
def test_by_commands(as_user: Account, project: Path, sandbox: Sandbox, nono: Nono) -> None:
    """With the flags of a run, in the directory where they are typed."""
    data = as_user.directory(as_user.home / f"{project.name}-data")
    file = as_user.file(data / "one", "one\n")
    key = as_user.secret(".ssh/id_ed25519").path
    run, env = sandbox.socket.stem, {"XDG_RUNTIME_DIR": str(project / "run")}

    def said(*words: str | Path) -> tuple[int, str]:
        done = nono(*words, cwd=data, env=env)
        return done.returncode, done.stdout or done.stderr

    code, text = said("grant", run, "--read-file", "one")
    assert (code, text) == (0, f"granted: 1  (nono revoke {run} 1)\n")
    assert sandbox.read(file) == "one"
    code, text = said("status", run[:6])
    assert code == 0 and f"   1  allow read {file}  (" in text, text
    assert ": python3 -c '" in text.splitlines()[0]
    assert said("status")[1].splitlines()[0] == text.splitlines()[0], "it is the only one"
    assert json.loads(said("status", run, "--json")[1])["given"][0]["number"] == "1"
    assert said("revoke", run, "1") == (0, "revoked: 1\n")
    assert sandbox.read(file) == "Permission denied"
    done = nono("grant", run, "--read-file", "later", "--read-file", "one", cwd=data, env=env)
    assert done.stdout == f"granted: 2  (nono revoke {run} 2)\n"
    assert done.stderr == f"nono: note: {data / 'later'} is not there: it is open once it is made\n"
    assert sandbox.read(as_user.file(data / "later", "late\n")) == "late"
    assert said("revoke", run, "2")[0] == 0
    hints: dict[tuple[str | Path, ...], str] = {
        ("grant", run): f"nono grant {run} --read-file FILE",
        ("grant", run, "--read-file", key): f"nono why --path {key} --op read",
        ("grant", run, "--open-port", "8o"): "a port is a number from 1 to 65535",
        ("revoke", run, "7"): f"nono status {run}",
        ("grant", "zzz", "-r", data): "nono ps",
    }
    for misuse, hint in hints.items():
        code, text = said(*misuse)
        assert code == 2 and text.endswith(f"\nhint: {hint}\n"), text
    for words in (
        ("grant", run),
        ("grant", run, "-r", "*"),
        ("grant", run, "--open-port", "80"),
        ("grant", "zzz", "-r", data),
        ("revoke", run, "7"),
        ("revoke", run, "quiet"),
    ):
        code, text = said(*words)
        assert code == 2 and text.startswith("nono: ") and "Traceback" not in text, words
    assert sandbox.read(file) == "Permission denied"


@BY_A_USER
def test_asked_at_a_socket_of_somebodys_own(as_user: Account, project: Path) -> None:
    """Who listens there before the start is asked, and nobody else answers for him."""
    data = as_user.directory(as_user.home / f"{project.name}-data")
    files = [as_user.file(data / name, f"{name}\n") for name in ("one", "two")]
    path = project / "harness"
    options = ("--ask=socket:harness", "--allow-cwd")
    words = ["run", *options, "--", "cat", *map(str, files)]
    alone = as_user(*nono_words(as_user, *words), cwd=project)
    assert alone.returncode == 125 and "nobody can be asked at" in alone.stderr
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o777)
        listener.listen()
        listener.settimeout(60)
        with started(as_user, nono_words(as_user, *words), project) as process:
            accepted, _ = listener.accept()
            with accepted, accepted.makefile("rw") as lines:

                def tell(method: str, **params: object) -> None:
                    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
                    lines.write(json.dumps(message) + "\n")
                    lines.flush()

                tell("hello", protocol=1, client="harness", answers=True)
                for offer in ("o", "n"):
                    while "question" not in (told := json.loads(lines.readline())).get(
                        "method", ""
                    ):
                        pass
                    question = told["params"]
                    assert offer in [each["id"] for each in question["offers"]]
                    tell("answer", question=question["id"], offer=offer)
                stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (1, "one\n"), stderr
    assert f"{files[1]}: refused: no" in stderr
