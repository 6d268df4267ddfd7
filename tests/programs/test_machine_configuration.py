"""The machine's configuration of pip, git, npm: found inside, without its credentials.

A directory of root's in /opt stands in for /etc/xdg: XDG_CONFIG_DIRS names it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

SECRET = "hunter2-5d2c81"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes files of root's")


@pytest.fixture
def machine() -> Iterator[Path]:
    """A directory that is the machine's."""
    path = Path(tempfile.mkdtemp(prefix="nono-tests-", dir="/opt"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    return path


def wheel(directory: Path, version: str) -> None:
    directory.mkdir(exist_ok=True)
    info = f"demo-{version}.dist-info"
    with zipfile.ZipFile(directory / f"demo-{version}-py3-none-any.whl", "w") as file:
        file.writestr("demo.py", f"version = {version!r}\n")
        file.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n"
        )
        file.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(f"{info}/RECORD", "")


def configure(machine: Path, more: str = "") -> dict[str, str]:
    """A pip with constraints and wheels of the machine's; the variables that lead to it."""
    for version in ("1.0", "2.0"):
        wheel(machine / "wheels", version)
    put(machine / "more.txt", "demo<1.5\n")
    put(machine / "constraints.txt", "-c more.txt\n")
    put(
        machine / "xdg/pip/pip.conf",
        f"[global]\nno-index = true\nfind-links = {machine}/wheels\n"
        f"constraint = {machine}/constraints.txt\n{more}",
    )
    return {"XDG_CONFIG_DIRS": f"{machine}/xdg"}


def install(as_user: Account) -> tuple[str, ...]:
    pip = ("-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check")
    return ("--", as_user.python, *pip, "--target", "out", "demo")


@BY_A_USER
def test_pip_with_constraints(nono: Nono, as_user: Account, project: Path, machine: Path) -> None:
    env = configure(machine)
    done = nono("run", "--allow-cwd", *install(as_user), env=env)
    assert (done.returncode, "nono:" in done.stderr) == (0, False), done.stderr
    assert (project / "out/demo.py").read_text() == "version = '1.0'\n"
    files = (machine / "xdg/pip/pip.conf", machine / "more.txt", machine / "constraints.txt")
    assert nono("run", "--floor-only", "--", "cat", *files, env=env).returncode == 0


@BY_A_USER
def test_pip_without_the_credentials(
    nono: Nono, as_user: Account, project: Path, machine: Path
) -> None:
    env = configure(machine, f"extra-index-url = https://user:{SECRET}@pypi.example/simple\n")
    config = machine / "xdg/pip/pip.conf"
    done = nono("run", "--allow-cwd", *install(as_user), env=env)
    assert done.returncode == 0, done.stderr
    assert (project / "out/demo.py").read_text() == "version = '1.0'\n"
    note = f"nono: note: {config}: the program does not get the credentials in extra-index-url\n"
    assert note in done.stderr and SECRET not in done.stderr
    for flags in ([], ["--read", str(machine)], ["--block-net"], ["--allow-domain=a.example"]):
        done = nono("run", *flags, "--", "cat", config, env=env)
        assert (done.returncode, SECRET in done.stdout) == (0, False)
        assert "extra-index-url = https://pypi.example/simple" in done.stdout
        done = nono("run", *flags, "--floor-only", "--", "cat", config, env=env)
        assert (done.returncode, done.stdout) == (1, "")
    lifted = nono("run", f"--bypass-protection={config}", "--", "cat", config, env=env)
    assert lifted.stdout == config.read_text()
    refused = nono("run", f"--deny={config}", "--", "cat", config, env=env)
    assert (refused.returncode, refused.stdout) == (1, "")


@BY_A_USER
def test_why_and_dry_run_say_it(nono: Nono, machine: Path) -> None:
    env = configure(machine)
    config = machine / "xdg/pip/pip.conf"
    for path, rule in (
        (config, "system-wide configuration of pip"),
        (machine / "constraints.txt", f"constraint in {config}"),
        (machine / "more.txt", f"c in {machine}/constraints.txt"),
        (machine / "wheels/x.whl", f"find-links in {config}"),
    ):
        done = nono("why", "--path", path, env=env)
        assert done.returncode == 0 and f"rule: built-in rule {rule}\n" in done.stdout
        assert nono("why", "--path", path, "--op", "write", env=env).returncode == 1
    listed = nono("run", "-v", "--dry-run", "--", "true", env=env).stdout
    assert (
        f"allow read: {machine}/constraints.txt  [built-in rule constraint in {config}]" in listed
    )
    put(config, f"[global]\nindex-url = https://user:{SECRET}@pypi.example/\n")
    assert nono("why", "--path", config, env=env).returncode == 0
    listed = nono("run", "--dry-run", "--", "true", env=env).stdout
    assert f"a copy without credentials, to read: {config}" in listed


@BY_A_USER
def test_learning_sees_nothing_to_allow(
    nono: Nono, as_user: Account, project: Path, machine: Path
) -> None:
    env = configure(machine, f"extra-index-url = https://user:{SECRET}@pypi.example/simple\n")
    done = nono("learn", "--json", *install(as_user), env=env)
    assert done.returncode == 0, done.stderr
    assert str(machine) not in done.stdout and SECRET not in done.stdout


READ = program_beside(__file__, "read_paths.py")


def test_others_configuration_names_nothing(
    nono: Nono, as_user: Account, project: Path, machine: Path
) -> None:
    """A person's own, a project's, one that others may write, and one in what is opened."""
    private = put(machine / "private.txt", SECRET)
    text = f"[global]\nconstraint = {private}\n"
    places = [as_user.home / ".config", project / "xdg", machine / "loose", machine / "linked"]
    for place in places[:2]:
        as_user.file(place / "pip/pip.conf", text)
    put(places[2] / "pip/pip.conf", text).chmod(0o666)
    places[3].mkdir()
    (places[3] / "pip").symlink_to(project / "xdg/pip")
    as_user.file(project / "pip.conf", text)
    as_user.file(project / ".npmrc", f"cafile={private}\n")
    put(machine / "own/xdg/pip/pip.conf", text)
    env = {"XDG_CONFIG_DIRS": ":".join(map(str, places)), "PIP_CONFIG_FILE": "pip.conf"}
    read = ("--", "/usr/bin/python3", "-c", READ, private)
    assert SECRET not in nono("run", "--allow-cwd", *read, env=env).stdout
    own = {"XDG_CONFIG_DIRS": f"{machine}/own/xdg"}
    assert SECRET in nono("run", *read, env=own).stdout
    if as_user.uid == 0:
        assert SECRET not in nono("run", *read, env=own, cwd=machine / "own").stdout
        opened = ("run", "--write", machine / "own", *read)
        assert SECRET not in nono(*opened, env=own).stdout


@BY_A_USER
def test_a_variable_names_files_and_no_more(
    nono: Nono, as_user: Account, project: Path, machine: Path
) -> None:
    certificate = put(machine / "ca.pem", "certificate")
    private = put(machine / "private.txt", SECRET)
    key = put(machine / "key.pem", f"-----BEGIN PRIVATE KEY-----\n{SECRET}")
    (project / "link.pem").symlink_to(private)
    hidden = as_user.file(as_user.home / ".ssh/ca.pem", SECRET)
    read = ("--", "/usr/bin/python3", "-c", READ)
    env = {
        "PIP_CERT": str(certificate),
        "SSL_CERT_FILE": str(project / "link.pem"),
        "CURL_CA_BUNDLE": str(hidden),
        "REQUESTS_CA_BUNDLE": str(key),
        "PIP_FIND_LINKS": f"/ {as_user.home} ~ /var",
    }
    done = nono("run", *read, certificate, private, hidden, key, env=env)
    assert done.stdout == "certificate\nno\nno\nno\n"
    assert f"{key} (built-in rule variable REQUESTS_CA_BUNDLE) holds a private key" in done.stderr
    assert nono("run", *read, certificate).stdout == "no\n"


def test_nothing_holds_up_the_start(nono: Nono, machine: Path, project: Path) -> None:
    xdg = machine / "xdg"
    xdg.mkdir()
    (xdg / "pip").mkdir()
    os.mkfifo(xdg / "pip/pip.conf", 0o666)
    (xdg / "uv").symlink_to(xdg / "uv")
    (machine / "loop").symlink_to("loop")
    big = put(machine / "big/pip/pip.conf", "# \n" * 100_000)
    odd = put(machine / "odd/pip/pip.conf", f"\0[\nconstraint = /\0 {machine}/odd/pip/pip.conf\n")
    env = {
        "XDG_CONFIG_DIRS": f"{xdg}:{machine}/big:{machine}/odd:relative:{machine}/loop:"
        + ":/x" * 99,
        "PIP_CERT": "/dev/zero",
        "PIP_CONFIG_FILE": "/dev/tty",
        "SSL_CERT_DIR": "/" * 5000,
        "PIP_CONSTRAINT": "%00 \x01 ~ file: file:%00 file:///%2e%2e " + "../" * 2000,
    }
    done = nono("run", "--", "cat", odd, env=env)
    assert done.returncode == 0, done.stderr
    done = nono("run", "--", "cat", big, env=env)
    assert done.returncode == 1 and f"{big} is not opened" in done.stderr


@BY_A_USER
@pytest.mark.requires(commands=["git"])
def test_git_includes(nono: Nono, machine: Path, project: Path) -> None:
    put(machine / "more", f'[http "https://x/"]\n\textraHeader = Bearer {SECRET}\n[a]\n\tb = c\n')
    config = put(machine / "gitconfig", "[include]\n\tpath = more\n[user]\n\tname = A\n")
    env = {"GIT_CONFIG_SYSTEM": str(config)}
    done = nono("run", "--", "git", "config", "--system", "--includes", "-l", env=env)
    assert done.stdout.splitlines() == ["include.path=more", "a.b=c", "user.name=A"]
    assert SECRET not in done.stderr and "extraheader" in done.stderr.lower()


@BY_A_USER
@pytest.mark.requires(commands=["npm"])
def test_npm_without_its_token(nono: Nono, machine: Path, project: Path) -> None:
    config = put(
        machine / "npmrc", f"//r.example/:_authToken={SECRET}\nregistry=https://r.example/\n"
    )
    env = {"NPM_CONFIG_GLOBALCONFIG": str(config)}
    done = nono("run", "--allow-cwd", "-q", "--", "npm", "config", "get", "registry", env=env)
    assert done.stdout == "https://r.example/\n", done.stderr
    assert SECRET not in nono("run", "--", "cat", config, env=env).stdout


LIBRARY = program_beside(__file__, "run_with_plan.py")


def test_the_library(as_user: Account, project: Path, machine: Path) -> None:
    env = configure(machine)
    config = put(machine / "xdg/pip/pip.conf", f"[global]\nindex-url=https://{SECRET}@x/\n")
    command = (as_user.python, "-P", "-c", LIBRARY, machine, config)
    done = as_user(*command, cwd=project, env=env)
    assert done.stdout.splitlines() == ["1 b''", "0 b'[global]\\nindex-url=https://x/\\n'"]


@pytest.mark.requires(commands=["unshare", "mount"])
def test_the_places_in_etc(root: Account, tmp_path: Path, machine: Path) -> None:
    """The real /etc/xdg/pip/pip.conf, in a mount namespace of its own."""
    configure(machine)
    etc = machine / "etc"
    script = (
        'cp -a /etc "$0" && cp -a "$1" "$0/xdg" && mount --bind "$0" /etc && shift && exec "$@"'
    )
    nono = (root.python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd")
    wrapped = ("unshare", "-m", "sh", "-c", script, etc, f"{machine}/xdg/.", *nono)
    done = root(*wrapped, *install(root), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/demo.py").read_text() == "version = '1.0'\n"
