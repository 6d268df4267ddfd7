"""Prints what a rehearsal changes in modules, and of the process, besides what remembers by value."""

import os
import signal
import sys

from nono.supervisor.decisions.searched_modules import this_process_is_ours
from nono.supervisor.session import loaded
from nono.supervisor.session.rehearsal import rehearse

PLAIN = (bool, bytes, float, int, str, type(None))


def state() -> dict[str, object]:
    found: dict[str, object] = {
        f"{name}.{attribute}": value
        for name, module in [*sys.modules.items()]
        for attribute, value in [*getattr(module, "__dict__", {}).items()]
        if isinstance(value, PLAIN) and name != "__main__"
    }
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    found |= {"environment": dict(os.environ), "directory": os.getcwd(), "handlers": handlers}
    return found | {"path": [*sys.path], "descriptors": sorted(os.listdir("/proc/self/fd"))}


def main() -> None:
    this_process_is_ours()
    loaded.load_everything()
    loaded.load_what_asks()
    before, modules = state(), {*sys.modules}
    rehearse()
    after = state()
    for name in sorted(before.keys() | after.keys()):
        is_new = name.rpartition(".")[0] not in modules and name not in before
        if not is_new and repr(before.get(name)) != repr(after.get(name)):
            print(name, before.get(name), after.get(name))


if __name__ == "__main__":
    main()
