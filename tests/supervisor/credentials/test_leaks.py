"""The real key is nowhere that the program, or anybody who reads what nono leaves, can look."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

from tests.broker.credentials.spelling import readings
from tests.supervisor.credentials.conftest import Inside
from tests.supervisor.credentials.fake import REAL_KEY, SPELLINGS

_DUMP = r"""
import glob, json, os, re, urllib.error, urllib.request
out = open("dump", "wb")
def ask(path, **headers):
    url = os.environ["OPENAI_BASE_URL"] + path
    token = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=token | headers)) as found:
            answer = str(found.headers) + found.reason + found.read().decode()
    except urllib.error.HTTPError as error:
        answer = str(error.headers) + str(error.reason) + error.read().decode()
    print(len(answer), answer)
for path in ("/echo", "/gzip", "/models", "/../x", "/nothing?key=" + "x" * 100):
    ask(path)
ask("/echo", **{"Authorization": "Bearer wrong"})
ask("/echo", Range="bytes=0-100")
for directory in ("/proc/self", "/proc/thread-self", "/proc/%d" % os.getppid(), "/proc/1"):
    for name in ("environ", "cmdline", "maps", "auxv", "stat", "status", "mem", "mountinfo"):
        try:
            out.write(open(directory + "/" + name, "rb").read(1 << 20))
        except OSError:
            pass
for name in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
    try:
        out.write(open(name, "rb").read())
    except OSError:
        pass
read = 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps.read().splitlines():
        found = re.match("([0-9a-f]+)-([0-9a-f]+) r", line)
        if not found or "[v" in line:
            continue
        start, end = (int(text, 16) for text in found.groups())
        while start < end:
            try:
                memory.seek(start)
                read += out.write(memory.read(min(1 << 20, end - start)))
            except OSError:
                pass
            start += 1 << 20
for parent in (os.environ["HOME"], os.environ["TMPDIR"], "/tmp", "/dev/shm", "."):
    for directory, _, names in os.walk(parent):
        for name in names:
            if name != "dump":
                try:
                    out.write(open(os.path.join(directory, name), "rb").read(1 << 20))
                except OSError:
                    pass
assert read > 1_000_000, read
json.dump(dict(os.environ), open("environment", "w"))
"""


def _forms() -> list[bytes]:
    key = REAL_KEY.encode()
    # The middle of the base64 texts is what does not depend on the neighbours.
    encoded = [base64.b64encode(bytes(n) + key)[4:-4] for n in range(3)]
    spelt = [each.encode() for each in SPELLINGS]
    return [key, quote(key, safe="").encode(), *encoded, key.hex().encode(), *spelt]


def _assert_absent(data: bytes, where: str) -> None:
    for form in _forms():
        assert form not in data, f"{form!r} in {where}"
    if where == "the answers":
        for read in readings(data):
            assert REAL_KEY.encode() not in read, where


def test_the_key_is_nowhere(inside: Inside) -> None:
    done = inside(_DUMP, "--json", "-v", env={"MY_COPY": f"x{REAL_KEY}y"})
    assert done.returncode == 0, done.stderr
    assert "*" * len(REAL_KEY) in done.stdout
    _assert_absent(done.stdout.encode(), "the answers")
    _assert_absent(done.stderr.encode(), "the report")
    dump = inside.project / "dump"
    assert dump.stat().st_size > 1_000_000
    _assert_absent(dump.read_bytes(), "memory and files")
    environment = json.loads((inside.project / "environment").read_text())
    assert "MY_COPY" not in environment
    assert environment["OPENAI_API_KEY"].startswith("nono-openai-")
    for file in _state(inside.account.home):
        _assert_absent(file.read_bytes(), str(file))
    shown = inside.nono("audit", "show", "last").stdout
    assert "GET /v1/echo of openai: 200" in shown
    _assert_absent(shown.encode(), "the audit")


def _state(home: Path) -> list[Path]:
    found = [path for path in (home / ".local/state/nono").rglob("*") if path.is_file()]
    assert found
    return found


def test_a_key_among_the_arguments_is_refused(inside: Inside) -> None:
    done = inside.nono(
        *("run", "--allow-cwd", "--proxy-credential", "openai", "--", "echo", REAL_KEY),
        env=inside.apis.env,
    )
    assert done.returncode == 125
    assert "a real key is among its arguments" in done.stderr
    assert REAL_KEY not in done.stdout + done.stderr


def test_init_and_supervisor_dump_no_core(inside: Inside) -> None:
    code = """
import os, time
print(open("/proc/self/stat").read().split()[3], flush=True)
import urllib.request
urllib.request.urlopen(urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/models",
    headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})).read()
for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    for what in ("mem", "environ", "maps"):
        try:
            open(f"/proc/{pid}/{what}", "rb").read(1)
        except OSError:
            continue
        if int(pid) != os.getpid():
            print("read", pid, what)
"""
    done = inside(code, "-q")
    assert done.returncode == 0, done.stderr
    assert "read" not in done.stdout
