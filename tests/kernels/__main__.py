"""`python -m tests.kernels [NAME...]`: the tests that the kernel has a say in, on Debian's kernels.

Each kernel is booted under qemu, with a Debian 12 that holds this checkout, as root and as an
ordinary user. For root on a Debian with qemu-system-x86, qemu-system-arm, debootstrap and kmod.
Everything is kept below --cache; nothing of it belongs into the repository.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.kernels.debian import Apt, fetch_kernel
from tests.kernels.image import SUITE, make_image, make_initramfs, make_root
from tests.kernels.machine import boot, has_kvm
from tests.kernels.results import PAGE, Result, finished, read_rows, write_page
from tests.kernels.selection import ESSENTIAL, WIDE


@dataclasses.dataclass(frozen=True)
class Guest:
    """A kernel of Debian's: the suite that it comes from, and its package's name."""

    suite: str
    arch: str
    flavour: str


GUESTS = {
    "6.1": Guest("bookworm", "amd64", "cloud-amd64"),
    "6.1-arm64": Guest("bookworm", "arm64", "cloud-arm64"),
    "6.12": Guest("trixie", "amd64", "cloud-amd64"),
    "6.12-arm64": Guest("trixie", "arm64", "cloud-arm64"),
    "sid": Guest("sid", "amd64", "cloud-amd64"),
    "sid-arm64": Guest("sid", "arm64", "cloud-arm64"),
    "experimental": Guest("experimental", "amd64", "cloud-amd64"),
    "experimental-arm64": Guest("experimental", "arm64", "cloud-arm64"),
}

_COMMAND = """
export NONO_TESTS_TIMEOUT={patience}
uname -r
/opt/nono/bin/python -P -m nono.supervisor setup --check
timeout -s INT -k 60 {seconds} /opt/nono/bin/python -m pytest -v -n0 -p no:cacheprovider \\
    --tb=short --color=no {tests}
"""


def _command(seconds: int, tests: str, kvm: bool) -> str:
    return _COMMAND.format(seconds=seconds, tests=tests, patience=60 if kvm else 600)


def main() -> int:
    """0 when every test of every kernel passed or was skipped for what the kernel lacks."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernels", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(GUESTS)}")
    parser.add_argument("--cache", type=Path, default=Path("/var/tmp/nono-kernels"))
    parser.add_argument("--tests", help="what pytest is given, instead of the usual selection")
    parser.add_argument("--seconds", type=int, default=5400, help="for the tests of one kernel")
    parser.add_argument("--no-kvm", action="store_true", help="emulate the processor as well")
    parser.add_argument("--write", action="store_true", help=f"write the table in {PAGE.name}")
    options = parser.parse_args()
    unknown = set(options.names) - set(GUESTS)
    if unknown:
        parser.error(f"no such kernel: {', '.join(sorted(unknown))}")
    results = [run(name, options) for name in options.names or GUESTS]
    for result in results:
        print(result)
    if options.write:
        write_page({**read_rows(), **{result.key: result.row for result in results}})
    return int(not all(result.passed for result in results))


def run(name: str, options: argparse.Namespace) -> Result:
    """Boot one kernel and run the tests on it."""
    guest, cache = GUESTS[name], options.cache
    kvm = has_kvm(guest.arch) and not options.no_kvm
    apt = Apt(cache / f"apt-{guest.suite}-{guest.arch}", guest.suite, guest.arch)
    apt.update()
    kernel = fetch_kernel(apt, cache / f"kernel-{name}", guest.flavour)
    root = cache / f"root-{guest.arch}"
    if not (root / "sbin/start").exists():
        make_root(Apt(apt.directory, SUITE, guest.arch), root)
    tests = options.tests or (WIDE if kvm else ESSENTIAL)
    image, initramfs, log = (cache / f"{name}.{end}" for end in ("ext4", "initramfs", "log"))
    make_image(root, kernel, _command(options.seconds, tests, kvm), image)
    make_initramfs(root, kernel, initramfs)
    started = time.monotonic()
    try:
        boot(
            guest.arch,
            kernel.image,
            initramfs,
            image,
            log,
            kvm=kvm,
            seconds=options.seconds + 300,
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: not at its end after {options.seconds + 300} s: {log}")
    image.unlink()
    output = log.read_text(errors="backslashreplace").replace("\r", "")
    return finished(
        output,
        kernel,
        guest.arch,
        "KVM" if kvm else "TCG",
        time.monotonic() - started,
        datetime.now(UTC).date(),
    )


if __name__ == "__main__":
    raise SystemExit(main())
