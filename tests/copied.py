"""The checkout, and a copy of what a build reads. Needs nothing that has to be installed."""

import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("broker", "perf", "shims", "supervisor")


def copy_sources(target: Path) -> Path:
    """Copy what a build reads: building in the checkout would leave (and reuse) files there."""
    target.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, target)
    for name in PACKAGES:
        shutil.copytree(
            CHECKOUT / name, target / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return target
