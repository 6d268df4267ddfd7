"""`nono learn`: what it prints, what it protects, and what a program cannot make it say."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, Secret
from tests.leftovers import processes
from tests.ports import later_port
from tests.supervisor.learning.conftest import Again, Learn, paths, said_by_nono

pytestmark = pytest.mark.requires(landlock=2)


@BY_A_USER
def test_stdout_is_the_profile_and_nothing_else(learn: Learn, project: Path) -> None:
    forged = '{"filesystem": {"read": ["/"]}}'
    script = (
        f"echo '{forged}'; echo '{forged}' >&2; echo '{forged}' > /dev/stdout;"
        f" echo '{forged}' > /proc/self/fd/1; echo 'nono: learned'; printf '\\0'"
    )
    profile, done = learn("sh", "-c", script)
    assert done.returncode == 0
    assert paths(profile) == []
    assert done.stdout == json.dumps(profile, indent=2) + "\n"
    assert done.stderr.count(forged) >= 2


@BY_A_USER
def test_without_json_the_streams_are_the_programs(nono: Nono, as_user: Account) -> None:
    done = nono("learn", "--", "sh", "-c", "cat; echo out; exit 7", input="in ")
    assert (done.returncode, done.stdout) == (7, "in out\n")
    assert done.stderr.startswith("nono: learned\n")
    assert "save it as" not in done.stderr, "it is of half a run"
    assert done.stderr.endswith("hint: learn again once the program succeeds\n")
    done = nono("learn", "--", "true")
    assert f"hint: save it as {as_user.home}/.config/nono/profiles/NAME.json" in done.stderr
    quiet = nono("learn", "-q", "--", "true")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


@BY_A_USER
def test_output(nono: Nono, project: Path) -> None:
    script = 'ls -l profile.json; echo "{}" > profile.json; rm -f profile.json'
    done = nono("learn", "-q", "-o", "profile.json", "--", "sh", "-c", script)
    assert done.returncode == 125
    assert "was removed or replaced while the program ran" in done.stderr
    assert not (project / "profile.json").exists()
    done = nono("learn", "-q", "-o", "profile.json", "--", "true")
    saved = project / "profile.json"
    assert json.loads(saved.read_text())["network"] == {"block": True}
    assert saved.stat().st_mode & 0o777 == 0o600
    missing = nono("learn", "-o", "other.json", "--", "no-such-command")
    assert (missing.returncode, os.listdir(project)) == (127, ["profile.json"])
    again = nono("learn", "-o", "profile.json", "--", "echo", "ran")
    assert (again.returncode, again.stdout) == (125, "")


def test_what_is_protected_stays_refused(
    learn: Learn, secret: Callable[[str], Secret], as_user: Account
) -> None:
    keys = [secret(name) for name in (".ssh/id_rsa", ".aws/credentials", ".bash_history")]
    diary = as_user.file(as_user.home / "diary.txt", "dear")
    script = (
        f"cat {' '.join(str(key.path) for key in keys)} /etc/shadow {diary}; echo x >> ~/.bashrc"
    )
    profile, done = learn("sh", "-c", script)
    diary.unlink()
    for key in keys:
        assert key.text not in done.stderr
        assert f"read {key.path}" in "\n".join(said_by_nono(done))
    assert "root:" not in done.stderr
    assert paths(profile) == ["~/diary.txt"]
    assert profile["filesystem"] == {"read_file": ["~/diary.txt"]}
    assert "nono: refused while learning, and not in the profile:" in done.stderr


@BY_A_USER
def test_a_protection_that_is_lifted_is_lifted_in_the_profile(
    learn: Learn, again: Again, secret: Callable[[str], Secret]
) -> None:
    key = secret(".ssh/id_lifted")
    lifted = ("--bypass-protection", str(key.path), "--bypass-protection", "~/.aws")
    profile, done = learn("cat", key.path, options=lifted)
    assert profile["filesystem"]["bypass_protection"] == ["~/.ssh/id_lifted"]
    assert "not granted by the profile" not in done.stderr
    assert again("cat", key.path).stdout == key.text + "\n"


@BY_A_USER
def test_one_that_is_lifted_for_a_file_that_is_made(
    learn: Learn, again: Again, as_user: Account
) -> None:
    script = "echo x > ~/.zlogin"
    profile, _ = learn("sh", "-c", script, options=("--bypass-protection", "~/.zlogin"))
    assert profile["filesystem"]["bypass_protection"] == ["~/.zlogin"]
    assert again("sh", "-c", script).returncode == 0


@BY_A_USER
def test_writes_are_kept_to_where_tools_write(
    learn: Learn, again: Again, project: Path, as_user: Account
) -> None:
    script = (
        "mkdir -p ~/.cache/tool/a/b; echo x > ~/.cache/tool/a/b/c; echo x > made;"
        " echo x > ~/elsewhere; mkdir ~/.config/autostart; echo x > /tmp/nono-learn-$$;"
        " mv made made2; rm made2"
    )
    profile, done = learn("sh", "-c", script)
    assert profile["workdir"] == {"access": "readwrite"}
    assert profile["filesystem"]["allow"] == ["~/.cache/tool"]
    (left,) = profile["filesystem"]["allow_file"]
    assert left.startswith("/tmp/nono-learn-")
    assert not os.path.lexists(left)
    assert not (as_user.home / "elsewhere").exists()
    assert f"create {as_user.home}/elsewhere" in done.stderr
    more = again(
        "sh", "-c", "echo x > ~/.cache/tool/new; cat ~/.cache/tool/a/b/c; ls ~/.cache/tool"
    )
    assert (more.returncode, more.stdout) == (0, "x\na\nnew\n"), more.stderr
    opened, _ = learn("sh", "-c", "echo x > ~/data-out/x", options=(f"--write={out(as_user)}",))
    assert opened["filesystem"]["allow"] == ["~/data-out"]


def out(account: Account) -> Path:
    return account.directory(account.home / "data-out")


@BY_A_USER
def test_reads_become_directories_only_when_used_as_one(learn: Learn, as_user: Account) -> None:
    many = as_user.home / "library/pkg"
    few = as_user.home / "letters"
    for number in range(12):
        as_user.file(many / f"{number}.txt", "x")
        as_user.file(few / f"{number}.txt", "x")
    profile, _ = learn("sh", "-c", f"ls {many}; cat {many}/*.txt; cat {few}/1.txt {few}/2.txt")
    assert profile["filesystem"] == {
        "read": ["~/library/pkg"],
        "read_file": ["~/letters/1.txt", "~/letters/2.txt"],
    }
    profile, done = learn("sh", "-c", "ls ~ >/dev/null; ls .. > /dev/null")
    assert profile["filesystem"] == {"list": ["~"]}
    assert "not in the profile" not in done.stderr


@BY_A_USER
def test_the_difference_to_a_base(learn: Learn, again: Again, as_user: Account) -> None:
    for name in ("one.txt", "two.txt"):
        as_user.file(as_user.home / name, name)
    base = as_user.file(
        as_user.home / "base.json",
        json.dumps({"filesystem": {"read_file": ["~/one.txt"]}, "network": {"block": True}}),
    )
    command = ("sh", "-c", "cat ~/one.txt ~/two.txt")
    profile, _ = learn(*command, options=("--profile", str(base)))
    assert profile["extends"] == str(base)
    assert {key for key in profile if key not in ("meta", "extends")} == {"filesystem"}
    assert profile["filesystem"] == {"read_file": ["~/two.txt"]}
    repeated = again(*command)
    assert (repeated.stdout, repeated.stderr) == ("one.txttwo.txt", "")


@BY_A_USER
@pytest.mark.parametrize("json_", [True, False])
def test_the_time_is_up(nono: Nono, as_user: Account, project: Path, json_: bool) -> None:
    """The tree ends, and what was learned so far is printed."""
    as_user.file(as_user.home / "seen.txt", "x")
    seconds = f"{1000 + os.getpid()}.{time.monotonic_ns()}"  # nobody else sleeps so long
    script = f"cat ~/seen.txt; (trap '' TERM INT; sleep {seconds}) & setsid sleep {seconds} & wait"
    options = ("--json",) if json_ else ()
    done = nono("learn", "--timeout", "0.7", *options, "--", "sh", "-c", script)
    assert done.returncode == 0
    assert "~/seen.txt" in (done.stdout if json_ else done.stderr)
    assert processes(seconds) == {}


@BY_A_USER
def test_odd_names(learn: Learn, as_user: Account, project: Path) -> None:
    """Names that no profile can hold are said, and no name becomes a pattern or a variable."""
    for name in ("a*b", "$HOME", "line\nbreak", "~", "x?[y]", "quote\"'"):
        as_user.file(as_user.home / "odd" / name, "x")
    os.close(os.open(os.fsencode(as_user.home) + b"/odd/\xff", os.O_CREAT, 0o644))
    script = (
        "cd ~/odd && for f in 'a*b' '$HOME' 'x?[y]' '~' \"$(printf '\\377')\"; do cat \"$f\"; done"
    )
    profile, done = learn("sh", "-c", script)
    assert profile["filesystem"] == {"read_file": ["~/odd/x?[y]", "~/odd/~"]}
    assert "paths that no profile can name" in done.stderr
    assert f"  {as_user.home}/odd/a*b" in done.stderr


@BY_A_USER
def test_a_name_that_leads_elsewhere_at_the_end(
    learn: Learn, as_user: Account, secret: Callable[[str], Secret]
) -> None:
    """A program cannot have a harmless name opened that is a link to something else by then."""
    as_user.file(as_user.home / "private/letter", "x")
    as_user.directory(as_user.home / ".cache")
    script = (
        "mkdir -p ~/.cache/tool/d; echo x > ~/.cache/tool/d/f; rm -r ~/.cache/tool;"
        " ln -s ~/private ~/.cache/tool"
    )
    profile, done = learn("sh", "-c", script)
    (as_user.home / ".cache/tool").unlink()
    assert paths(profile) == []
    assert "paths that lead elsewhere by now" in done.stderr


@BY_A_USER
def test_sockets_of_others_are_refused(learn: Learn, as_user: Account, project: Path) -> None:
    script = (
        "import socket, sys\n"
        "for path in sys.argv[1:]:\n"
        "    try: socket.socket(socket.AF_UNIX).connect(path); print('WON')\n"
        "    except OSError as error: print(error.strerror)\n"
        "try: socket.create_connection(('169.254.169.254', 80), 5); print('WON')\n"
        "except OSError as error: print(error.strerror)\n"
    )
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        path = as_user.home / "agent.sock"
        path.unlink(missing_ok=True)
        server.bind(str(path))
        path.chmod(0o777)
        server.listen()
        profile, done = learn("python3", "-c", script, path)
        path.unlink()
    assert "WON" not in done.stderr
    assert "unix_socket" not in profile.get("filesystem", {})
    assert profile["network"] == {"allow_domain": []}
    assert "connect to the unix socket" in done.stderr


@BY_A_USER
def test_servers_of_this_machine_and_its_own(learn: Learn, again: Again) -> None:
    import socket

    script = (
        "import socket, sys\n"
        "own = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(own.getsockname())\n"
        "socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "socket.create_server(('0.0.0.0', int(sys.argv[2])))\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, wide = server.getsockname()[1], later_port()
        command = ("python3", "-c", script, str(port), str(wide))
        profile, done = learn(*command)
        assert done.returncode == 0, done.stderr
        assert profile["network"] == {"open_port": [port]}
        told = f"this machine alone connects to; other machines with --listen-port {wide}"
        assert told in done.stderr
        repeated = again(*command)
        assert (repeated.returncode, repeated.stderr) == (0, "")


@BY_A_USER
def test_flags_that_limit_the_network(learn: Learn) -> None:
    program = (
        "import socket\ntry: socket.create_connection(('127.0.0.1', 9))\n"
        "except OSError as error: print(error.strerror)"
    )
    profile, done = learn("python3", "-c", program, options=("--block-net",))
    assert "Address family not supported" in done.stderr
    assert profile["network"] == {"block": True}


@BY_A_USER
def test_an_interpreter_outside_the_groups(
    learn: Learn, again: Again, as_user: Account, project: Path
) -> None:
    """The kernel opens what stands behind #! by itself: nobody sees that as a call."""
    interpreter = as_user.home / "tools/myshell"
    as_user.file(interpreter, Path("/bin/sh").read_bytes().decode("latin-1"), 0o755)
    interpreter.write_bytes(Path("/bin/sh").read_bytes())
    as_user.file(project / "script", f"#!{interpreter}\necho it ran\n", 0o755)
    command = ("sh", "-c", "./script")
    profile, done = learn(*command)
    assert "it ran" in done.stderr
    assert profile["filesystem"] == {"read_file": ["~/tools/myshell"]}
    repeated = again(*command)
    assert (repeated.stdout, repeated.stderr) == ("it ran\n", "")


@BY_A_USER
def test_a_program_cannot_put_its_own_profile_in_the_place_of_the_learned_one(
    nono: Nono, as_user: Account, project: Path
) -> None:
    forged = '{"filesystem": {"allow": ["/"]}}'
    moves = (
        "rm out.json",
        "mv out.json other.json",
        "rm out.json; ln -s other.json out.json",
    )
    for move in moves:
        script = f"{move}; echo '{forged}' > out.json"
        for options, redirect in (("--json", "> out.json"), ("-o ./out.json", "")):
            learning = f"-P -m nono.supervisor learn -q {options} -- sh -c"
            line = f'exec {as_user.python} {learning} "$0" {redirect}'
            done = as_user("sh", "-c", line, script, cwd=project)
            assert done.returncode == 125, (move, options)
            assert "was removed or replaced while the program ran" in done.stderr
            for path in project.iterdir():
                path.unlink()
    appended = nono("learn", "-q", "-o", "./out.json", "--", "sh", "-c", "echo '{' >> out.json")
    assert appended.returncode == 0, appended.stderr
    assert json.loads((project / "out.json").read_text())["workdir"] == {"access": "readwrite"}


@BY_A_USER
def test_a_name_is_saved_where_run_finds_it(nono: Nono, as_user: Account, project: Path) -> None:
    done = nono("learn", "-q", "-o", "first", "--", "sh", "-c", "echo hello > new")
    saved = as_user.home / ".config/nono/profiles/first.json"
    assert (done.returncode, saved.stat().st_mode & 0o777) == (0, 0o600), done.stderr
    repeated = nono("run", "--profile", "first", "--", "sh", "-c", "cat new")
    assert (repeated.returncode, repeated.stdout, repeated.stderr) == (0, "hello\n", "")
    saved.unlink()


@BY_A_USER
@pytest.mark.parametrize("closed", ["2>&-", "<&-", "0<&- 2>&-"])
def test_closed_streams(as_user: Account, project: Path, closed: str) -> None:
    learning = f"exec {as_user.python} -P -m nono.supervisor learn --json --"
    done = as_user(
        "sh", "-c", f"{learning} sh -c 'echo out; echo err >&2; :' {closed}", cwd=project
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["network"] == {"block": True}
