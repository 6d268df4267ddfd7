"""nono.supervisor: runs programs in sandboxes, performs what the policy allows, talks to people.

The public names are those of ``__init__.pyi``, imported when they are used.
"""

from nono.broker.face import show_public_names

show_public_names(__name__)
