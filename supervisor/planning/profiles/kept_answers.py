"""Reading and writing the answers that are kept for later runs.

What no run has used for 90 days counts no more: a directory that nobody works in, a profile that
nobody runs. It stays in the file until somebody forgets it.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nono.broker import Effect, Glob, PathPattern, PolicyError
from nono.broker.dataclass import dataclass, replace
from nono.broker.profile.merge import merge
from nono.broker.profile.parse import parse
from nono.broker.settings import Key, Setting, Settings
from nono.supervisor import looks
from nono.supervisor.places import make_private, platform
from nono.supervisor.planning.network.network_rules import listening_rules, reaching_rules
from nono.supervisor.planning.paths.path_rules import path_rules
from nono.supervisor.planning.profiles.answers_file import KeptAnswers
from nono.supervisor.planning.profiles.led_elsewhere import leads_elsewhere, led
from nono.supervisor.planning.profiles.profile_files import Profiles
from nono.supervisor.planning.profiles.profile_findings import Findings
from nono.supervisor.planning.profiles.profile_paths import ProfilePaths, Variables, beginning
from nono.supervisor.walk import Changeable

UNUSED_DAYS = 90
_DAY_SECONDS = 86_400
_MAX_WORDS = 300
_COMMENT = re.compile(r"\s*// answered ([0-9-]{10}), used ([0-9-]{10}): (.*)")
_KEYS = {
    "filesystem": ("allow", "read", "write", "list", "allow_file", "read_file", "write_file"),
    "network": ("allow_domain", "open_port", "listen_port"),
}
_HEAD = '// What was answered with "always": `nono answers` lists it, forgets it, and moves it\n'
_HEAD += "// into a profile. Comments at the end of a line are lost when the next answer comes.\n"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """One entry: a key of a profile, and a value. Days are as in ISO 8601, in local time.

    `words` say who asked for what.
    """

    key: str
    value: str | int
    answered: str
    used: str
    words: str

    @property
    def is_stale(self) -> bool:
        """True when no run used it for 90 days."""
        return self.used < day(time.time() - UNUSED_DAYS * _DAY_SECONDS)

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"


def day(seconds: float) -> str:
    """The day of a time."""
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


class _OfAnswers(Findings):
    """Of what was there when it was answered: that it is gone by now is nothing to be told."""

    def note(self, setting: Setting, text: str) -> None:
        """Nothing."""


class _PathsOfAnswers(ProfilePaths):
    """Yields what an answer says, or nothing: a link may come while the others are looked at."""

    def __init__(
        self, variables: Variables, findings: Findings, changeable: Changeable, notes: list[str]
    ) -> None:
        super().__init__(variables, findings, changeable)
        self._said = variables
        self._notes = notes

    def patterns(self, setting: Setting, key: Key) -> Iterator[PathPattern]:
        """The patterns that lead to the very path that was answered about."""
        for pattern in super().patterns(setting, key):
            text = _text_of(setting)
            reached = pattern.prefix if isinstance(pattern, Glob) else getattr(pattern, "path", "")
            if reached == beginning(text, self._said):
                yield pattern
            else:
                self._notes.append(led(text, reached))


def read_kept(
    file: str, env: Mapping[str, str], home: str, workdir: str, changeable: Changeable
) -> KeptAnswers:
    """What the entries of a file give to a run; nothing, with a note, of one with mistakes."""
    try:
        settings, stale, odd = _settings(file, env, home)
    except PolicyError as error:
        return KeptAnswers(notes=(f"{file}: not read: {error.message}",))
    findings = _OfAnswers()
    variables = Variables(env, home, workdir)
    settings, left_out = _where_no_link_stands(settings, variables)
    paths = _PathsOfAnswers(variables, findings, changeable, left_out)
    rules = tuple(path_rules(settings, Effect.ALLOW, paths))
    notes = [*odd, *left_out, *findings.notes, *map(str, findings.problems)]
    if stale:
        notes.append(
            f"{stale} {'answer' if stale == 1 else 'answers'} in {file} not used for"
            f" {UNUSED_DAYS} days: left out (nono answers list)"
        )
    hosts, listen = tuple(reaching_rules(settings)), tuple(listening_rules(settings))
    return KeptAnswers(rules, hosts, listen, tuple(notes))


def _settings(file: str, env: Mapping[str, str], home: str) -> tuple[Settings, int, list[str]]:
    """The settings that count, how many are stale, and what is odd. Raises PolicyError."""
    profiles = Profiles(env, home)
    source = profiles.load(file, None)
    merged = merge([parse(source.file, source.data)], platform())
    lines = source.data.decode("utf-8-sig").splitlines()
    kept: dict[str, tuple[Setting, ...]] = {}
    stale = 0
    for key in merged.settings:
        if not _is_kept(key):
            profiles.notes.append(f"{file}: {key} is no answer: left out")
            continue
        fresh = [each for each in merged.all(key) if not _answer(each, lines).is_stale]
        stale += len(merged.all(key)) - len(fresh)
        kept[key] = tuple(fresh)
    return Settings(kept), stale, profiles.notes


def _where_no_link_stands(settings: Settings, variables: Variables) -> tuple[Settings, list[str]]:
    """The settings without the paths that a link leads elsewhere by now, and notes about those."""
    kept: dict[str, tuple[Setting, ...]] = {}
    notes: list[str] = []
    for key in settings.settings:
        found = []
        for each in settings.all(key):
            text = _text_of(each)
            if (link := leads_elsewhere(key, text, variables)) is not None:
                notes.append(led(text, link))
            else:
                found.append(each)
        kept[key] = tuple(found)
    return Settings(kept), notes


def _text_of(setting: Setting) -> str:
    return str(getattr(setting.value, "path", setting.value))


def _is_kept(key: str) -> bool:
    section, _, name = key.partition(".")
    return name in _KEYS.get(section, ())


def _answer(setting: Setting, lines: Sequence[str]) -> KeptAnswer:
    """The entry with what the comment above it says; one without such a comment is of today."""
    today = day(time.time())
    above = lines[setting.line - 2] if setting.line >= 2 else ""
    found = _COMMENT.match(above)
    when = found.groups() if found is not None else (today, today, "")
    return KeptAnswer(setting.key, getattr(setting.value, "path", setting.value), *when)


def read_answers(file: str, env: Mapping[str, str], home: str) -> list[KeptAnswer]:
    """Every entry of a file, stale ones too; none of one that is not there. Raises PolicyError."""
    if not looks.lexists(file):
        return []
    source = Profiles(env, home).load(file, None)
    merged = merge([parse(source.file, source.data)], platform())
    lines = source.data.decode("utf-8-sig").splitlines()
    return [
        _answer(setting, lines)
        for key in merged.settings
        if _is_kept(key)
        for setting in merged.all(key)
    ]


def write_answers(file: str, answers: Iterable[KeptAnswer]) -> None:
    """Make these the entries of a file; one without any goes. Raises OSError."""
    answers = list(answers)
    if not answers:
        if looks.lexists(file):
            os.unlink(file)
        return
    directory = os.path.dirname(file)
    make_private(directory)
    descriptor, beside = tempfile.mkstemp(prefix=".answers.", dir=directory)
    try:
        with open(descriptor, "w", encoding="utf-8") as new:
            new.write(_text(answers))
        os.replace(beside, file)
    except BaseException:
        os.unlink(beside)
        raise


def _text(answers: Sequence[KeptAnswer]) -> str:
    sections = []
    for section, names in _KEYS.items():
        lists = []
        for name in names:
            found = [each for each in answers if each.key == f"{section}.{name}"]
            if found:
                lists.append(f'    "{name}": [\n{",".join(map(_entry, found))}\n    ]')
        if lists:
            sections.append(f'  "{section}": {{\n' + ",\n".join(lists) + "\n  }")
    return _HEAD + "{\n" + ",\n".join(sections) + "\n}\n"


def _entry(each: KeptAnswer) -> str:
    words = " ".join(each.words.split())[:_MAX_WORDS]
    comment = f"      // answered {each.answered}, used {each.used}: {words}"
    return f"\n{comment}\n      {json.dumps(each.value)}"


def keep(
    file: str,
    env: Mapping[str, str],
    home: str,
    entries: Iterable[tuple[str, str | int]],
    words: str,
) -> None:
    """Add entries of today, each once. Raises OSError, PolicyError."""
    today = day(time.time())
    known = {(each.key, each.value): each for each in read_answers(file, env, home)}
    for key, value in entries:
        known[key, value] = KeptAnswer(key, value, today, today, words)
    write_answers(file, known.values())


def used_today(file: str, env: Mapping[str, str], home: str) -> None:
    """A run with the answers of a file starts: what it counts in is used today. Raises nothing.

    Written once a day.
    """
    today = day(time.time())
    try:
        answers = read_answers(file, env, home)
        if any(each.used < today and not each.is_stale for each in answers):
            write_answers(
                file, [each if each.is_stale else replace(each, used=today) for each in answers]
            )
    except (OSError, PolicyError):
        return
