"""The decision: policy, requests, verdicts and their explanation.

Pure data and functions: no input or output beyond reading this package's own
data files, no event loop, no platform. The public names are those of `__init__.pyi`.
"""

from nono.broker.face import show_public_names

show_public_names(__name__)
