"""What the credential proxy costs: latency, throughput, memory and the first byte, beside direct.

    python -m nono.perf.credentials [--rounds N] [--json FILE]

From the checkout, with nono and its `test` extra installed; as root, since the upstream listens on
port 443. The upstream is a bare TLS server in a process of its own; the client is the same inside
and outside. Rounds alternate; medians are told.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from nono.perf.network import serve_dns
from nono.perf.rungs import nono

_HERE = Path(__file__).parent
_ADDRESS = "127.83.1.2"
_NAME = "api.openai.com"
_KEY = "sk-perf-0123456789abcdef"
_PROCESSOR = "processor time per request (us of the supervisor)"
_PROCESSOR_OTHER = f"{_PROCESSOR}, each head another one"
_MEMORY = "memory per open stream (kB of the supervisor)"
_MEASUREMENTS = {
    "latency p50 (us)": ("latency", "1000", "50"),
    "latency p99 (us)": ("latency", "1000", "99"),
    "requests per second, 64 connections": ("throughput", "64", "3", "/models"),
    "the same, each head of an answer another one": ("throughput", "64", "3", "/other"),
    _PROCESSOR: ("processor", "64", "3", "/models"),
    _PROCESSOR_OTHER: ("processor", "64", "3", "/other"),
    "first byte of a stream (us)": ("first_byte", "200"),
    _MEMORY: ("streams", "200"),
}
_ONLY_INSIDE = (_PROCESSOR, _PROCESSOR_OTHER, _MEMORY)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m nono.perf.credentials", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    results: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="perf-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, directory)
        env = _upstream(directory, stack)
        dns = serve_dns(stack, _ADDRESS)
        ways = {
            "direct TLS": [sys.executable, "credentials_client.py", "direct"],
            "nono, by the proxy": [
                *(*nono(), "run", "-q", "--allow-cwd", f"--dns={_ADDRESS}:{dns}"),
                *("--proxy-credential=openai", "--no-audit", "--"),
                *(sys.executable, "credentials_client.py", "proxy"),
            ],
        }
        for number in range(arguments.rounds):
            for way in reversed(ways) if number % 2 else ways:
                for what, words in _MEASUREMENTS.items():
                    if what not in _ONLY_INSIDE or way != "direct TLS":
                        found = _run([*ways[way], *words], directory, env)
                        results.setdefault((what, way), []).append(found)
    _print(results)
    if arguments.json:
        plain = [{"what": a, "how": b, "results": c} for (a, b), c in results.items()]
        arguments.json.write_text(json.dumps(plain, indent=1) + "\n")
    return 0


def _upstream(directory: Path, stack: contextlib.ExitStack) -> dict[str, str]:
    """Start the server; the environment for clients and for nono."""
    import trustme  # of the extra `test`

    ca = trustme.CA()
    ca.cert_pem.write_to_path(directory / "ca.pem")
    ca.issue_cert(_NAME).private_key_and_cert_chain_pem.write_to_path(directory / "server.pem")
    for name in ("credentials_client.py", "credentials_server.py"):
        shutil.copy(_HERE / name, directory)
    command = [sys.executable, "credentials_server.py", _ADDRESS, "443", "server.pem", _KEY]
    server = stack.enter_context(subprocess.Popen(command, cwd=directory))
    stack.callback(server.kill)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((_ADDRESS, 443)):
            break
        time.sleep(0.05)
    own = {"OPENAI_API_KEY": _KEY, "SSL_CERT_FILE": str(directory / "ca.pem")}
    return {**os.environ, **own, "PERF_ADDRESS": _ADDRESS}


def _run(command: Sequence[str], directory: Path, env: dict[str, str]) -> float:
    running = subprocess.Popen(
        command, cwd=directory, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while running.poll() is None:
        _tell(running.pid, directory)
        time.sleep(0.01)
    stdout, stderr = running.communicate()
    if running.returncode:
        sys.exit(f"perf.credentials: {' '.join(command)}: {stderr.strip()}")
    return float(stdout)


def _tell(pid: int, directory: Path) -> None:
    """Answer a client that asks about the supervisor: it may not look itself."""
    if (directory / "ask").exists():
        (directory / "ask").unlink()
        size = Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]
        # See proc_pid_stat(5): behind the name come utime as the 12th word and stime.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        worked = (int(words[11]) + int(words[12])) * 1_000_000 // os.sysconf("SC_CLK_TCK")
        (directory / "told.new").write_text(f"size {size}\nworked {worked}\n")
        (directory / "told.new").rename(directory / "told")


def _print(results: dict[tuple[str, str], list[float]]) -> None:
    print("| what | how | median | ratio |\n| --- | --- | --- | --- |")
    base: dict[str, float] = {}
    for (what, way), found in results.items():
        base[what] = statistics.median(found) if way == "direct TLS" else base.get(what, 0.0)
    for (what, way), found in sorted(results.items()):
        median = statistics.median(found)
        ratio = f"{median / base[what]:.2f}" if base[what] else ""
        print(f"| {what} | {way} | {median:.4g} | {ratio} |")


if __name__ == "__main__":
    sys.exit(main())
