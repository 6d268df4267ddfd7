"""The exit status tells what became of the program, and whether it ran at all."""

import shlex
import signal
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, landlock_abi
from tests.older_kernel import without_note

pytestmark = pytest.mark.requires(landlock=2, commands=["bash"])

RUN = ("run", "--allow-cwd")
SIGNALS = ("HUP", "INT", "QUIT", "ABRT", "KILL", "SEGV", "PIPE", "ALRM", "TERM", "USR1", "SYS")


@BY_A_USER
@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_that_ends_the_program_ends_nono(nono: Nono, name: str) -> None:
    number = signal.Signals["SIG" + name]
    done = nono(*RUN, "--", "/usr/bin/python3", "-S", "-c", SUICIDE, str(int(number)))
    assert done.returncode == -number
    assert ("SIGSYS ended the program" in done.stderr) == (name == "SYS")
    assert len(done.stderr.splitlines()) == (name == "SYS")


SUICIDE = """
import os, resource, signal, sys
number = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if number != signal.SIGKILL:
    signal.signal(number, signal.SIG_DFL)
os.kill(os.getpid(), number)
"""


def test_what_cannot_be_executed_is_126(nono: Nono, as_user: Account, project: Path) -> None:
    as_user.file(project / "plain", "text")
    as_user.file(project / "formless", "neither one\n", 0o755)
    as_user.file(project / "orphaned", "#!/no/such/interpreter\n", 0o755)
    as_user.directory(project / "directory")
    for name, said in (
        ("plain", "Permission denied"),
        ("directory", "Permission denied"),
        ("formless", "neither a program nor a script"),
        ("orphaned", "the interpreter that it names was not found"),
    ):
        done = nono(*RUN, "--", f"./{name}")
        assert (done.returncode, done.stdout) == (126, "")
        error, hint = done.stderr.splitlines()
        assert error.startswith(f"nono: ./{name}: {said}")
        assert hint.startswith("hint: ")
        assert name in hint


def test_a_script_without_a_first_line_runs_by_the_hint(
    nono: Nono, as_user: Account, project: Path
) -> None:
    for mode, named in ((0o644, "noexec.sh"), (0o755, "./noexec.sh")):
        as_user.file(project / "noexec.sh", 'echo hi "$1"\n', mode)
        hint = nono("run", named).stderr.partition("hint: nono ")[2]
        done = nono(*shlex.split(hint), "there")
        assert (done.returncode, done.stdout, done.stderr) == (0, "hi there\n", "")


def test_a_data_file_that_was_taken_for_a_command_has_one_reason(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """No flag makes it a program, so none is named."""
    data = as_user.file(as_user.home / f"{project.name}.csv", "1,2\n")
    error, hint = nono(*RUN, "--", data).stderr.splitlines()
    assert error == f"nono: {data}: Permission denied: it is not executable"
    assert hint == f"hint: ls -l {data}"
    execute = ("python3", "-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])", data)
    assert "refused" not in nono(*RUN, "--", *execute).stderr
    data.chmod(0o755)  # one that its mode would let run is refused by the rules
    assert f"execute {data}: " in nono(*RUN, "--", *execute).stderr


def test_what_the_policy_forbids_to_execute_is_126_and_reported(nono: Nono) -> None:
    done = nono(*RUN, "--deny", "/usr/bin/env", "--", "/usr/bin/env")
    assert done.returncode == 126
    assert "execute /usr/bin/env: denied by flag --deny" in done.stderr
    assert "nono: /usr/bin/env: Operation not permitted\nhint: " in done.stderr


@BY_A_USER
@pytest.mark.parametrize("name", ["no-such-command", "./absent", "/usr/bin/env/below", ""])
def test_what_is_not_there_is_127(nono: Nono, name: str) -> None:
    done = nono(*RUN, "--", name, "argument")
    assert (done.returncode, done.stdout) == (127, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("nono: ")
    said = "No such file or directory" if "/" in name else "command not found"
    assert error.endswith(said)
    assert hint == 'hint: echo "$PATH"' or hint.startswith("hint: ls ")


@pytest.mark.parametrize(
    "flags", [("--read", "absent"), ("--workdir", "absent"), ("--frobnicate",)]
)
def test_125_means_that_nothing_was_run(nono: Nono, project: Path, flags: tuple[str, ...]) -> None:
    done = nono(*RUN, *flags, "--", "touch", "made")
    assert done.returncode == 125
    assert len(done.stderr.splitlines()) == 2
    assert not (project / "made").exists()


@BY_A_USER
def test_a_working_directory_that_is_gone(nono: Nono, as_user: Account) -> None:
    script = 'mkdir gone; cd gone; rmdir ../gone; exec "$0" -P -m nono.supervisor run -- true'
    done = as_user("bash", "-c", script, as_user.python)
    assert done.returncode == 125
    assert done.stderr == "nono: the working directory was deleted\nhint: cd ~\n"
    home = str(as_user.home)
    for words in (
        ["run", "--workdir", home, "--", "true"],
        ["run", "--workdir", home, "--profile", "python-dev", "--", "true"],
        ["why", "--workdir", home, "--path", "/etc/passwd"],
    ):
        done = as_user("bash", "-c", script.replace("run -- true", '"$@"'), as_user.python, *words)
        assert done.returncode == 0, done.stderr
    for line in (
        f"run --workdir {home} --profile ./own.json -- true",
        "grant run --read here",
        "answers list",
        "trust",
        "profile validate own.json",
    ):
        words = line.split()
        done = as_user("bash", "-c", script.replace("run -- true", '"$@"'), as_user.python, *words)
        assert done.returncode in (2, 125)
        assert done.stderr == "nono: the working directory was deleted\nhint: cd ~\n", line


def test_a_working_directory_that_is_denied(nono: Nono, project: Path, as_user: Account) -> None:
    """The program starts in it all the same, as it may change to it; it cannot use it."""
    as_user.file(project / "file", "content")
    done = nono(*RUN, "--deny", ".", "--", "sh", "-c", "pwd; cat file; ls; echo > new; exit 4")
    assert (done.returncode, done.stdout) == (4, f"{project}\n")
    assert "denied by flag --deny ." in done.stderr
    assert sorted(path.name for path in project.iterdir()) == ["file"]


@BY_A_USER
def test_a_pipeline_ends_with_the_program_and_not_with_its_orphans(
    as_user: Account, project: Path
) -> None:
    nono = f"{as_user.python} -P -m nono.supervisor run --allow-cwd"
    script = f"{nono} -- sh -c '(trap \"\" TERM HUP; sleep 1000) & echo out; exit 6' | cat"
    done = as_user("bash", "-o", "pipefail", "-c", script, cwd=project)
    assert (done.returncode, done.stdout) == (6, "out\n")


def test_a_directory_is_no_program_and_no_flag_makes_it_one(nono: Nono) -> None:
    done = nono("run", "--", ".")
    assert done.returncode == 126
    assert done.stderr == "nono: .: Permission denied: it is a directory\nhint: ls .\n"


@BY_A_USER
def test_no_descriptors_to_start_with(as_user: Account, project: Path) -> None:
    """At every limit nono either runs the program or says in two lines why not."""
    script = f'ulimit -n "$1"; exec {as_user.python} -P -m nono.supervisor run -- echo on'
    outcomes = set()
    for limit in range(6, 26):
        done = as_user("bash", "-c", script, "bash", str(limit), cwd=project)
        outcomes.add(done.returncode)
        assert "Traceback" not in done.stderr, limit
        if done.returncode == 0:
            said = without_note(done.stderr, landlock_abi())
            assert (done.stdout, said) == ("on\n", "")
        else:
            assert (done.returncode, done.stdout) == (125, ""), limit
            assert done.stderr.startswith("nono: "), limit
            assert done.stderr.endswith("\nhint: ulimit -n 1024\n"), limit
            assert "Too many open files" in done.stderr or "none is left" in done.stderr, limit
    assert outcomes == {0, 125}
