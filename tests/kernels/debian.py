"""Packages of Debian, fetched by apt with a state of its own: nothing of the machine's is changed.

Another suite and another architecture than the machine's are no matter, since nothing is installed:
packages are unpacked. Sources: apt.conf(5), sources.list(5), debootstrap(8).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_PARTS = re.compile(r"linux-(?:binary|modules)-\S+")
"""What an image of 7.x is made of; before, it is one package."""


@dataclass(frozen=True)
class Apt:
    """The packages of one suite for one architecture, below `directory`."""

    directory: Path
    suite: str
    arch: str

    def update(self) -> None:
        """Fetch the lists. Raises CalledProcessError."""
        for name in ("lists/partial", "cache/archives/partial", "etc/preferences.d"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "status").touch()
        source = f"deb [signed-by={KEYRING}] {MIRROR} {self.suite} main\n"
        (self.directory / "etc" / "sources.list").write_text(source)
        self._run("apt-get", "update", "-qq")

    def depends(self, package: str) -> str:
        """The field Depends of the newest version. Raises CalledProcessError."""
        shown = self._run("apt-cache", "show", "--no-all-versions", package)
        found = re.search(r"^Depends: (.*)$", shown, re.MULTILINE)
        return found[1] if found else ""

    def unpack(self, package: str, target: Path) -> str:
        """Fetch a package and unpack it below `target`. Gives its version."""
        self._run("apt-get", "download", "-qq", package, cwd=self.directory)
        # apt escapes what may not be in a file's name.
        fetched = next(self.directory.glob(f"{package}_*.deb"))
        unpack(fetched, target)
        version = _output("dpkg-deb", "--field", str(fetched), "Version").strip()
        fetched.unlink()
        return version

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        at = self.directory
        settings = {
            "APT::Architecture": self.arch,
            "APT::Architectures": self.arch,
            "APT::Sandbox::User": "root",
            "Dir::Cache": f"{at}/cache",
            "Dir::Etc": f"{at}/etc",
            "Dir::Etc::SourceList": f"{at}/etc/sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State": str(at),
            "Dir::State::Lists": f"{at}/lists",
            "Dir::State::Status": f"{at}/status",
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        return _output(command[0], *options, *command[1:], cwd=cwd)


@dataclass(frozen=True)
class Kernel:
    """A kernel that was unpacked."""

    release: str
    """As uname -r says it."""
    version: str
    """Of the package."""
    image: Path
    modules: Path
    """The directory /lib/modules/RELEASE."""


def fetch_kernel(apt: Apt, target: Path, flavour: str) -> Kernel:
    """The newest kernel of the suite, below `target`, which is made anew."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    found = re.search(r"linux-image-\S+", apt.depends(f"linux-image-{flavour}"))
    if found is None:
        raise LookupError(f"{apt.suite} has no linux-image-{flavour}")
    version = apt.unpack(found[0], target)
    for part in sorted(set(_PARTS.findall(apt.depends(found[0])))):
        apt.unpack(part, target)
    modules = next(path for path in target.rglob("lib/modules/*") if path.is_dir())
    # From 7.x on it lies beside its modules.
    images = [*target.rglob(f"boot/vmlinu[xz]-{modules.name}"), *modules.glob("vmlinu[xz]")]
    return Kernel(modules.name, version, images[0], modules)


def unpack(package: Path, target: Path) -> None:
    """Unpack a .deb below `target`, through the links of a merged /usr."""
    target.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE
    ) as archive:
        command = ["tar", "--extract", "--keep-directory-symlink", "--directory", str(target)]
        subprocess.run(command, stdin=archive.stdout, check=True)
    if archive.returncode:
        raise subprocess.CalledProcessError(archive.returncode, "dpkg-deb")


def _output(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout
