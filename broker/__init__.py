"""The decision: policy, requests, verdicts and their explanation.

Pure data and functions: no input or output beyond reading this package's own
data files, no event loop, no platform.
"""

from nono.broker.access import ALL_ACCESS, FLOOR_ACCESS, NOTHING, READ_WRITE, Access
from nono.broker.environment import Environment, looks_secret
from nono.broker.errors import FloorTooLarge, PolicyError, UnknownGroup
from nono.broker.explain import Explanation, explain
from nono.broker.floor import Floor, FloorRule, Kind, Tree
from nono.broker.groups import Group, default_groups, floor_exclude, group, groups, rules_of
from nono.broker.network import METADATA_BLOCKS, METADATA_RULES, Mode, Network
from nono.broker.paths import RESERVED_TREES, is_canonical, is_within
from nono.broker.policy import COPY_INSTEAD, NO_RIGHT_ASKED, OWN_OBJECT, Policy
from nono.broker.requests import (
    Bind,
    Connect,
    Execute,
    Metadata,
    Open,
    Operation,
    PathChange,
    PathRequest,
    Process,
    Request,
    UnixConnect,
    Watch,
)
from nono.broker.rules import (
    AddressBlock,
    Anything,
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    PathPattern,
    Pattern,
    Rule,
    Subtree,
)
from nono.broker.verdicts import Allow, Ask, Deny, Verdict
from nono.broker.visible import visible

__all__ = [
    "ALL_ACCESS",
    "COPY_INSTEAD",
    "FLOOR_ACCESS",
    "METADATA_BLOCKS",
    "METADATA_RULES",
    "NOTHING",
    "NO_RIGHT_ASKED",
    "OWN_OBJECT",
    "READ_WRITE",
    "RESERVED_TREES",
    "Access",
    "AddressBlock",
    "Allow",
    "Anything",
    "Ask",
    "Bind",
    "Connect",
    "Deny",
    "Effect",
    "Environment",
    "Execute",
    "Explanation",
    "File",
    "Floor",
    "FloorRule",
    "FloorTooLarge",
    "Glob",
    "Group",
    "Kind",
    "Metadata",
    "Mode",
    "Network",
    "Open",
    "Operation",
    "Origin",
    "OriginKind",
    "PathChange",
    "PathPattern",
    "PathRequest",
    "Pattern",
    "Policy",
    "PolicyError",
    "Process",
    "Request",
    "Rule",
    "Subtree",
    "Tree",
    "UnixConnect",
    "UnknownGroup",
    "Verdict",
    "Watch",
    "default_groups",
    "explain",
    "floor_exclude",
    "group",
    "groups",
    "is_canonical",
    "is_within",
    "looks_secret",
    "rules_of",
    "visible",
]
