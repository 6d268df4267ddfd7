"""The same where the floor is alone. Arguments as those of `set_id`."""

import os

from .attempt import NUMBERS, arguments, attempt
from .set_id import BITS, leaves_it, made


def main() -> None:
    work, _ = arguments()
    os.chdir(work)
    os.umask(0)
    for mode in BITS:
        for number, (name, words) in enumerate(made(mode, b"made")):
            if os.path.exists("made"):
                os.unlink("made")
            if name in NUMBERS:
                attempt(f"{name} {mode:o} {number}", leaves_it(b"made", name, words))


if __name__ == "__main__":
    main()
