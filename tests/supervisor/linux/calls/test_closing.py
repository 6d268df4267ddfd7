"""Which changes of a directory take something from its owner."""

import stat
import struct

import pytest

from nono.supervisor.linux.calls.files.closing import closes, left_by_attribute

DIRECTORY, FILE = stat.S_IFDIR, stat.S_IFREG
ACCESS_LIST = b"system.posix_acl_access"
OWNER, GROUP, OTHERS = 1, 4, 0x20


def access_list(*rights: tuple[int, int]) -> bytes:
    entries = b"".join(struct.pack("<HHI", tag, right, 0xFFFFFFFF) for tag, right in rights)
    return struct.pack("<I", 2) + entries


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (DIRECTORY | 0o755, 0o311, True),
        (DIRECTORY | 0o755, 0o444, True),
        (DIRECTORY | 0o755, 0, True),
        (DIRECTORY | 0o311, 0o444, True),
        (DIRECTORY | 0o755, 0o555, False),
        (DIRECTORY | 0o755, 0o2500, False),
        (DIRECTORY | 0o311, 0o300, False),
        (DIRECTORY | 0, 0o755, False),
        (FILE | 0o755, 0, False),
    ],
)
def test_a_mode(before: int, after: int, expected: bool) -> None:
    assert closes(before, after) is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (ACCESS_LIST, access_list((OWNER, 7), (GROUP, 0), (OTHERS, 0)), False),
        (ACCESS_LIST, access_list((OWNER, 5), (GROUP, 0), (OTHERS, 0)), False),
        (ACCESS_LIST, access_list((GROUP, 7), (OTHERS, 7), (OWNER, 3)), True),
        (ACCESS_LIST, access_list((OWNER, 7), (OWNER, 6)), True),
        (ACCESS_LIST, access_list((OWNER, 6))[:-1], False),  # no access list to the kernel
        (ACCESS_LIST, None, False),
        (b"system.posix_acl_default", access_list((OWNER, 0)), False),
        (b"system.nfs4_acl", b"", True),
        (b"system.nfs4_acl", None, True),
        (b"user.name", b"", False),
    ],
)
def test_an_attribute(name: bytes, value: bytes | None, expected: bool) -> None:
    assert closes(DIRECTORY | 0o755, left_by_attribute(name, value)) is expected
