"""Many threads at once, which meet wherever nothing keeps them apart."""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

THREADS = 8


class Yielding(str):
    """A text that lets the other threads go on whenever a set or a dictionary looks at it."""

    __slots__ = ()

    def __hash__(self) -> int:
        time.sleep(0)
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        time.sleep(0)
        return super().__eq__(other)


def hammer(work: Callable[[int], None]) -> None:
    """Run `work`, which is told its number, in every thread at the same time. Raises what it does.

    The interpreter changes threads as often as it can.
    """
    interval = sys.getswitchinterval()
    together = threading.Barrier(THREADS)

    def run(number: int) -> None:
        together.wait()
        work(number)

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(run, range(THREADS)))
    finally:
        sys.setswitchinterval(interval)
