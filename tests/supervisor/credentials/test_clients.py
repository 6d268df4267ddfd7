"""Real clients, unchanged, that never hold a key: the upstream accepts only the real one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, SYSTEM_PATH, program_beside
from tests.supervisor.credentials.conftest import Apis, Inside
from tests.supervisor.credentials.fake import REAL_KEY, Api

_SDKS = program_beside(__file__, "sdks.py")
_NODE = program_beside(__file__, "chat.js")


@BY_A_USER
def test_python_sdks(inside: Inside) -> None:
    done = inside(_SDKS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *("hello", "openai hel", "openai lo"),
        *("hello", "anthropic hel lo"),
        "/v1/models",
    ]
    assert "nono: openai: 3 requests (200: 3)" in done.stderr
    assert "nono: anthropic: 2 requests (200: 2)" in done.stderr
    assert len(Api.seen) == 5


@pytest.fixture(scope="module")
def node_modules(place: Path) -> Path:
    """The `openai` package of npm, from the configured registry."""
    directory = place / "node"
    directory.mkdir(mode=0o755)
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "openai"]
    subprocess.run(command, cwd=directory, check=True, timeout=120)
    return directory / "node_modules"


@BY_A_USER
@pytest.mark.requires(commands=["node", "npm"])
def test_node_sdk(inside: Inside, node_modules: Path) -> None:
    shutil.copytree(node_modules, inside.project / "node_modules")
    inside.account.file(inside.project / "chat.js", _NODE)
    node = shutil.which("node", path=SYSTEM_PATH)
    done = inside.nono(
        *("run", "--allow-cwd", "--proxy-credential", "openai", *inside.apis.flags, "--"),
        *(str(node), "chat.js"),
        env=inside.apis.env,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["hello", "node hel", "node lo"]


@BY_A_USER
@pytest.mark.requires(commands=["curl"])
def test_curl_uploads_and_streams(inside: Inside) -> None:
    script = program_beside(__file__, "uploads_and_streams.sh")
    command = ("run", "--allow-cwd", "--proxy-credential", "anthropic", *inside.apis.flags)
    done = inside.nono(*command, "--", "sh", "-c", script, env=inside.apis.env)
    first, second, third = done.stdout.splitlines()[:3]
    assert '"length": 3000000' in first and '"length": 3000000' in second, done.stderr
    words = third.split()
    assert words[0::2] == ["one", "two", "three"]
    times = [int(word) for word in words[1::2]]
    # The server pauses 0.4 s between the pieces: none of them waited for the next.
    assert times[1] - times[0] > 2e8 and times[2] - times[1] > 2e8


@BY_A_USER
def test_own_services(inside: Inside, apis: Apis) -> None:
    """Each place of a key, by a profile; what the endpoints do not name is refused."""
    upstream = "https://api.openai.com"
    profile = """{"network": {"credentials": ["bot", "query", "basic"], "custom_credentials": {
        "bot": {"upstream": "%(u)s", "credential_key": "env://BOT_KEY", "inject_mode": "url_path",
                "path_pattern": "/bot{}/", "endpoints": [{"method": "GET", "path": "/bot*/me"}]},
        "query": {"upstream": "%(u)s/v1", "credential_key": "env://QUERY_KEY",
                  "inject_mode": "query_param", "query_param_name": "key"},
        "basic": {"upstream": "%(u)s", "credential_key": "file://%(file)s", "env_var": "BASIC",
                  "inject_mode": "basic_auth"}}}}"""
    key = inside.account.file(inside.project / "basic.key", f"user:{REAL_KEY}\n", 0o600)
    inside.account.file(inside.project / "own.json", profile % {"u": upstream, "file": key})
    code = program_beside(__file__, "own_services.py")
    done = inside(
        code,
        "--profile=./own.json",
        services=(),
        env={"BOT_KEY": REAL_KEY, "QUERY_KEY": REAL_KEY},
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "200" and lines[2] == "200" and lines[3] == "200"
    assert lines[1].startswith("(403") and "GET /bot*/me" in lines[1]
    assert "not permitted" in lines[4]
    assert REAL_KEY not in done.stdout + done.stderr
    assert "bot: 2 requests (200: 1, 403: 1)" in done.stderr
