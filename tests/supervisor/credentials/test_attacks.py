"""Attacks on the credential proxy, from inside the sandbox and from beside it."""

import json
import socket
import threading
import time

from tests.conftest import program_beside
from tests.supervisor.credentials.conftest import Inside
from tests.supervisor.credentials.fake import REAL_KEY, Api

_RAW = program_beside(__file__, "raw.py")
_TRICKS = program_beside(__file__, "tricks.py")
_EXPECTED = {
    "fine": 200,
    "none": 401,
    "wrong": 401,
    "other": 403,
    "connect": 407,
    "absolute": 400,
    "both": 400,
    "lengths": 400,
    "encodings": 501,
    "space": 400,
    "fold": 200,
    "cr": 400,
    "nul": 400,
    "space in target": 200,
    "hosts": 400,
    "up": 400,
    "huge head": 431,
    "endless target": 431,
    "not http": 400,
    "redirect": 307,
    "elsewhere": 307,
    "gzip": 502,
    "two framings": 200,
    "head": 200,
    "head refused": 401,
    "head failed": 502,
    "h2c": 200,
}


def test_tricks(inside: Inside) -> None:
    done = inside(_RAW + _TRICKS)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for name, status in _EXPECTED.items():
        answer = answers[name]
        # What we refuse may be reset while it is still being sent.
        assert f" {status} " in answer[:20] or (status >= 400 and answer == "reset"), (name, answer)
        if name.startswith("head "):
            assert answer.endswith("\r\n\r\n"), answer
        elif 400 <= status < 500 and answer != "reset":
            assert '"message": "nono: ' in answer, answer
    assert "bug in nono" not in done.stderr, done.stderr
    assert REAL_KEY not in done.stdout + done.stderr
    assert "hello" in answers["two framings"] and "content-length" not in answers["two framings"]
    port = answers["redirect"].partition("http://127.0.0.1:")[2]
    assert port.partition("/")[2].startswith("openai/v1/models")
    assert "https://elsewhere.example/v1/models" in answers["elsewhere"]
    paths = [path for _, path, _, _ in Api.seen]
    assert not [path for path in paths if "smuggled" in path or "admin" in path]
    for _, _, headers, _ in Api.seen:
        assert headers["Host"] == "api.openai.com"
        assert "nono-" not in str(headers)
        assert "Upgrade" not in headers and "HTTP2-Settings" not in headers


_WEBSOCKET = program_beside(__file__, "websocket.py")


def test_a_websocket_goes_both_ways_and_shows_no_key(inside: Inside) -> None:
    done = inside(_RAW + _WEBSOCKET)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer.startswith("HTTP/1.1 101 ")
    assert "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in answer
    assert answer.endswith("olleh" + "*" * len(REAL_KEY) + REAL_KEY[:9]), "its end was kept back"
    assert "Sec-WebSocket-Extensions" not in Api.seen[-1][2]


_TWO_ANSWERS = """
H = b" HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer TOKEN\\r\\nConnection: close\\r\\n\\r\\n"
print(json.dumps([raw(b"GET /openai/v1" + path + H) for path in (b"/two/answers", b"/models")]))
"""


def test_an_answer_that_nobody_asked_for_is_nobodys(inside: Inside) -> None:
    done = inside(_RAW + _TWO_ANSWERS)
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)
    assert first.endswith("wanted") and second.endswith('{"path": "/v1/models", "length": 0}')


_WAIT = """
import os, time
print(os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"], flush=True)
open("ready", "w").write(os.environ["OPENAI_BASE_URL"] + " " + os.environ["OPENAI_API_KEY"])
deadline = time.time() + 20
while not os.path.exists("done") and time.time() < deadline:
    time.sleep(0.02)
"""


def test_from_beside_the_sandbox(inside: Inside) -> None:
    """Another process gets 401 or 407; another sandbox gets no connection; a token dies with its
    run."""
    answers: dict[str, str] = {}

    def outside() -> None:
        ready = inside.project / "ready"
        deadline = time.monotonic() + 60
        while not (ready.exists() and ready.read_text().count(" ") == 1):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        url, token = ready.read_text().split()
        port = int(url.split(":")[2].split("/")[0])
        answers["port"], answers["token"] = str(port), token
        answers["get"] = _request(port, "GET /openai/v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        answers["connect"] = _request(port, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n")
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        command = ("run", "-q", "--allow-domain=example.org", "--", inside.account.python)
        answers["sandbox"] = inside.nono(*command, "-c", code).stderr
        (inside.project / "done").touch()

    thread = threading.Thread(target=outside)
    thread.start()
    done = inside(_WAIT)
    thread.join()
    assert done.returncode == 0, done.stderr
    assert " 401 " in answers["get"][:20] and " 407 " in answers["connect"][:20]
    assert "Connection refused" in answers["sandbox"]
    again = inside(
        _RAW + f"token = {answers['token']!r}\n"
        'print(raw(b"GET /openai/v1/models HTTP/1.1\\r\\nHost: x\\r\\n'
        'Authorization: Bearer TOKEN\\r\\n\\r\\n"))'
    )
    assert " 401 " in again.stdout[:20]


def _request(port: int, text: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(text.encode())
        return sock.recv(4096).decode()


_UPLOAD = program_beside(__file__, "upload.py")


def test_a_large_upload_is_not_held_in_memory(inside: Inside) -> None:
    program = inside.project / "measure.py"
    inside.account.file(
        program,
        "import resource, subprocess, sys\n"
        "code = subprocess.call(sys.argv[1:])\n"
        "print('rss', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "sys.exit(code)\n",
    )
    inside.account.file(inside.project / "upload.py", _UPLOAD)
    python = inside.account.python
    done = inside.account(
        *(python, "-P", str(program), python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd"),
        *("--proxy-credential=openai", *inside.apis.flags, "--", python, "upload.py"),
        cwd=inside.project,
        env=inside.apis.env,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert '"length": 209715200' in lines[0]
    assert lines[1] == "200"
    assert int(lines[2].split()[1]) < 130_000  # kB
    assert "209.7 MB sent" in done.stderr


def test_an_unverified_upstream_gets_no_key(inside: Inside) -> None:
    code = _RAW + (
        'print(raw(b"GET /openai/v1/models HTTP/1.1\\r\\nHost: x\\r\\n'
        'Authorization: Bearer TOKEN\\r\\n\\r\\n"))'
    )
    done = inside(code, env={"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"})
    assert " 502 " in done.stdout[:20]
    assert "certificate of api.openai.com cannot be verified" in done.stdout
    assert "SSL_CERT_FILE" in done.stderr
    assert not Api.seen


def test_a_flood_of_idle_connections_ends_with_the_run(inside: Inside) -> None:
    code = program_beside(__file__, "idle_connections.py")
    started = time.monotonic()
    done = inside(code, "-q")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 512
    assert time.monotonic() - started < 30
