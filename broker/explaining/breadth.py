"""What is to be known of a suggestion: what it opens besides, or why there is none."""

from __future__ import annotations

from nono.broker.explaining import git_settings
from nono.broker.explaining.remedies import NAMES, Around, Flags, git_of, is_passing, opens_workdir
from nono.broker.policy.policy import Policy
from nono.broker.requests import Execute, Operation, PathChange, Request, UnixConnect
from nono.broker.rules.paths import child, is_within, parent
from nono.broker.settings import BY_OPTION, Key, Kind, flag

_CWD = flag("workdir.access")
_CACHES = flag("filesystem.caches")


def beyond(policy: Policy, request: Request, fix: Flags, around: Around) -> str:
    """What a suggestion for what no rule allows opens besides, or what does instead.

    Empty where nothing is to be said. A path in it is as the request has it: not safe to show.
    """
    if not fix:
        return _why_none(request, around)
    if fix == (_CACHES,):
        return f"it is a tool's cache or log, and {_CACHES} gives tools some of the sandbox's own"
    path: str = getattr(request, "path", "")
    if not path or isinstance(request, UnixConnect):
        return ""
    if around.is_project(path) and not opens_workdir(policy, around.workdir):
        if fix == (_CWD,):
            return "this opens all of the working directory, to read and to write"
        return f"{_CWD} opens all of the working directory, to read and to write"
    key = _key(fix[0])
    if key is None or key.kind is not Kind.DIRECTORY or fix[1] == path:
        return ""
    if git_of(request, around) == fix[1]:
        return f"git needs all of {fix[1]}"
    return f"it takes a right on all of {fix[1]}"


def _key(spelled: str) -> Key | None:
    return BY_OPTION.get(spelled[2:].replace("-", "_"))


def _why_none(request: Request, around: Around) -> str:
    if isinstance(request, Execute) and not around.is_there:
        opened = flag("filesystem.allow")
        return f"what a program makes can be run in its $TMPDIR, and in what was opened by {opened}"
    if isinstance(request, PathChange):
        if git_settings.is_of_person(request.path, around.home):
            return git_settings.why_kept(request.path, around.home)
        return _why_no_name(request, around)
    return ""


def _why_no_name(request: PathChange, around: Around) -> str:
    if request.operation is Operation.MKDIR:
        if around.home and request.path == child(around.home, ".cache"):
            return f"tools keep their caches there: {_CACHES} gives them some of the sandbox's own"
        if around.home and is_within(request.path, around.home):
            return "a flag that opens all of that would open too much: name what is made in it"
        return "make it before the run, and open it"
    if request.operation in NAMES or is_passing(request):
        return f"it takes a right on all of {parent(request.path)}"
    return ""
