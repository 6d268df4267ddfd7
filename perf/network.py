"""What the network costs: connects, look-ups, and a TLS download, native beside nono.

    python -m nono.perf.network [--rounds N] [--json FILE]

A round takes a dozen seconds, and says on stderr what it has come to. From the checkout, with nono
and its `test` extra installed; as root, since the name in TLS is checked on port 443 and the server
has to listen there. Rounds alternate; medians are told.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.rrset

from nono.perf.rungs import nono

_CLIENT = Path(__file__).with_name("network_client.py")
_ADDRESS = "127.83.1.1"
_LOOPBACK = "127.0.0.1"
_NAME = "tls.bench.example"
_SECONDS = "1.0"
_LOOKUPS = "200"
_MEGABYTES = "300"
_CHUNK = bytes(1 << 18)
_RATES = {"": "0", ", of a server held to 1 Gbit/s": "1000000000"}
"""What is told of a download -> bits per second. Without a bound client, server and nono share two
cores; with one, each has the time that it takes."""
_MAX_PACING_RATE = 47
"""SO_MAX_PACING_RATE of socket(7), in bytes per second."""
_MAX_SECONDS = 300
"""For one measurement: what hangs ends here."""


@dataclass(frozen=True)
class Case:
    """One way to run one measurement. The first of a section is what the others are held to."""

    section: str
    name: str
    command: Sequence[str]
    results: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m nono.perf.network", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="perf-", dir="/var/tmp"))
        stack.callback(shutil.rmtree, directory)
        cases = _cases(directory, stack)
        for number in range(arguments.rounds):
            for case in reversed(cases) if number % 2 else cases:
                case.results.append(_run(case.command, directory))
                told = f"{case.section}, {case.name}: {case.results[-1]:.4g}"
                print(f"round {number + 1} of {arguments.rounds}: {told}", file=sys.stderr)
    _print(cases)
    if arguments.json:
        found = [{"section": c.section, "name": c.name, "results": c.results} for c in cases]
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def _cases(directory: Path, stack: contextlib.ExitStack) -> list[Case]:
    import trustme  # of the extra `test`

    ca = trustme.CA()
    ca.cert_pem.write_to_path(directory / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(_NAME).configure_cert(context)
    tls = _serve(stack, 443, lambda accepted: _upload(context, accepted))
    port = str(_serve(stack, 0, lambda accepted: None, _LOOPBACK))
    shutil.copy(_CLIENT, directory)
    client = ["python3", _CLIENT.name]
    filtered = [
        *nono(),
        "run",
        "-q",
        "--allow-cwd",
        f"--dns={_ADDRESS}:{serve_dns(stack, _ADDRESS)}",
    ]
    filtered += [f"--allow-domain={_ADDRESS}:{tls}", f"--open-port={port}"]
    named = [*filtered, f"--allow-domain={_NAME}"]
    found = []
    for threads in ("1", "64"):
        section = f"connects per second to a loopback port, {threads} thread(s)"
        connecting = [*client, "connects", _LOOPBACK, port, threads, _SECONDS]
        unrestricted = [*nono(), "run", "-q", "--allow-cwd", "--"]
        found.append(Case(section, "native", connecting))
        found.append(Case(section, "nono, unrestricted", [*unrestricted, *connecting]))
        found.append(Case(section, "nono, filtered", [*filtered, "--", *connecting]))
    looking = [*client, "lookups", _LOOKUPS]
    found.append(Case("seconds for a look-up", "nono, filtered", [*filtered, "--", *looking]))
    for told, bits in _RATES.items():
        loading = [*client, "download", _NAME, str(tls), _MEGABYTES, "ca.pem", bits]
        section = f"megabytes per second over one TLS connection by name{told}"
        found.append(Case(section, "native", [*loading, _ADDRESS]))
        direct = [*named, "--no-sni-check", _NAME, "--", *loading]
        found.append(Case(section, "nono, name not checked (the program's own socket)", direct))
        checked = [*named, "--", *loading]
        found.append(Case(section, "nono, name checked (through the supervisor)", checked))
    return found


def _run(command: Sequence[str], directory: Path) -> float:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
            timeout=_MAX_SECONDS,
        )
    except subprocess.TimeoutExpired:
        sys.exit(f"perf.network: {' '.join(command)}: no result in {_MAX_SECONDS} s")
    if done.returncode:
        sys.exit(f"perf.network: {' '.join(command)}: {done.stderr.strip()}")
    return float(done.stdout)


def _serve(
    stack: contextlib.ExitStack,
    port: int,
    serve_one: Callable[[socket.socket], None],
    address: str = _ADDRESS,
) -> int:
    """A server of ours; the port it listens on."""
    listener = stack.enter_context(socket.create_server((address, port), backlog=4096))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listener.accept()
                with accepted:
                    serve_one(accepted)

    threading.Thread(target=accept, daemon=True).start()
    bound: int = listener.getsockname()[1]
    return bound


def _upload(context: ssl.SSLContext, accepted: socket.socket) -> None:
    with contextlib.suppress(OSError), context.wrap_socket(accepted, server_side=True) as stream:
        wanted = stream.recv(16)
        left, bits = (int.from_bytes(each, "big") for each in (wanted[:8], wanted[8:]))
        if bits:
            stream.setsockopt(socket.SOL_SOCKET, _MAX_PACING_RATE, bits // 8)
        while left > 0:
            left -= stream.send(_CHUNK[:left])


def serve_dns(stack: contextlib.ExitStack, address: str) -> int:
    """A DNS server that knows one address for every name, and has it; its port."""
    server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    server.bind((address, 0))

    def answer() -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = server.recvfrom(4096)
                query = dns.message.from_wire(data)
                reply = dns.message.make_response(query)
                question = query.question[0]
                if question.rdtype == 1:
                    reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", address))
                server.sendto(reply.to_wire(), peer)

    threading.Thread(target=answer, daemon=True).start()
    port: int = server.getsockname()[1]
    return port


def _print(cases: Sequence[Case]) -> None:
    base: dict[str, float] = {}
    print("| what | how | median | ratio |\n| --- | --- | --- | --- |")
    for case in cases:
        median = statistics.median(case.results)
        ratio = median / base.setdefault(case.section, median)
        print(f"| {case.section} | {case.name} | {median:.4g} | {ratio:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
