"""Whether a FIFO that is open for reading has a writer: fifo(7), tee(2), poll(2).

open(2) with O_NONBLOCK does not wait for one, and read(2) would take what it finds.
"""

from __future__ import annotations

import os
import select
from typing import Final

from nono.shims.linux.libc import syscall
from nono.shims.linux.syscall_classes import own_number

_TEE: Final = own_number("tee")
_SPLICE_F_NONBLOCK: Final = 2


def has_had_writer(fd: int) -> bool:
    """True when a writer has the FIFO open, or had since `fd` was opened; nothing is consumed.

    `fd` was opened with O_RDONLY | O_NONBLOCK. Raises OSError (EMFILE).
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    if poll.poll(0):  # data, or POLLHUP: a writer came and went
        return True
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        # From an empty pipe: nothing (0) without a writer, EAGAIN with one.
        syscall(_TEE, fd, writer, 1, _SPLICE_F_NONBLOCK)
    except BlockingIOError:
        return True
    else:
        return bool(poll.poll(0))
    finally:
        os.close(reader)
        os.close(writer)
