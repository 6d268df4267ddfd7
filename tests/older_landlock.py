"""nono as on a kernel with an older Landlock: the running one's newer rights are not asked for.

That is what such a kernel would enforce, and all that it would not is open then.
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


def older_landlock(directory: Path, abi: int) -> dict[str, str]:
    """The environment of a nono that takes the kernel's ABI for `abi`; see site(7) of Python.

    `directory` is empty, and one that the account can read. A PYTHONPATH takes more behind it.
    """
    startup = directory / "sitecustomize.py"
    startup.write_text(_STARTUP.format(abi=abi))
    startup.chmod(0o644)
    return {"PYTHONPATH": str(directory), "PYTHONDONTWRITEBYTECODE": "1"}
