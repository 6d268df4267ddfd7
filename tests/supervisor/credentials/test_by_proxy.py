"""Services where hosts are reached by nono's other proxy alone: theirs is on this machine."""

from tests.conftest import BY_A_USER
from tests.supervisor.credentials.conftest import Inside

MODELS = """
import os, urllib.request
url = os.environ["OPENAI_BASE_URL"] + "/models"
key = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
print(urllib.request.urlopen(urllib.request.Request(url, headers=key)).status)
try:
    urllib.request.urlopen("https://api.openai.com/")
except OSError as error:
    print(error)
"""


@BY_A_USER
def test_a_service(inside: Inside) -> None:
    done = inside(MODELS, "--network=proxy")
    assert done.returncode == 0, done.stderr
    status, refused = done.stdout.splitlines()
    assert status == "200" and "403" in refused
    assert "nono: openai: 1 request (200: 1)" in done.stderr
    assert "connect to api.openai.com port 443: no rule allows it" in done.stderr
