"""Refusals to write what runs by itself later, in what a person opened for writing.

A hook, a task of an editor or a start file of a shell is run outside the sandbox without anybody
meaning to. The names are data: `start_files` for projects and their repositories, and the group
`protect_start_files` for the home. What a person named is the person's to open (`reach`). A
repository is protected as it is at the start: what the run makes itself, the run may configure.
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from nono.broker import Access, Effect, File, Origin, OriginKind, Rule, Subtree
from nono.broker.dataclass import replace
from nono.broker.datafile import data
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import ancestors, child, is_within, lineage
from nono.broker.rules.patterns import Subtrees
from nono.supervisor.links import Ways
from nono.supervisor.planning.git import repositories
from nono.supervisor.planning.git.git_directories import GitDirectories
from nono.supervisor.planning.git.git_files import kind_of, linked_ways
from nono.supervisor.planning.git.git_settings import (
    Configurations,
    Named,
    in_every_work_tree,
    named_by_configuration,
    named_everywhere,
    of_every_repository,
)
from nono.supervisor.planning.git.remembered_repositories import remembered
from nono.supervisor.planning.git.repositories import Found, Repository
from nono.supervisor.planning.paths.links_inside import LinksInside, led_to
from nono.supervisor.planning.paths.opened_by_patterns import opened_by_people
from nono.supervisor.planning.paths.reach import Reach
from nono.supervisor.planning.paths.refused_names import Expanded
from nono.supervisor.planning.projects.project_directories import ProjectDirectories, within_bounds
from nono.supervisor.walk import MAX_FOLLOWED, Followed, NotFollowedError, plain, way

GROUP = "protect_start_files"
ORIGIN = Origin(OriginKind.GROUP, GROUP)
_OWN_UNREAD = "{}: more than is read of git's configuration: what else it names is not protected"
_UNREAD = (
    "{}: more than is read of git's configuration: in {} and {} other repositories nothing may be"
    " changed but what was opened by its own name"
)
_MANY_DIRECTORIES = (
    "{}: more directories in modules and worktrees than are looked at: in these of it and of {}"
    " other repositories nothing may be changed"
)
_NOT_FOLLOWED = (
    "{}: leads through more names than are followed, with all that leads on from what starts by"
    " itself: of what is opened nothing may be changed"
)
_ANYBODY = Origin(OriginKind.FLAG, "whatever is asked about")


class StartFiles(NamedTuple):
    """The refusals, the repositories that were found for them, and what git runs in every work tree
    (`in_every_work_tree`), None where nobody looked."""

    rules: tuple[Rule, ...]
    found: Found
    in_work_trees: dict[str, bool] | None = None


NOTHING = StartFiles((), Found(()))


def start_file_rules(
    rules: Iterable[Rule],
    workdir: str,
    home: str,
    expand: Expanded,
    env: Mapping[str, str],
    before: Iterable[Rule] = (),
) -> StartFiles:
    """The refusals for what these rules open. `expand` is for the paths of groups, `env` says where
    it is remembered which repositories there are. Those in what was opened `before` may lead here.
    """
    rules = tuple(rules)
    opened = opened_by_people(rules, Access.WRITE)
    written = opened.directories
    if not written:
        return NOTHING
    earlier = opened_by_people(before, Access.WRITE)
    searched = repositories.searched_directories(opened)
    searched |= repositories.searched_directories(earlier)
    is_opened, followed, found = Reach(rules), Followed(MAX_FOLLOWED), Found(())
    own = Configurations()
    settings = of_every_repository(home, env, own)
    known: dict[str, str] = {}
    passed: dict[str, str] = {}
    projects = ProjectDirectories()
    inside = LinksInside(is_opened, home, followed)
    whole: Collection[str] = ()
    try:
        found = repositories.search(searched, remembered(searched, env), followed)
        found = within_bounds(found, written, followed)
        inside.closed = found.closed
        named, found = _named(found, home, settings, own, passed, followed)
        here = _Search(workdir, expand, projects, passed, followed)
        for path, spelled in _start_files(sorted(written), found, named, here):
            known.setdefault(path, spelled)
        known |= {path: _spelled(link, workdir) for path, link in inside.search(known).items()}
    except NotFollowedError:
        whole = written
        known |= {each: _spelled(each, workdir) for each in whole}
        projects.notes.append(_NOT_FOLLOWED.format(followed.ended))
    passed |= inside.passed | {each: each for each in expand.passed}
    spellings = {path: known[path] for path in (*is_opened.among(known), *projects.full, *whole)}
    pattern = Subtrees(spellings, is_opened.named_in(spellings))
    refusal = Rule(pattern, CHANGING, Effect.DENY, ORIGIN, protected=True)
    found = found._replace(notes=(*found.notes, *inside.notes, *projects.notes))
    alone = _alone(is_opened.among(passed), spellings)
    single = [File(each, _spelled(passed[each], workdir)) for each in alone]
    refusals = [replace(refusal, pattern=each) for each in single]
    every = (*((refusal,) if spellings else ()), *refusals)
    return StartFiles(every, found, in_every_work_tree(settings))


def _alone(passed: Collection[str], kept: Iterable[str]) -> list[str]:
    """Those of the ways' directories that stay where they are by nothing else."""
    held = {above for path in kept for above in ancestors(path)} if passed else ()
    return sorted(each for each in passed if each not in held)


def started_by_itself(
    directory: str,
    workdir: str,
    home: str,
    expand: Expanded,
    env: Mapping[str, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """What would be refused in a directory, and above it, if all was opened and nobody had named
    any of it; and what would be so by itself, without what is in it. Each path with its spelling.
    """
    above = [*lineage(directory)]
    passed: dict[str, str] = {}
    own = Configurations()
    settings = of_every_repository(home, env, own)
    known: dict[str, str] = {}
    followed = Followed(MAX_FOLLOWED)
    everything = Reach([Rule(Subtree("/"), Access.WRITE, Effect.ALLOW, _ANYBODY)])
    inside = LinksInside(everything, home, followed)
    here = _Search(workdir, expand, ProjectDirectories(), passed, followed)
    try:
        ones = {one for each in above for one in repositories.repositories_at(each, followed)}
        found = Found(tuple(sorted(ones, key=str)))
        named, found = _named(found, home, settings, own, passed, followed)
        for each, spelled in _start_files(above, found, named, here):
            known.setdefault(each, spelled)
        known |= {led: _spelled(link, workdir) for led, link in inside.search(known).items()}
    except NotFollowedError:
        known |= {each: _spelled(each, workdir) for each in above}
    return known, passed | inside.passed


def _named(
    found: Found,
    home: str,
    settings: Sequence[Named],
    own: Configurations,
    passed: dict[str, str],
    followed: Followed,
) -> tuple[list[str], Found]:
    """What git's configuration names; and what was found, with what is to be said of it. `settings`
    are those of every repository, from `own`; `passed` gets what the ways of what is named hang on.
    Raises NotFollowedError.

    Where there is more configuration than is read, no file of the work tree may be changed: any
    may be a hook.
    """
    configurations, unread = Configurations(followed=followed), list[Repository]()
    named = [*named_everywhere(settings, home, own)]
    for one in found.repositories:
        before = len(configurations.cut)
        named += named_by_configuration(one, home, settings, configurations)
        if len(configurations.cut) > before:
            unread.append(one)
            named += (one.top, one.link or one.top, one.directory)
    notes = [_OWN_UNREAD.format(file) for file in own.cut]
    if unread:
        notes.append(_UNREAD.format(configurations.cut[0], unread[0].top, len(unread) - 1))
    passed |= {each: each for each in (*own.passed, *configurations.passed)}
    return named, found._replace(notes=(*found.notes, *notes))


def without_start_files(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """For a run without the broker: the kernel lets a program make every name in a directory,
    or none, so the refusals of single names would take creating from all that was opened."""
    return tuple(rule for rule in rules if rule.origin != ORIGIN)


class _Search(NamedTuple):
    """What one search goes by, and what it tells: `projects` gets what is to be said of where there
    is too much, `passed` what the ways of these paths go up from."""

    workdir: str
    expand: Expanded
    projects: ProjectDirectories
    passed: dict[str, str]
    followed: Followed


def _start_files(
    written: Sequence[str], search: Found, named: Iterable[str], here: _Search
) -> Iterator[tuple[str, str]]:
    """Paths, and how a person would write them in the working directory. `named` are those that
    git's configuration names. Raises NotFollowedError."""
    refused, leading = here.expand.refused_by(GROUP)
    yield from refused.items()
    for path in leading:
        yield from _led(path, refused[path], here)
    found = search.repositories
    resolvers = [Ways(each, here.followed).canonical for each in written]

    def outside(path: str) -> str:
        return way(path, followed=here.followed).end

    for path in itertools.chain(
        here.projects.start_files(written, found),
        _of_git(found, here),
        _above(found, written),
        named,
        _whole(search),
    ):
        spelled = _spelled(path, here.workdir)
        yield path, spelled
        # The name, and where links lead from it.
        inside = (
            ways for top, ways in zip(written, resolvers, strict=True) if is_within(path, top)
        )
        with here.followed.ending_at(path):
            end = next(inside, outside)(path)
        if end != path:
            yield from _led(path, spelled, here)


def _led(path: str, spelled: str, here: _Search) -> Iterator[tuple[str, str]]:
    led = led_to(path, here.followed)
    here.passed.update(dict.fromkeys(led.left, spelled))
    yield from ((each, spelled) for each in (*led.links, led.end))


def _spelled(path: str, workdir: str) -> str:
    """As a person would write it in the working directory."""
    return path[len(workdir) + 1 :] if path.startswith(workdir + "/") else path


def _whole(search: Found) -> Iterator[str]:
    """What is not looked through is refused as a whole."""
    for each in search.beyond:
        yield from {each.link or each.top, each.directory}
    yield from search.closed


def _above(found: Iterable[Repository], written: Sequence[str]) -> Iterator[str]:
    """What would make a repository of a directory above one, in what is opened: git goes on to look
    there when it no longer takes `.git` for one."""
    above = dict.fromkeys(each for one in found if one.link for each in ancestors(one.top))
    own = {one.directory for one in found}
    for each in above:
        if each not in own and any(is_within(each, top) for top in written):
            yield child(each, "HEAD")


def _of_git(found: Iterable[Repository], here: _Search) -> Iterator[str]:
    """What git runs or reads commands from, of these repositories."""
    names, seen = data("start_files")["repository"], set[str]()
    every = GitDirectories(here.followed)
    found = tuple(found)
    directories_of_git = {each.directory for each in found}
    for each in found:
        if each.link is not None and kind_of(each.link) != stat.S_IFDIR:
            yield each.link
            if not every.keep(linked_ways(each.link, here.followed)):
                yield each.top
        if each.named is not None and not every.keep((plain(each.named, here.followed),)):
            yield each.top
        if each.link is None:
            # Whoever is told to use this one would look there first.
            yield child(each.top, ".git")
        elif each.top not in directories_of_git:
            # git goes on to look here where a .git is none that it knows, whatever made it so.
            yield child(each.top, "HEAD")
        directories, too_many = every.of(each.directory)
        for directory in directories:
            if directory not in seen:
                seen.add(directory)
                yield from (child(directory, name) for name in names)
        # What is not looked through is refused as a whole.
        yield from too_many
    here.passed.update({each: each for each in every.passed})
    if every.cut:
        here.projects.notes.append(_MANY_DIRECTORIES.format(every.cut[0], len(every.cut) - 1))
