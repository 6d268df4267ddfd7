"""The decision: policy, requests, verdicts and their explanation.

Pure data and functions: no input or output beyond reading this package's own
data files, no event loop, no platform.
"""

from nono.broker.errors import (
    FloorTooLarge,
    InvalidHost,
    PolicyError,
    UnknownGroup,
    UnknownNetworkProfile,
)
from nono.broker.explaining.explain import Explanation, explain
from nono.broker.floor.floor import Floor, FloorRule, Kind, Tree
from nono.broker.groups import Group, default_groups, floor_exclude, group, groups, rules_of
from nono.broker.network.network import TLS_PORT, Mode, Network
from nono.broker.network.refusals import METADATA_BLOCKS, METADATA_RULES, PRIVATE_RULES
from nono.broker.policy.environment import Environment, looks_secret
from nono.broker.policy.policy import COPY_INSTEAD, NO_RIGHT_ASKED, Policy
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    Execute,
    Metadata,
    NetworkRequest,
    Open,
    Operation,
    PathChange,
    PathRequest,
    Process,
    Request,
    ServerName,
    Socket,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import ALL_ACCESS, FLOOR_ACCESS, NOTHING, READ_WRITE, Access
from nono.broker.rules.addresses import destination
from nono.broker.rules.host_patterns import (
    DEFAULT_PORTS,
    AddressBlock,
    HostName,
    HostSuffix,
    LocalPort,
    NamePattern,
    NetworkPattern,
    PublicPort,
)
from nono.broker.rules.hosts import canonical_host, parse_port
from nono.broker.rules.paths import RESERVED_TREES, is_canonical, is_within
from nono.broker.rules.rule import (
    OWN_OBJECT,
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
    Subtrees,
    singly,
)
from nono.broker.verdicts import Allow, Ask, Deny, Verdict
from nono.broker.visible import visible

__all__ = [
    "ALL_ACCESS",
    "COPY_INSTEAD",
    "DEFAULT_PORTS",
    "FLOOR_ACCESS",
    "METADATA_BLOCKS",
    "METADATA_RULES",
    "NOTHING",
    "NO_RIGHT_ASKED",
    "OWN_OBJECT",
    "PRIVATE_RULES",
    "READ_WRITE",
    "RESERVED_TREES",
    "TLS_PORT",
    "Access",
    "AddressBlock",
    "Allow",
    "Anything",
    "Ask",
    "Bind",
    "Connect",
    "ConnectHost",
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
    "HostName",
    "HostSuffix",
    "InvalidHost",
    "Kind",
    "LocalPort",
    "Metadata",
    "Mode",
    "NamePattern",
    "Network",
    "NetworkPattern",
    "NetworkRequest",
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
    "PublicPort",
    "Request",
    "Rule",
    "ServerName",
    "Socket",
    "Subtree",
    "Subtrees",
    "Tree",
    "UnixConnect",
    "UnknownGroup",
    "UnknownNetworkProfile",
    "Verdict",
    "Watch",
    "canonical_host",
    "default_groups",
    "destination",
    "explain",
    "floor_exclude",
    "group",
    "groups",
    "is_canonical",
    "is_within",
    "looks_secret",
    "parse_port",
    "rules_of",
    "singly",
    "visible",
]
