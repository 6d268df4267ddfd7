"""The recipes of docs/scale.md, with the real Dask, Celery and Ray."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, TIMEOUT, UMASK, Account

pytestmark = pytest.mark.requires(landlock=2)

PAGE = (CHECKOUT / "docs/scale.md").read_text(encoding="utf-8").partition("\n## With Dask")[2]
BLOCKS = {
    match[1]: block
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    if (match := re.search(r"^(?:import|from) (celery|dask|ray)\b", block, re.M))
}
SENDING = """
import celery.exceptions
from tasks import evaluate
texts = "6 * 7", "open('/etc/shadow')", "__import__('os')._exit(3)", "6 * 8"
for each in [evaluate.delay(text) for text in texts]:
    try: print(each.get(timeout=50))
    except Exception as error: print(type(error).__name__, error)
"""


def test_dask(frameworks: Account) -> None:
    place = frameworks.directory(frameworks.home / "dask")
    done = frameworks(frameworks.python, "-c", BLOCKS["dask"], cwd=place)
    assert done.returncode == 0, done.stderr
    first, second, *_ = done.stdout.splitlines()
    assert first == "[1024, 59049, 1048576]" and "PermissionError" in second, done.stdout


def test_celery(frameworks: Account) -> None:
    """Its usual pool, which forks, and a broker that is a directory."""
    place = frameworks.directory(frameworks.home / "celery")
    for name in ("queue", "results"):
        frameworks.directory(place / name)
    frameworks.file(place / "tasks.py", BLOCKS["celery"])
    words = [frameworks.python, "-m", "celery", "-A", "tasks", "worker", "-P", "prefork", "-c", "1"]
    with (place / "log").open("wb") as log:
        worker = subprocess.Popen(
            [*words, "--without-gossip", "--without-mingle"],
            cwd=place,
            env={**frameworks.environment, "PYTHONPATH": str(place)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            umask=UMASK,
            **frameworks.switch,
        )
    try:
        environment = {"PYTHONPATH": str(place)}
        done = frameworks(
            frameworks.python, "-c", SENDING, cwd=place, env=environment, timeout=3 * TIMEOUT
        )
    finally:
        worker.terminate()
        worker.wait(60)
    found = done.stdout.splitlines()
    assert len(found) == 4, done.stderr + (place / "log").read_text()
    assert (found[0], found[3]) == ("42", "48")
    assert found[1].startswith("RemoteError PermissionError") and found[2].startswith("TaskError")


RAY = """
import ray
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, _temp_dir={place!r},
         object_store_memory=80 << 20)
{recipe}
try: ray.get(boxed.call.remote(open, "/etc/shadow"))
except nono.RemoteError as error: print(error)
ray.shutdown()
"""


def test_ray(frameworks: Account, place: Path) -> None:
    """Its sockets' paths are long, so it lies near the top."""
    temporary = frameworks.directory(place / "r")
    program = RAY.format(place=str(temporary), recipe=BLOCKS["ray"])
    here = frameworks.directory(frameworks.home / "ray")
    env = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    done = frameworks(frameworks.python, "-c", program, cwd=here, env=env, timeout=3 * TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert "[1, 2, 4, 8]\n" in done.stdout and "PermissionError" in done.stdout, done.stdout
