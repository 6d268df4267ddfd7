"""A guest: qemu with a kernel, an image, and a serial line that is all its output. See qemu(1)."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

_QEMU = {
    "amd64": ("qemu-system-x86_64", "-machine", "q35"),
    "arm64": ("qemu-system-aarch64", "-machine", "virt,gic-version=3"),
}
_CPU = {"amd64": "max", "arm64": "cortex-a72"}
_CONSOLE = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
_CPUS = Path("/proc/cpuinfo")
_NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}


def has_kvm(arch: str) -> bool:
    """Whether the guest's processor is this machine's, and may be used for it.

    On x86_64 with its own means only: kvm-pvm, without them, runs no kernel of Debian's.
    """
    if _NATIVE.get(platform.machine()) != arch or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    return arch != "amd64" or re.search(r"\b(vmx|svm)\b", _CPUS.read_text()) is not None


def boot(
    arch: str, kernel: Path, initramfs: Path, image: Path, log: Path, *, kvm: bool, seconds: float
) -> str:
    """Run the guest to its end and give what it printed, which is in `log` meanwhile.

    One processor, and 2 GiB. Raises TimeoutExpired after `seconds`: the guest is ended then.
    """
    accelerated = (
        ["-accel", "kvm", "-cpu", "host"] if kvm else ["-accel", "tcg", "-cpu", _CPU[arch]]
    )
    command = [
        *_QEMU[arch],
        *accelerated,
        *("-m", "2048", "-smp", "1", "-display", "none", "-monitor", "none", "-no-reboot"),
        *("-nic", "none", "-serial", f"file:{log}"),
        *("-kernel", str(kernel), "-initrd", str(initramfs)),
        *("-append", f"console={_CONSOLE[arch]} quiet panic=-1 rw"),
        *("-drive", f"file={image},if=none,id=root,format=raw,cache=unsafe"),
        *("-device", "virtio-blk-pci,drive=root"),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=seconds)
    return log.read_text(errors="backslashreplace").replace("\r", "")
