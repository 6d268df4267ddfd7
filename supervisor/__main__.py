"""`python -m nono.supervisor` is `nono`."""

import sys

# Nothing from the current directory, which may be the program's to write, whether or not
# the interpreter was told so.
if not sys.flags.safe_path:
    del sys.path[0]

from nono.supervisor.cli.main import main

main()
