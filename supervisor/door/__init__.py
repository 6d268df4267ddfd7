"""nono: runs programs that nobody has to trust. The whole public library is here.

    import nono
    done = nono.run(["python3", "script.py"], nono.Policy().allow("work"), capture_output=True)

The public names are those of ``__init__.pyi``, imported when they are used; docs/library.md tells
of each. `nono.supervisor` and `nono.broker` are the packages below it.
"""

from nono.broker.face import show_public_names

__version__ = "0.1.0"

show_public_names(__name__)
