"""`nono mcp wrap` and `unwrap`: what they make of clients' files. The server: tests/adapters."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nono.supervisor.cli.main import main
from nono.supervisor.cli.mcp_config import Config

CLAUDE = """{
    "theme": "dark",
    "mcpServers": {
        "git": {"command": "npx", "args": ["-y", "server-git"],
                "env": {"GITHUB_TOKEN": "s3cret", "X": "y"}},
        "plain": {"command": "/bin/sérver"},
        "remote": {"url": "https://mcp.example.org"}
    },
    "projects": {"/srv/x": {"mcpServers": {"own": {"command": "own", "args": ["--", "a b"]}}}}
}
"""


def said(capfd: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    """What `nono mcp` prints."""
    with pytest.raises(SystemExit) as end:
        main(["mcp", *words])
    shown = capfd.readouterr()
    assert end.value.code == status, shown.err
    return shown.out + shown.err


def commands(path: Path) -> dict[str, list[str]]:
    """Of each server in the file."""
    data = json.loads(path.read_text())
    servers = {**data["mcpServers"], **data["projects"]["/srv/x"]["mcpServers"]}
    return {
        name: [each["command"], *each.get("args", [])]
        for name, each in servers.items()
        if "command" in each
    }


@pytest.mark.parametrize("closed", [0, 1])
def test_a_server_without_a_client(tmp_path: Path, closed: int) -> None:
    words = [sys.executable, "-P", "-m", "nono.supervisor", "mcp", "--workdir", str(tmp_path)]
    shell = ["sh", "-c", f'exec "$@" {closed}>&-', "sh"]
    done = subprocess.run(
        [*shell, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "nono: stdin or stdout is closed, where the client is",
        "hint: nono mcp --help",
    ]


def test_there_and_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.json"
    file.write_text(CLAUDE)
    file.chmod(0o600)
    before = json.loads(CLAUDE)
    shown = said(capfd, "wrap", str(file), "--", "--block-net", "--read", "/srv/notes")
    assert "  - npx -y server-git\n  + " in shown and f"wrote {file}\n" in shown
    assert "s3cret" not in shown and "remote: left as it is: nothing is started here" in shown
    found = commands(file)
    (nono, *rest) = found["git"]
    assert os.path.isabs(nono)
    # What the file says is the server's alone: nono reads none of it, whatever it is called.
    env = json.loads(file.read_text())["mcpServers"]["git"]["env"]
    assert set(env) == {f"NONO_GIVES_{name}" for name in before["mcpServers"]["git"]["env"]}
    assert "NONO_GIVES_GITHUB_TOKEN" in shown
    options = ["--block-net", "--read", "/srv/notes", "--"]
    assert [*rest[rest.index("run") :]] == ["run", *options, "npx", "-y", "server-git"]
    assert found["own"][-4:] == ["--", "own", "--", "a b"] and "/bin/sérver" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith('{\n    "theme"') and file.read_text().endswith("}\n")
    # Again is nothing, other options are other options, and back is back.
    text = file.read_text()
    again = said(capfd, "wrap", str(file), "--", "--block-net", "--read", "/srv/notes")
    assert "nothing to change" in again and file.read_text() == text
    shown = said(capfd, "wrap", "--server", "git", "--dry-run", str(file), "--", "-p", "node-dev")
    assert "-p node-dev" in shown and "own" not in shown and file.read_text() == text
    assert "wrote" in said(capfd, "unwrap", "--server", "own", str(file))
    assert commands(file)["own"] == ["own", "--", "a b"] and commands(file)["git"] != ["npx"]
    said(capfd, "unwrap", str(file))
    after = json.loads(file.read_text())
    assert after["mcpServers"]["plain"].pop("args") == []
    assert after == before and os.listdir(tmp_path) == ["config.json"]
    assert "nothing to change" in said(capfd, "unwrap", str(file))


def test_files_of_other_clients(tmp_path: Path) -> None:
    server = {"command": "x", "args": []}
    for data in ({"servers": {"a": server}}, {"mcp": {"servers": {"a": server}}}):
        file = tmp_path / "mcp.json"
        file.write_text(json.dumps(data))
        (change,) = Config(str(file)).wrap(["nono"], [], [])
        assert change.after == ["nono", "run", "--", "x"]
    link = tmp_path / "link.json"
    link.symlink_to(file)
    config = Config(str(link))
    config.wrap(["nono"], [], [])
    config.write()
    assert link.is_symlink() and "nono" in file.read_text() and "\n" not in file.read_text()


@pytest.mark.parametrize(
    "server, why",
    [
        ({"command": {"path": "x"}}, "not a word"),
        ({"command": "x", "args": "y"}, "list of arguments"),
        ({"command": "x", "args": [1]}, "not words"),
        ({}, "nothing is started"),
        ({"command": "x", "envFile": "/srv/env"}, "nono itself"),
        ({"command": "x", "env": ["PYTHONPATH=/srv"]}, "no object"),
    ],
)
def test_what_is_left(tmp_path: Path, server: dict[str, Any], why: str) -> None:
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps({"mcpServers": {"a\x1b[2J": server, "no": 7}}))
    (change,) = Config(str(file)).wrap(["nono"], [], [])
    (line,) = change.lines()
    assert why in line and "\x1b" not in line


@pytest.mark.parametrize(
    "words, message",
    [
        (["--allow-cwd"], "wherever the client starts"),
        (["--read", "notes"], "relative to wherever"),
        (["--workdir", "."], "relative to wherever"),
        (["--raed", "/x"], "there is no option --raed"),
        (["--read", "/x", "server"], "after CONFIG come options"),
    ],
)
def test_options_that_depend_on_the_client(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    file = tmp_path / "mcp.json"
    file.write_text(CLAUDE)
    assert message in said(capfd, "wrap", str(file), "--", *words, status=2)
    assert file.read_text() == CLAUDE


@pytest.mark.parametrize("text", ["", "[", "{} // x", "[]", "7", '{"a": {}}', "[" * 100_000])
def test_what_is_no_configuration(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "mcp.json"
    file.write_text(text)
    assert str(file) in said(capfd, "wrap", str(file), status=2)
    assert file.read_text() == text


def test_a_server_that_is_not_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mcp.json"
    file.write_text(CLAUDE)
    assert "there are git, plain" in said(capfd, "unwrap", "--server", "x", str(file), status=2)
    assert "stdin and stdout" in said(capfd, "--ask", status=2)
