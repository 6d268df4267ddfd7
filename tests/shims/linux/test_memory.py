"""Memory is read as the kernel reads a call's arguments there."""

import ctypes
import errno
import mmap
import os
from collections.abc import Iterator

import pytest

from nono.shims.linux.memory import PATH_MAX, Memory

PAGE = mmap.PAGESIZE
USABLE = mmap.PROT_READ | mmap.PROT_WRITE
WHO = os.getpid()

libc = ctypes.CDLL(None, use_errno=True)


class Pages:
    """Two of them, between which a path stands."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 2 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, USABLE)
        self._view = ctypes.c_char.from_buffer(self._memory)
        self.start = ctypes.addressof(self._view)
        self._memory[:] = b"x" * (2 * PAGE)
        self._memory[PAGE - 3 : PAGE + 3] = b"a/pth\0"

    def protect(self, first: int, second: int) -> None:
        for page, rights in enumerate((first, second)):
            place = ctypes.c_void_p(self.start + page * PAGE)
            assert libc.mprotect(place, ctypes.c_size_t(PAGE), rights) == 0

    def close(self) -> None:
        self.protect(USABLE, USABLE)
        del self._view
        self._memory.close()


@pytest.fixture
def pages() -> Iterator[Pages]:
    made = Pages()
    yield made
    made.close()


@pytest.mark.requires(kernel="6.11")
@pytest.mark.parametrize("first", [mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC])
@pytest.mark.parametrize("second", [mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC])
def test_what_may_be_written_or_run_alone_is_read(pages: Pages, first: int, second: int) -> None:
    pages.protect(first, second)
    assert Memory().path(WHO, pages.start + PAGE - 3) == b"a/pth"
    assert Memory().bytes(WHO, pages.start + PAGE - 3, 6) == b"a/pth\0"
    with pytest.raises(OSError) as caught:
        Memory().path(WHO, pages.start)
    assert caught.value.errno == errno.ENAMETOOLONG
    assert len(Memory().bytes(WHO, pages.start, PATH_MAX)) == PATH_MAX


@pytest.mark.parametrize("first", [0, mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC])
def test_what_nobody_may_use_is_not_read(pages: Pages, first: int) -> None:
    """Though /proc/PID/mem has it."""
    pages.protect(first, 0)
    for read in (Memory().path, lambda who, where: Memory().bytes(who, where, 6)):
        with pytest.raises(OSError) as caught:
            read(WHO, pages.start + PAGE - 3)
        assert caught.value.errno == errno.EFAULT


def test_nothing_is_left_open(pages: Pages) -> None:
    pages.protect(0, 0)
    with pytest.raises(OSError):
        Memory().path(WHO, pages.start)
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with pytest.raises(OSError):
            Memory().path(WHO, pages.start)
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("address", [0, 8, (1 << 47) - 1, 1 << 63, (1 << 64) - 1])
def test_addresses_that_nobody_has(address: int) -> None:
    with pytest.raises(OSError) as caught:
        Memory().path(WHO, address)
    assert caught.value.errno == errno.EFAULT
