"""A path whose last names are not there: the kernel spells the directory, they stay as they are."""

from __future__ import annotations

import pytest

from nono.shims.macos import paths

_SPELLED = {"/": "/", "/Users": "/Users", "/users/P": "/Users/p", "/tmp": "/private/tmp"}


def _kernel(path: str) -> str:
    if path not in _SPELLED:
        raise FileNotFoundError(path)
    return _SPELLED[path]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/users/P", "/Users/p"),
        ("/users/P/New/file", "/Users/p/New/file"),
        ("/tmp/x", "/private/tmp/x"),
        ("/absent", "/absent"),
        ("/", "/"),
    ],
)
def test_the_nearest_that_is_there(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: str
) -> None:
    monkeypatch.setattr(paths, "kernel_path", _kernel)
    assert paths.nearest_kernel_path(given) == expected


def test_a_kernel_that_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(path: str) -> str:
        raise PermissionError(path)

    monkeypatch.setattr(paths, "kernel_path", nothing)
    assert paths.nearest_kernel_path("/a/b") == "/a/b"
