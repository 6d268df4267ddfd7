"""The format of a profile: what each key means, and what may stand there.

The JSON Schema, the page docs/profiles.md and the checks come from these classes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    Tag,
    model_validator,
)

from nono.broker.credentials.services import (
    Injection,
    InjectMode,
    Service,
    check_service_name,
    default_format,
    own_service,
)
from nono.broker.profile import checks
from nono.broker.profile.parts import Limits, Part
from nono.broker.profile.values import (
    BY_SHAPE,
    Base,
    DeniedPath,
    ExcludedGroup,
    GroupName,
    Host,
    Name,
    NetworkProfileName,
    Path,
    Port,
    Value,
    Variable,
    VariablePattern,
    When,
)


class PathWhen(Part):
    """A path that counts on some platforms only."""

    path: Path
    """The path."""
    when: When | None = None
    """`linux`, `macos`, `!linux` or `!macos`; a list means any of them."""


class DeniedPathWhen(Part):
    """A refused path that counts on some platforms only."""

    path: DeniedPath
    """The path."""
    when: When | None = None
    """`linux`, `macos`, `!linux` or `!macos`; a list means any of them."""


class GroupWhen(Part):
    """A group that counts on some platforms only."""

    name: GroupName
    """The name of the group."""
    when: When | None = None
    """`linux`, `macos`, `!linux` or `!macos`; a list means any of them."""


class ExcludedGroupWhen(Part):
    """A group that is left out on some platforms only."""

    name: ExcludedGroup
    """The name of the group."""
    when: When | None = None
    """`linux`, `macos`, `!linux` or `!macos`; a list means any of them."""


class VariableWhen(Part):
    """A variable that counts on some platforms only."""

    env_var: Variable
    """The name of the variable."""
    when: When | None = None
    """`linux`, `macos`, `!linux` or `!macos`; a list means any of them."""


PathEntry = Annotated[Annotated[Path, Tag("text")] | Annotated[PathWhen, Tag("object")], BY_SHAPE]
DeniedPathEntry = Annotated[
    Annotated[DeniedPath, Tag("text")] | Annotated[DeniedPathWhen, Tag("object")], BY_SHAPE
]
GroupEntry = Annotated[
    Annotated[GroupName, Tag("text")] | Annotated[GroupWhen, Tag("object")], BY_SHAPE
]
ExcludedGroupEntry = Annotated[
    Annotated[ExcludedGroup, Tag("text")] | Annotated[ExcludedGroupWhen, Tag("object")], BY_SHAPE
]
VariableEntry = Annotated[
    Annotated[Variable, Tag("text")] | Annotated[VariableWhen, Tag("object")], BY_SHAPE
]
Bases = Annotated[
    Annotated[Base, Tag("text")] | Annotated[tuple[Base, ...], Field(min_length=1), Tag("list")],
    BY_SHAPE,
]


class Meta(Part):
    """What the profile is, for people. Never inherited."""

    name: str | None = None
    """The profile's name."""
    version: str | None = None
    """Its version, in whatever form the author likes."""
    description: str | None = None
    """What it is for, in one line: `nono profile list` shows it."""
    author: str | None = None
    """Who maintains it."""


class Groups(Part):
    """Named sets of paths; `nono profile groups` lists them. Every profile starts from those that
    `nono run` has without a profile."""

    include: tuple[GroupEntry, ...] | None = None
    """Groups to add."""
    exclude: tuple[ExcludedGroupEntry, ...] | None = None
    """Groups to leave out. One that protects cannot be left out: see
    `filesystem.bypass_protection`."""


class Workdir(Part):
    """The working directory, which `--workdir` names or nono is started in."""

    access: Literal["none", "read", "write", "readwrite"] | None = None
    """What a program may do in the working directory and below: `none`, `read` (and execute),
    `write`, or `readwrite` (and execute), with and without `--allow-cwd`: that flag means
    `readwrite` only where the profile says nothing, or `none`. Your home directory, and a directory
    above it, are opened in this way only with `--allow-cwd`."""


class Filesystem(Part):
    """Paths, from `/`, `~`, or a variable on; they need not exist. Deny beats allow."""

    allow: tuple[PathEntry, ...] | None = None
    """Directories to read, write and execute in, with all below."""
    read: tuple[PathEntry, ...] | None = None
    """Directories to read and execute in, with all below."""
    write: tuple[PathEntry, ...] | None = None
    """Directories to write in, with all below, without reading."""
    list: tuple[PathEntry, ...] | None = None
    """Directories to list the names in, without opening what they name; no patterns."""
    allow_file: tuple[PathEntry, ...] | None = None
    """Single files to read, write and execute."""
    read_file: tuple[PathEntry, ...] | None = None
    """Single files to read and execute."""
    write_file: tuple[PathEntry, ...] | None = None
    """Single files to write, without reading."""
    deny: tuple[DeniedPathEntry, ...] | None = None
    """Paths to refuse, with all below, whatever else allows them. A pattern such as `**/.env` holds
    in whatever the profile or an option opens; `**` stands for directories, not for links to
    them."""
    deny_write: tuple[DeniedPathEntry, ...] | None = None
    """Paths that may not be written, with all below, whatever else allows it: not changed, created,
    renamed or removed. Reading is as without. Patterns are as in `deny`."""
    ask: tuple[DeniedPathEntry, ...] | None = None
    """Paths to ask about with `--ask`, with all below; without it they are refused."""
    bypass_protection: tuple[PathEntry, ...] | None = None
    """Paths that a group protects (`~/.ssh` and the like) and that the profile may allow all the
    same; files there may also become set-user-ID. Grants nothing by itself."""
    caches: bool | None = None
    """True: tools find caches of the sandbox's own, kept for this profile (docs/caches.md)."""
    unix_socket: tuple[PathEntry, ...] | None = None
    """Unix sockets of others to connect to, such as Docker's or an agent's."""
    ssh_agent: bool | None = None
    """True: the SSH agent of `SSH_AUTH_SOCK`, known hosts, and public keys in `~/.ssh`."""


ServiceName = Annotated[str, AfterValidator(check_service_name)]


class EndpointRule(Part):
    """A kind of request."""

    method: Name
    """The method of HTTP, or `*`."""
    path: Name
    """The path below `upstream`: `*` stands for one part of it or a piece of one, `**` for any
    number of parts. An encoded slash is matched by `**` only."""


class CustomCredential(Part):
    """A service that a real key is sent to in place of the program's token."""

    upstream: Annotated[str, AfterValidator(checks.check_upstream)]
    """The service's URL: HTTPS, or HTTP on loopback."""
    credential_key: Name
    """The account in the keychain, or `env://NAME`, `file:///path`, `keyring://service/account`."""
    env_var: Variable | None = None
    """The variable that the program finds its token in. If not said: that of `env://NAME`, else the
    account in upper case. The URL is in `<NAME>_BASE_URL`, after the service's name."""
    inject_mode: Literal["header", "url_path", "query_param", "basic_auth"] = "header"
    """Where in a request the key goes."""
    inject_header: Name = "Authorization"
    """The header, for `header`."""
    credential_format: str | None = None
    """The header's value with `{}` for the key: `Bearer {}`, if not said, for Authorization."""
    path_pattern: str | None = None
    """The part of the path that holds the token, as `{}`, for `url_path`: `/bot{}/`."""
    path_replacement: str | None = None
    """What it becomes; as `path_pattern`, if not said."""
    query_param_name: str | None = None
    """The parameter of the URL, for `query_param`."""
    endpoints: tuple[EndpointRule, ...] = ()
    """What may be requested, below `upstream`. Once there is one, nothing else may be."""
    endpoint_rules: tuple[EndpointRule, ...] = ()
    """Another name for `endpoints`; both count."""

    @model_validator(mode="after")
    def _check(self) -> CustomCredential:
        self.service("service")
        return self

    def service(self, name: str, origin: str = "") -> Service:
        """The service of that name. Raises PolicyError."""
        injection = Injection(
            InjectMode(self.inject_mode),
            self.inject_header,
            default_format(self.inject_header)
            if self.credential_format is None
            else self.credential_format,
            self.path_pattern or "",
            self.path_replacement or self.path_pattern or "",
            self.query_param_name or "",
        )
        rules = [(rule.method, rule.path) for rule in (*self.endpoints, *self.endpoint_rules)]
        return own_service(
            name, self.upstream, self.credential_key, self.env_var, injection, rules, origin
        )


class Network(Part):
    """The network. Without any of these keys it is open, as without a flag; with one of them, only
    what they name is reached: with an empty list that is nothing but the program's own servers."""

    block: bool | None = None
    """True: no network at all, whatever else is named. False opens nothing: it only lifts an
    inherited true."""
    loopback_only: bool | None = None
    """True: no host, whatever else is named; only what listens in the sandbox itself, `open_port`
    and `listen_port`. False only lifts an inherited true."""
    network_profile: NetworkProfileName | None = None
    """A named set of hosts: `minimal`, `developer`, `enterprise`, ..."""
    allow_domain: tuple[Host, ...] | None = None
    """Hosts: a name, `*.suffix`, `name:port`, an address or a block of addresses. Without a port:
    80 and 443."""
    deny_domain: tuple[Host, ...] | None = None
    """Hosts that are refused whatever allows them, written as in `allow_domain`. Without a port:
    all ports. It says something only where hosts are named."""
    ask_domain: tuple[Host, ...] | None = None
    """Hosts to ask about with `--ask`, though others allow them; without it they are refused."""
    connect_port: tuple[Port, ...] | None = None
    """Ports of every public host. A range is a text: `"3000-3100"`."""
    listen_port: tuple[Port, ...] | None = None
    """Ports to listen on for other machines, and ranges of them."""
    open_port: tuple[Port, ...] | None = None
    """Ports of this machine to connect to, and ranges of them."""
    credentials: tuple[Name, ...] | None = None
    """Services whose keys nono adds to the program's requests: `openai` and others that
    `nono credential list` shows, or those of `custom_credentials`. `openai=env://MY_KEY` takes the
    key from elsewhere, `openai?` may have none. The program finds token and URL in variables."""
    custom_credentials: dict[ServiceName, CustomCredential] | None = None
    """Services of your own for `credentials` and `--proxy-credential`, by name."""


class EnvironmentVariables(Part):
    """The program's environment. Variables that look like secrets are dropped unless named."""

    allow_vars: tuple[VariablePattern, ...] | None = None
    """Names of the variables to pass on, and no others. `NAME_*` stands for all that begin so.
    Empty, or not given: all but those that look like secrets."""
    deny_vars: tuple[VariablePattern, ...] | None = None
    """Names of variables to drop, even if they are allowed."""
    set_vars: dict[Variable, Value] | None = None
    """Variables to set. Their values may begin with `~` or a variable as paths do."""


class Rollback(Part):
    """What to leave out when the program's changes are undone. Not supported yet."""

    exclude_patterns: tuple[str, ...] | None = None
    """Names of files and directories; with a slash, parts of paths."""
    exclude_globs: tuple[str, ...] | None = None
    """Patterns of the names of files."""


class Profile(Part):
    """What a program may do, as a file: JSON, with comments.

    Every key may be left out. What `extends` names comes first; then lists append, other values
    replace, and an empty list or `null` clears what was inherited.
    """

    json_schema: Annotated[str | None, Field(alias="$schema")] = None
    """The schema of the format, for editors."""
    extends: Bases | None = None
    """Profiles to start from: a name or a file, or a list of them, which then follow each other. A
    relative file is looked for beside this one."""
    meta: Meta | None = None
    """What the profile is, for people."""
    groups: Groups | None = None
    """Named sets of paths."""
    workdir: Workdir | None = None
    """The working directory."""
    filesystem: Filesystem | None = None
    """Paths."""
    network: Network | None = None
    """The network."""
    environment: EnvironmentVariables | None = None
    """The program's environment."""
    limits: Limits | None = None
    """How much of the machine it may use."""
    env_credentials: dict[Name, VariableEntry] | None = None
    """Refused: a program never gets a real key. Name the service in `network.credentials`."""
    ask: bool | None = None
    """True: what no rule covers is asked about, if somebody is there to answer, instead of being
    refused, as with `--ask` (docs/asking.md)."""
    rollback: Rollback | None = None
    """What to leave out when the program's changes are undone."""


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a profile."""
    made = Profile.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "A profile of nono",
    }
