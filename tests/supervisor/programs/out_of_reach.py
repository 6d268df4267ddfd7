"""Whether each of the directories is out of reach, and which of the searches takes it for one."""

import os
import sys

from nono.supervisor.decisions.refused_files import entries_below
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.out_of_reach import is_out_of_reach
from nono.supervisor.planning.git.repositories import search


def is_refused(directory: str) -> bool:
    try:
        os.listdir(directory)
    except PermissionError:
        return True
    except OSError:
        pass
    return False


for directory in sys.argv[1:]:
    told = [is_out_of_reach(directory)]
    if is_refused(directory):
        hidden: list[str] = []
        list(entries_below([directory], True, hidden.append))
        told += [RealTree().scan(directory) == [], not hidden]
        told.append(not search([directory]).closed)
    print(*map(int, told), sep="")
