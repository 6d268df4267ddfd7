"""A sandbox that is closed while somebody waits for a program in it."""

import threading
from pathlib import Path

import pytest

import nono

pytestmark = pytest.mark.requires(landlock=2)


def test_whoever_waits_is_told(tmp_path: Path) -> None:
    """With its output read, too, for which tasks of their own wait beside."""
    found: list[BaseException] = []
    with nono.Sandbox(nono.Policy().workdir(tmp_path, allow=True)) as box:
        process = box.start(["sleep", "60"], stdout=nono.PIPE, stderr=nono.PIPE)

        def wait() -> None:
            try:
                process.complete()
            except BaseException as error:
                found.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
    waiting.join(30)
    assert [type(each) for each in found] == [nono.BrokenError], found
