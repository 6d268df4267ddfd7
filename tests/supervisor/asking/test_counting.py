"""`nono run --stats`: what was stopped, who answered it, about what; live and at the end."""

import json
from pathlib import Path

import pytest

from tests.conftest import Account, Nono
from tests.control_sockets import control_socket
from tests.supervisor.asking.processes import hear, nono_words, say, started

pytestmark = pytest.mark.requires(landlock=6, commands=["gcc"])

PROGRAM = """
import os
for _ in range(100):
    open('file').close()
    os.close(os.open(b'../', os.O_RDONLY | os.O_PATH))
for name in ('/etc/shadow', 'file'):
    try:
        os.chmod(name, 0o600)
        open(name).close()
    except OSError:
        pass
os.mkdir('a\\x1b[2J')
print(os.getpid(), flush=True)
input()
"""


@pytest.fixture
def words(project: Path, as_user: Account) -> list[str]:
    as_user.file(project / "file")
    as_user.file(project / "program.py", PROGRAM)
    return ["--allow-cwd", "--", "/usr/bin/python3", "-S", "program.py"]


def test_live_and_at_the_end(project: Path, as_user: Account, words: list[str]) -> None:
    runtime = as_user.directory(project / "run", 0o700)
    env = {"XDG_RUNTIME_DIR": str(runtime), "NONO_LANE": "compiled"}
    file = as_user.home / "stats.json"
    run = nono_words(
        as_user, "run", "-q", "--no-preload", "--stats", f"--stats-file={file}", *words
    )
    with started(as_user, run, project, env) as process:
        assert int(hear(process))
        socket = control_socket(runtime)
        name = socket.name.removesuffix(".sock")
        told = as_user(*nono_words(as_user, "status", name), env=env, cwd=project)
        status = as_user(*nono_words(as_user, "status", "--json", name), env=env, cwd=project)
        say(process, "")
        _, stderr = process.communicate(timeout=30)
        assert process.returncode == 0, stderr
    assert "calls were stopped" in told.stdout
    live = json.loads(status.stdout)["stats"]
    assert "buckets" not in live["latency"][0]
    at_end = json.loads(file.read_text())
    file.unlink()
    assert (at_end["schema"], at_end["version"]) == ("nono-stats", 1)
    for found in (live, at_end):
        by_call = {(each["call"], each["by"], each["how"]): each for each in found["calls"]}
        compiled = by_call["openat", "lane in C", "let through"]
        assert compiled["count"] >= 200
        assert 0 < compiled["nanoseconds"] < 10**10
        made = by_call["mkdir", "handler", "performed"]
        assert made["count"] == 1
        assert by_call["chmod", "handler", "failed"]["count"] == 1
        objects = {(each["call"], each["object"]) for each in found["objects"]}
        assert ("mkdir", f"{project}/a\\x1b[2J") in objects
    assert at_end["seconds"] > 0
    assert sum(each["count"] for each in at_end["latency"]) == at_end["total"]["count"]
    assert "in nono of" in stderr
    assert "\x1b" not in stderr


def test_beside_the_report_and_without_words(nono: Nono, project: Path) -> None:
    done = nono("run", "--json", "--stats", "--allow-cwd", "--", "cat", "/etc/shadow")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("{")]
    report = json.loads(line)
    assert report["denials"][0]["path"] == "/etc/shadow"
    assert report["stats"]["total"]["count"] > 0
    done = nono("run", "--stats-file", project / "absent/file", "--", "true")
    assert done.returncode == 125
    assert "--stats-file" in done.stderr
    done = nono("run", "--stats", "--floor-only", "--", "true")
    assert (done.returncode, "--floor-only" in done.stderr) == (125, True)


def test_an_object_is_told_by_its_own_path(nono: Nono, project: Path) -> None:
    """However a program gets there: nono's own library goes by a detour of `..` (preloaded.py)."""
    (project / "link").symlink_to("below")
    (project / "below").mkdir()
    (project / "below/file").touch()
    opened = "".join(f"open('{each}/file').close();" for each in ("below", "below/../link", "link"))
    command = ("/usr/bin/python3", "-I", "-S", "-c", f"for _ in range(9): {opened}")
    file = project / "stats.json"
    given = ("run", "-q", "--allow-cwd", "--stats", "--stats-file", file, "--")
    done = nono(*given, *command, env={"NONO_LANE": "python"})
    assert done.returncode == 0, done.stderr
    done = nono(
        *given[:-2],
        project / "more.json",
        "--no-preload",
        "--",
        *command,
        env={"NONO_LANE": "python"},
    )
    told = [json.loads(each.read_text())["objects"] for each in (file, project / "more.json")]
    assert all(told)
    assert [each["object"] for objects in told for each in objects if ".." in each["object"]] == []
    counts = {each["object"]: each["count"] for each in told[1]}
    assert counts[f"{project}/below/file"] == 27
