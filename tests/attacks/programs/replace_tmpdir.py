"""Put a link to somewhere else in the place of the private TMPDIR, which nono removes at the end.

Argument: where the link leads.
"""

import os
import shutil

from .attempt import arguments, attempt

(target,) = arguments()
tmpdir = os.environ["TMPDIR"]
attempt("moved", lambda: os.rename(tmpdir, f"{tmpdir}-moved"))
shutil.rmtree(tmpdir, ignore_errors=True)
attempt("replaced", lambda: os.symlink(target, tmpdir))
print("tmpdir", tmpdir, sep="\t")
