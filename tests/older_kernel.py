"""nono as on a kernel with less: what the running one has besides is not asked for.

With fewer rights of Landlock all that these would refuse is open, as on such a kernel.
"""

from pathlib import Path

_STARTUP = """
try:
    from nono.shims.linux import landlock
except ImportError:  # an interpreter without nono, inside
    pass
else:
    landlock.abi_version = lambda: {abi}
"""
_SCOPED_ABI = 6
"""The first that keeps signals inside: see `weaker` in supervisor/linux/confine.py."""
_NOTE = "nono: note: this kernel's Landlock "
_WITHOUT_DIAG = """
try:
    from nono.shims.linux import inet_diag, unix_diag
except ImportError:
    pass
else:
    inet_diag.is_told = unix_diag.is_told = lambda: False
"""


def older_landlock(directory: Path, abi: int, *behind: Path) -> dict[str, str]:
    """The environment of a nono that takes the kernel's ABI for `abi`: Python's module site.

    `directory` is empty, and one that the account can read. `behind` are more of PYTHONPATH.
    """
    return _started_with(directory, _STARTUP.format(abi=abi), behind)


def without_diag(directory: Path, *behind: Path) -> dict[str, str]:
    """As `older_landlock`: a kernel without the modules tcp_diag and unix_diag."""
    return _started_with(directory, _WITHOUT_DIAG, behind)


def without_note(stderr: str, abi: int) -> str:
    """What nono said, less the line that every run has on a kernel of an older Landlock ABI."""
    if abi >= _SCOPED_ABI:
        return stderr
    lines = stderr.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_NOTE))


def _started_with(directory: Path, text: str, behind: tuple[Path, ...]) -> dict[str, str]:
    startup = directory / "sitecustomize.py"
    startup.write_text(text)
    startup.chmod(0o644)
    path = ":".join(map(str, (directory, *behind)))
    return {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
