"""Services for programs that use nono as a library."""

import os
import sys

import pytest

from nono.broker.credentials.services import built_in_service
from nono.supervisor import NonoError, Options, make_plan, open_sandbox, run
from tests.supervisor.credentials.conftest import Apis
from tests.supervisor.credentials.fake import REAL_KEY

pytestmark = pytest.mark.requires(landlock=2)

_ASK = """
import os, sys, time, urllib.request
time.sleep(float(sys.argv[1]))
url = os.environ["OPENAI_BASE_URL"] + "/slow"
token = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
print(urllib.request.urlopen(urllib.request.Request(url, headers=token)).read().decode())
"""


@pytest.fixture
def keyed(apis: Apis, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in apis.env.items():
        monkeypatch.setenv(name, value)
    return f"{apis.world.dns.address}:{apis.world.dns.port}"


async def test_two_programs_share_a_proxy(keyed: str) -> None:
    """The first one's end does not cut the second one's stream."""
    import trio

    plan = make_plan(Options(proxy_credential=["openai"], dns=[keyed]), [sys.executable])
    outputs: list[str] = []
    async with open_sandbox(plan) as box:

        async def ask(delay: str) -> None:
            done = await box.run([sys.executable, "-c", _ASK, delay], capture_output=True, cwd="/")
            outputs.append((done.stdout or b"").decode() + (done.stderr or b"").decode())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "0")
            nursery.start_soon(ask, "0.7")
    assert outputs == ["one\ntwo\nthree\n\n"] * 2


def test_a_call_without_trio(keyed: str) -> None:
    plan = make_plan(Options(proxy_credential=["openai"], dns=[keyed]), [sys.executable])
    command = [sys.executable, "-c", _ASK, "0"]
    done = run(command, plan, capture_output=True)
    assert done.stdout == b"one\ntwo\nthree\n\n", done.stderr
    assert REAL_KEY in os.environ["OPENAI_API_KEY"]


def test_a_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    plan = make_plan(Options(), ["true"])
    with pytest.raises(NonoError, match="the key for openai"):
        run(["true"], plan, services=[built_in_service("openai")])
