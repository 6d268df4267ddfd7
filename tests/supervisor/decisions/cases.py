"""Options and profiles of all kinds, over one small tree of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

DIRECTORIES = ("a", "a/b", "c", "c/proc")
FILES = ("a/x", "a/key", "a/b/.env", "a/b/key", "c/x", "c/proc/x")
KEYS = ("a/key", "a/b/key", "c/proc/x")

_NAMES = st.lists(st.sampled_from(["", *DIRECTORIES, *FILES]), max_size=2)
_PATH_KEYS = ("allow", "read", "write", "allow_file", "read_file", "write_file")
_DOMAINS = st.lists(st.sampled_from(["one.example", "*.example:443", "10.0.0.0/8"]), max_size=2)
_KEY = st.sampled_from(KEYS)


@dataclass(frozen=True)
class Case:
    """Options and a profile, with paths relative to a directory, and what is mounted there."""

    paths: dict[str, list[str]]
    network: dict[str, Any]
    key: str | None
    profile_paths: dict[str, list[str]]
    profile_network: dict[str, Any]
    profile_key: str | None
    globs: bool
    mounts: list[str]

    def options(self, place: Path) -> dict[str, Any]:
        made: dict[str, Any] = _inside(place, self.paths) | self.network
        if self.key is not None:
            made["proxy_credential"] = [f"openai=file://{place / self.key}"]
        return made | {"profile": str(place / "profile.json"), "workdir": str(place)}

    def profile(self, place: Path) -> dict[str, Any]:
        filesystem = _inside(place, self.profile_paths)
        if self.globs:
            filesystem.setdefault("deny", []).append("**/.env")
        network = dict(self.profile_network)
        if self.profile_key is not None:
            mine = {
                "upstream": "https://mine.example",
                "credential_key": f"file://{place / self.profile_key}",
                "env_var": "MINE_KEY",
            }
            network |= {"custom_credentials": {"mine": mine}, "credentials": ["mine"]}
        return {"filesystem": filesystem, "network": network}


def _inside(place: Path, paths: dict[str, list[str]]) -> dict[str, list[str]]:
    return {
        key: [str(place / name) for name in names if name or key != "deny"]
        for key, names in paths.items()
    }


def _optional(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=strategies)


_PATHS = _optional(**{key: _NAMES for key in (*_PATH_KEYS, "deny")})
CASES = st.builds(
    Case,
    paths=_PATHS,
    network=_optional(allow_domain=_DOMAINS, listen_port=st.just([8000]), allow_cwd=st.booleans()),
    key=st.none() | _KEY,
    profile_paths=_PATHS,
    profile_network=st.just({"block": True}) | _optional(allow_domain=_DOMAINS),
    profile_key=st.none() | _KEY,
    globs=st.booleans(),
    mounts=st.lists(st.sampled_from(["c/proc", "a/b"]), max_size=2, unique=True),
)

EVERYTHING = Case(
    paths={"read": ["c"]},
    network={"allow_domain": ["one.example"], "allow_cwd": True},
    key="a/key",
    profile_paths={"allow": ["a"]},
    profile_network={},
    profile_key="a/b/key",
    globs=True,
    mounts=["c/proc"],
)
