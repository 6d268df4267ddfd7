"""Chroots, pid namespaces, an odd /proc, homes that are none: nono works, or says what it is."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Account, Finished, program_beside

pytestmark = [
    pytest.mark.requires(landlock=4, commands=["unshare", "setpriv", "mount", "chroot"]),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes such machines"),
]

CHROOT = program_beside(__file__, "chroot.sh")
PROGRAM = "echo made > out; cat out; cat /etc/passwd > /dev/null; mktemp; readlink /proc/self"
WORKS = "made\n"


@pytest.fixture
def project(user: Account) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="odd-", dir="/var/tmp"))
    path.chmod(0o755)
    yield user.directory(path / "project").parent
    shutil.rmtree(path)


def there(
    root: Account, user: Account, project: Path, before: str, *arguments: str, home: str = "/"
) -> Finished:
    """What nono leaves as the ordinary user in namespaces that the script `before` has changed."""
    users = ("setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups")
    nono = (user.python, "-P", "-m", "nono.supervisor", *arguments)
    command = shlex.join(("exec", "env", f"HOME={home}", *users, *nono))
    (project / "nono.sh").write_text(command)
    script = f"set -e\n{before}\nsh {project}/nono.sh"
    return root("unshare", "-m", "-p", "-f", "sh", "-c", script, cwd=project / "project")


def test_a_chroot_without_shared_memory(root: Account, user: Account, project: Path) -> None:
    """Its root is no mount point, and its user has the home that Docker gives."""
    new = project / "root"
    new.mkdir()
    (project / "chroot.sh").write_text(CHROOT)
    inside = f"mount -t proc proc /proc; cd {project}/project; exec sh {project}/nono.sh"
    enter = f"exec sh {project}/chroot.sh {new} sh -ec {shlex.quote(inside)}"
    done = there(root, user, project, enter, "run", "--allow-cwd", "--", "sh", "-c", PROGRAM)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(WORKS)
    assert "there is no audit: /.local: Permission denied" in done.stderr


OWN_SOCKET = """
import socket
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    server, client = (socket.socket(socket.AF_UNIX, kind) for _ in range(2))
    server.bind(f"own-{kind}")
    if kind == socket.SOCK_STREAM:
        server.listen()
    client.connect(f"own-{kind}")
print("reached")
"""


def test_own_sockets_on_a_mount_that_is_out_of_sight(
    root: Account, user: Account, project: Path
) -> None:
    """The root of a chroot is mostly none, and then nothing tells what it lies on."""
    new = project / "root"
    new.mkdir()
    user.directory(new / "plain")
    (project / "chroot.sh").write_text(CHROOT)
    inside = f"mount -t proc proc /proc; cd /plain; exec sh {project}/nono.sh"
    enter = f"exec sh {project}/chroot.sh {new} sh -ec {shlex.quote(inside)}"
    run = ("run", "--no-audit", "--allow-cwd", "--", "python3", "-c", OWN_SOCKET)
    done = there(root, user, project, enter, *run)
    assert (done.stdout, done.returncode) == ("reached\n", 0), done.stderr


@pytest.mark.parametrize("option", ["hidepid=1", "hidepid=2", "subset=pid"])
def test_a_proc_that_hides(root: Account, user: Account, project: Path, option: str) -> None:
    mount = f"mount -t proc -o {option} proc /proc"
    run = ("run", "--no-audit", "--allow-cwd", "--", "sh", "-c", PROGRAM)
    done = there(root, user, project, mount, *run, home=str(user.home))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(WORKS)


def test_a_dev_without_anything(root: Account, user: Account, project: Path) -> None:
    """The error names the file, and the command that it names has the remedy."""
    before = "mount -t proc proc /proc; mount -t tmpfs none /dev"
    done = there(root, user, project, before, "run", "--allow-cwd", "--", "/bin/true")
    assert done.returncode == 125
    assert "/dev/null: No such file or directory\nhint: nono setup --check\n" in done.stderr
    checked = there(root, user, project, before, "setup", "--check")
    assert "NO  /dev/null: No such file or directory\n     nothing starts: " in checked.stdout


def test_the_proc_of_another_namespace(root: Account, user: Account, project: Path) -> None:
    done = there(root, user, project, "", "setup", "--check")
    assert done.returncode == 1
    assert "NO  /proc: not ours\n     /proc belongs to another pid namespace" in done.stdout
    assert "-   audits: /.local/state/nono" in done.stdout


def test_yama(root: Account, user: Account, project: Path) -> None:
    """Emulated: the number is another, what the kernel allows is not."""
    mount = "mount -t proc proc /proc; mount -t tmpfs none /proc/sys/kernel"
    scopes = f"""{mount}
        mkdir /proc/sys/kernel/yama
        for scope in 1 2 3; do
            echo $scope > /proc/sys/kernel/yama/ptrace_scope
            sh {project}/nono.sh || echo $?
        done
        exit"""
    done = there(root, user, project, scopes, "run", "--no-audit", "--", "echo", "ran")
    assert done.stdout.split() == ["ran", "125", "125"]
    said = done.stderr.splitlines()
    assert "ptrace_scope is 2, and it wants CAP_SYS_PTRACE" in said[0]
    assert said[1] == "hint: sudo sysctl kernel.yama.ptrace_scope=1"
    assert "ptrace_scope is 3, and it allows nobody until the next boot" in said[2]


def test_a_home_that_cannot_be_written(root: Account, user: Account, project: Path) -> None:
    home = user.directory(project / "home")
    mount = f"mount -t proc proc /proc; mount --bind {home} {home}; mount -o remount,bind,ro {home}"
    run = ("run", "--allow-cwd", "--", "sh", "-c", PROGRAM)
    done = there(root, user, project, mount, *run, home=str(home))
    assert done.returncode == 0 and done.stdout.startswith(WORKS), done.stderr
    assert f"there is no audit: {home}/.local: Read-only file system" in done.stderr
    profile = ("run", "--profile", "python-dev", "--", "true")
    refused = there(root, user, project, mount, *profile, home=str(home))
    assert refused.returncode == 125
    assert f"{home}/.cache/nono/caches/python-dev: the caches of this sandbox" in refused.stderr


def test_homes_that_are_none(user: Account, project: Path) -> None:
    """Every profile's paths are paths in `/` as well."""
    nono = (user.python, "-P", "-m", "nono.supervisor", "run", "--dry-run")
    for home, profile in (("/", "claude-code"), ("/nonexistent", "agent"), ("", "opencode")):
        done = user(
            *nono, "--profile", profile, "true", cwd=project / "project", env={"HOME": home}
        )
        assert done.returncode == 0, done.stderr


def test_an_answer_that_nobody_reads_to_its_end(user: Account, project: Path) -> None:
    nono = shlex.join((user.python, "-P", "-m", "nono.supervisor"))
    script = f"for each in 'run --dry-run -v true' 'run --help'; do {nono} $each | head -n 1; done"
    done = user("bash", "-o", "pipefail", "-ec", script, cwd=project / "project")
    assert (done.returncode, done.stderr) == (0, "")
    closed = f"for each in 'run --dry-run -v true' 'run --help'; do {nono} $each | true; done"
    assert user("bash", "-o", "pipefail", "-ec", closed, cwd=project / "project") == Finished(
        0, "", ""
    )
