"""`nono warm` is one at a time for each user, whatever the next one's start meets."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from nono.supervisor.errors import UsageError
from nono.supervisor.linux.warm import serving


def test_the_end_of_one_while_the_next_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next has opened the lock already whose name is then taken off."""
    directory = str(tmp_path / "nono")
    first, opened = ExitStack(), os.open
    first.enter_context(serving.listening(directory))

    def slow(path: str, *rest: int, **options: int) -> int:
        found = opened(path, *rest, **options)
        if path == "warm.lock":
            first.close()
        return found

    with ExitStack() as second:
        with monkeypatch.context() as patched:
            patched.setattr(os, "open", slow)
            second.enter_context(serving.listening(directory))
        with pytest.raises(UsageError), serving.listening(directory):
            pass
        assert {*os.listdir(directory)} >= {"warm", "warm.lock"}
    assert not {*os.listdir(directory)} & {"warm", "warm.lock"}
