"""What a program may do with an object of the file system."""

from __future__ import annotations

from nono.broker.enumeration import Flag


class Access(Flag):
    """Rights on a path. They combine with `|`; `Access(0)` asks for nothing.

    READ
        Read the content of a file, list a directory.
    WRITE
        Change the content or the metadata, create, delete and rename.
    EXECUTE
        Run the file as a program.
    CONNECT
        Connect to the unix socket at this path.
    CREATE
        Create new names directly in this directory. It grants nothing on what
        is there already, and nothing in the directories below.
    """

    READ = 1
    WRITE = 2
    EXECUTE = 4
    CONNECT = 8
    CREATE = 16


READ_WRITE = Access.READ | Access.WRITE
FLOOR_ACCESS = Access.READ | Access.WRITE | Access.EXECUTE
"""The rights that the kernel floor can carry (Landlock's file rights fall into these three)."""
ALL_ACCESS = FLOOR_ACCESS | Access.CONNECT | Access.CREATE
CHANGING = Access.WRITE | Access.CREATE
"""The rights that change what is there. Who has none of the others sees nothing by them."""
