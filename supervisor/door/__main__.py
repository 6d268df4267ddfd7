"""`python -m nono` is `nono`."""

import sys

# As in nono.supervisor: nothing from the current directory.
if not sys.flags.safe_path:
    del sys.path[0]

from nono.supervisor.cli.main import main

main()
