"""Where keys come from: the keychain, variables and files; what is missing stops the run."""

import os
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono
from tests.supervisor.credentials.conftest import Inside
from tests.supervisor.credentials.fake import REAL_KEY

_CHAT = """
import os, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/models"
token = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
print(urllib.request.urlopen(urllib.request.Request(url, headers=token)).status)
"""
_PLAINTEXT = {
    "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
    "NONO_PLAINTEXT_KEYRING": "1",
}


@BY_A_USER
def test_the_keychain(inside: Inside) -> None:
    """Stored, listed, tested, used and deleted, in a backend that is plain text on demand."""
    nono = inside.nono

    def credential(*words: str, input: str | None = None) -> tuple[int, str]:
        done = nono("credential", *words, env=_PLAINTEXT, input=input)
        assert REAL_KEY not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    assert credential("test", "openai")[0] == 1
    code, said = credential("set", "openai", input=REAL_KEY + "\n")
    assert code == 0 and "service nono, account openai_api_key" in said
    assert credential("test", "openai") == (
        0,
        "openai: there is a usable key in the keychain (service nono, account openai_api_key)\n",
    )
    assert "openai  https://api.openai.com/v1  key in the keychain" in credential("list")[1]
    env = {**_PLAINTEXT, "OPENAI_API_KEY": ""}
    done = inside(_CHAT, services=("openai",), env=env)
    assert done.stdout == "200\n", done.stderr
    named = inside(_CHAT, services=("openai=keyring://nono/openai_api_key",), env=env)
    assert named.stdout == "200\n", named.stderr
    assert credential("delete", "openai")[0] == 0
    assert credential("delete", "openai")[0] == 1
    done = inside(_CHAT, services=("openai",), env=env)
    assert done.returncode == 125
    assert "there is no key for openai" in done.stderr and "openai_api_key" in done.stderr
    assert "hint: nono credential set openai\n" in done.stderr


@BY_A_USER
def test_keychains_that_are_none(nono: Nono, as_user: Account) -> None:
    plain = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring"}
    done = nono("credential", "set", "openai", env=plain, input=REAL_KEY)
    assert done.returncode == 2
    assert "stores keys as plain text" in done.stderr and "NONO_PLAINTEXT_KEYRING" in done.stderr
    nothing = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    done = nono("run", "--proxy-credential=openai", "--", "true", env=nothing)
    assert done.returncode == 125
    assert "no keychain that is open to you" in done.stderr
    place = as_user.home / ".config/nono/openai.key"
    assert "hint: read -rs OPENAI_API_KEY && export OPENAI_API_KEY\n" in done.stderr
    assert f"--proxy-credential openai=file://{place}\n" in done.stderr
    meant = nono(
        "run", "--proxy-credential=openai=MINE", "--", "true", env={**nothing, "MINE": "x"}
    )
    assert "did you mean --proxy-credential openai=env://MINE?" in meant.stderr
    empty = nono("credential", "set", "openai", env=nothing, input="\n")
    assert "hint: nono credential set openai < FILE\n" in empty.stderr
    done = nono("credential", "list", env={**nothing, "GROQ_API_KEY": REAL_KEY})
    assert done.returncode == 0 and done.stderr.count("no keychain that is open to you") == 1
    why = "nono: this machine has no keychain that is open to you"
    assert done.stderr == f"{why}: no key in a keychain is looked for\n"
    assert "https://api.openai.com/v1  key not known" in done.stdout
    assert "key in the variable GROQ_API_KEY" in done.stdout and "no key" not in done.stdout
    broken = {"PYTHON_KEYRING_BACKEND": "no.such.module"}
    done = nono("run", "--proxy-credential=openai", "--", "true", env=broken)
    assert done.returncode == 125 and "no usable keychain" in done.stderr


def test_files(inside: Inside, tmp_path: Path) -> None:
    account, home = inside.account, inside.account.home
    key = account.file(home / "key", REAL_KEY + "\n", 0o600)

    def run(name: str) -> str:
        service = f"openai=file://{home / name}"
        done = inside(_CHAT, services=(service,), env={"OPENAI_API_KEY": ""})
        assert done.returncode in (0, 125), done.stderr
        assert REAL_KEY not in done.stderr
        return done.stdout if done.returncode == 0 else done.stderr

    assert run("key") == "200\n"
    assert "No such file" in run("missing")
    (home / "link").symlink_to(key)
    assert "a symbolic link" in run("link")
    account.file(home / "open", REAL_KEY, 0o640)
    assert "others may read or write it" in run("open") and "chmod 600" in run("open")
    os.link(key, home / "second")
    assert "it has other names" in run("key")
    (home / "second").unlink()
    os.mkfifo(home / "fifo", 0o600)
    os.chown(home / "fifo", account.uid, account.gid)
    assert "not a regular file" in run("fifo")
    account.file(home / "short", "abc", 0o600)
    assert "less than 8 characters" in run("short")
    account.file(home / "lines", f"{REAL_KEY}\nX-Other: 1\n", 0o600)
    assert "line breaks" in run("lines")
    if account.uid:
        stranger = home / "stranger"
        stranger.write_text(REAL_KEY)
        stranger.chmod(0o600)
        os.chown(stranger, 1, 1)
        assert "Permission denied" in run("stranger")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--proxy-credential=opnai"], "did you mean 'openai'?"),
        (["--proxy-credential=openai=vault://x"], "this is no place of a key (vault://...)"),
        (["--proxy-credential=openai=file:/k/key"], "the colon\nhint: file:///k/key\n"),
        (["--proxy-credential=openai=~/k/key"], "with file://\nhint: file://$HOME/k/key\n"),
        (["--proxy-credential=openai=file:~/k/key"], "here\nhint: file://$HOME/k/key\n"),
        (["--proxy-credential=openai=file://~/k/key"], "hint: file://$HOME/k/key\n"),
        (["--proxy-credential=openai=env:TICKETS"], "hint: env://TICKETS\n"),
        (["--proxy-credential=openai", "--block-net"], "contradict each other"),
        (["--proxy-credential=openai", "--floor-only"], "need the broker"),
        (["--proxy-credential=openai=env://NOT_SET"], "not in the variable NOT_SET"),
    ],
)
def test_what_cannot_be_meant(nono: Nono, arguments: list[str], message: str) -> None:
    done = nono("run", *arguments, "--", "true", env={"OPENAI_API_KEY": REAL_KEY})
    assert done.returncode == 125
    assert message in done.stderr


@BY_A_USER
def test_dry_run_and_nothing_else_is_open(inside: Inside) -> None:
    done = inside(_CHAT, "--dry-run", services=("openai",))
    for line in (
        "network: filtered",
        "service openai: https://api.openai.com/v1",
        "  host, through nono only: api.openai.com",
        "  key from the variable OPENAI_API_KEY",
        "  variables with a token: OPENAI_API_KEY",
    ):
        assert line in done.stdout.splitlines()
    code = "import socket; socket.create_connection(('api.openai.com', 443))"
    done = inside(code, services=("openai",))
    assert "ConnectionRefusedError" in done.stderr


@BY_A_USER
def test_learning_with_a_service(inside: Inside) -> None:
    inside.account.file(inside.project / "program.py", _CHAT)
    command = (inside.account.python, "program.py")
    flags = ("--proxy-credential=openai", *inside.apis.flags)
    output = inside.project / "learned.json"
    env = inside.apis.env
    done = inside.nono("learn", "-o", output, *flags, "--", *command, env=env)
    assert done.returncode == 0 and done.stdout == "200\n", done.stderr
    assert '"credentials": [\n      "openai"\n    ]' in output.read_text()
    assert "127.0.0.1" not in output.read_text()
    run = inside.nono("run", f"--profile={output}", *inside.apis.flags, "--", *command, env=env)
    assert run.stdout == "200\n", run.stderr
    assert "refused" not in run.stderr
    replayed = inside.nono("audit", "replay", "last", f"--profile={output}", *inside.apis.flags)
    assert replayed.returncode == 0, replayed.stdout
