"""What a guest starts from: a root file system in an image, and an initramfs that mounts it.

The root is unpacked and never configured, so that it can be of another architecture than the
machine that makes it. Sources: mke2fs(8), buffer-format.rst of the kernel's documentation.
"""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import CHECKOUT
from tests.kernels.debian import KEYRING, MIRROR, Apt, Kernel, unpack

PACKAGES = (
    "python3,libseccomp2,git,curl,procps,iproute2,kmod,busybox-static,gcc,libc6-dev,"
    "strace,netbase,make,sqlite3"
)
SUITE = "bookworm"
PYTHON = "3.11"
_PLATFORMS = {"amd64": "manylinux2014_x86_64", "arm64": "manylinux2014_aarch64"}
_BYTES = 3 << 30
_NEEDED = ("virtio_pci", "virtio_blk", "ext4")

_START = """#!/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2> /dev/null
mkdir -p /dev/pts /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
ln -sf /proc/self/fd /dev/fd
ln -sf fd/0 /dev/stdin; ln -sf fd/1 /dev/stdout; ln -sf fd/2 /dev/stderr
chmod 1777 /tmp /var/tmp
hostname guest
ip link set lo up
cd /work/checkout
setsid sh /work/run < /dev/null
sync
busybox poweroff -f
"""

_INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for each in $(/bin/busybox cat /modules); do /bin/busybox insmod /$each; done
for turn in 1 2 3 4 5 6 7 8 9 10; do
    [ -b /dev/vda ] && break
    /bin/busybox sleep 1
done
/bin/busybox mount -t ext4 /dev/vda /root
exec /bin/busybox switch_root /root /sbin/start
"""


def make_root(apt: Apt, target: Path) -> None:
    """Unpack Debian with Python and the libraries of the tests. For root: it makes devices."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    options = ["--foreign", "--variant=minbase", f"--arch={apt.arch}", f"--keyring={KEYRING}"]
    command = ["debootstrap", *options, f"--include={PACKAGES}", SUITE, str(target), MIRROR]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for package in sorted((target / "var/cache/apt/archives").glob("*.deb")):
        unpack(package, target)
        package.unlink()
    if (target / "proc").is_symlink():  # debootstrap's, to the one of this machine
        (target / "proc").unlink()
        (target / "proc").mkdir()
    for name in ("passwd", "group"):
        shutil.copy(target / f"usr/share/base-passwd/{name}.master", target / "etc" / name)
    (target / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    if not (target / "bin/sh").exists():
        (target / "bin/sh").symlink_to("dash")
    _make_environment(target / "opt/nono", apt.arch)
    _compile(target, "usr/lib/python3", f"usr/lib/python{PYTHON}")
    start = target / "sbin/start"
    start.write_text(_START)
    start.chmod(0o755)


def _make_environment(venv: Path, arch: str) -> None:
    """A virtual environment that finds nono in the checkout."""
    site = venv / f"lib/python{PYTHON}/site-packages"
    (venv / "bin").mkdir(parents=True)
    for name in ("python", "python3"):
        (venv / "bin" / name).symlink_to("/usr/bin/python3")
    (venv / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {PYTHON}\n")
    command = ["python3", "-m", "pip", "install", "--quiet", "--target", str(site)]
    command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"]
    command += [f"--platform={_PLATFORMS[arch]}", "--platform=manylinux_2_28_" + _machine(arch)]
    subprocess.run([*command, *_requirements()], check=True)
    (site / "nono-checkout.pth").write_text("/work/checkout/tests/_path\n")


def _compile(root: Path, *directories: str) -> None:
    """What Python compiles at its first start anyway, which takes long in emulation."""
    if "{}.{}".format(*sys.version_info) == PYTHON:
        places = [str(root / each) for each in directories]
        command = [sys.executable, "-m", "compileall", "-q", "-s", str(root), "-p", "/", *places]
        subprocess.run(command, check=False)  # some of it is no Python: templates, tests of errors


def _machine(arch: str) -> str:
    return _PLATFORMS[arch].partition("_")[2]


def _requirements() -> list[str]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    large = ("numpy", "anthropic", "openai", "aiohttp")  # what no test run here imports
    extras = project["optional-dependencies"]
    tests = (each for each in (*extras["test"], *extras["clients"]) if not each.startswith(large))
    return [*project["dependencies"], *tests]


def make_image(root: Path, kernel: Kernel, command: str, image: Path) -> None:
    """An ext4 image of `root` with the modules and this checkout, that runs `command`."""
    work = root / "work"
    shutil.rmtree(work, ignore_errors=True)
    listed = subprocess.run(
        ["git", "-C", CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        stdout=subprocess.PIPE,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = CHECKOUT / name, work / "checkout" / name
        if os.path.lexists(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    (work / "run").write_text(command)
    _compile(root, "work/checkout")
    modules = root / "lib/modules"
    shutil.rmtree(modules, ignore_errors=True)
    shutil.copytree(kernel.modules, modules / kernel.release, symlinks=True)
    subprocess.run(["depmod", "-b", root, kernel.release], check=True)
    image.unlink(missing_ok=True)
    options = ["-q", "-F", "-O", "^metadata_csum_seed", "-d", str(root)]
    subprocess.run(["mkfs.ext4", *options, str(image), f"{_BYTES >> 10}k"], check=True)


def make_initramfs(root: Path, kernel: Kernel, target: Path) -> None:
    """An archive with a shell and the modules that the root is mounted with. After `make_image`."""
    modules = _with_needed(root / "lib/modules" / kernel.release, _NEEDED)
    files = {f"{number}.ko": _plain(path) for number, path in enumerate(modules)}
    content = {
        "bin/busybox": (root / "bin/busybox").read_bytes(),
        "init": _INIT.encode(),
        "modules": "\n".join(files).encode(),
        **files,
    }
    archive = b"".join(_entry(name, b"", 0o040755) for name in ("bin", "dev", "root"))
    archive += b"".join(_entry(name, data, 0o100755) for name, data in content.items())
    target.write_bytes(archive + _entry("TRAILER!!!", b"", 0))


def _with_needed(directory: Path, names: Iterable[str]) -> list[Path]:
    """The modules' files, each after those that it needs; modules.dep(5). Built-in ones are not."""
    needs: dict[str, list[str]] = {}
    for line in (directory / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needs[path] = others.split()
    by_name = {Path(path).name.partition(".")[0].replace("-", "_"): path for path in needs}
    found: list[str] = []
    for name in names:
        if name in by_name:
            found += [*reversed(needs[by_name[name]]), by_name[name]]
    return [directory / path for path in dict.fromkeys(found)]


def _plain(module: Path) -> bytes:
    if module.suffix == ".xz":
        return lzma.decompress(module.read_bytes())
    if module.suffix == ".zst":
        return subprocess.run(["zstdcat", module], stdout=subprocess.PIPE, check=True).stdout
    return module.read_bytes()


def _entry(name: str, data: bytes, mode: int) -> bytes:
    """A file of an archive in the format newc."""
    path = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
