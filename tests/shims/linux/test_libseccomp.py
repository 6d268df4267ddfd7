"""Where libseccomp is looked for: nothing else is started that a project could have made."""

from __future__ import annotations

import subprocess
import sys

import pytest

STARTS = """
import sys
def forbid(event, arguments):
    if event in ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.fork"):
        print("started", arguments)
sys.addaudithook(forbid)
if sys.argv[1] == "ours":
    from nono.shims.linux import filter
    filter.build("x86_64")
else:
    import pyseccomp
"""


@pytest.mark.parametrize(("whose", "starts"), [("ours", False), ("theirs", True)])
def test_no_program_is_asked(whose: str, starts: bool) -> None:
    words = [sys.executable, "-c", STARTS, whose]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert ("started" in done.stdout) == starts, done.stdout
