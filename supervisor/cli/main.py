"""The command line: `nono COMMAND ...`. What reads it, and commands, are imported when used."""

from __future__ import annotations

import atexit
import gc
import os
import sys

_SEARCHED = [*sys.path]
"""Where this interpreter looks for modules, as it was started."""
_LOCALE, _COERCED = "LC_CTYPE", frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
_MAX_ENVIRONMENT = 1 << 23
"""Bytes: more than execve(2) takes."""
TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which is among what is kept
    from typing import NoReturn

    from nono.supervisor.cli.kept_modules import KeptModules
    from nono.supervisor.cli.loaded_together import StartOfKind


def main(arguments: list[str] | None = None) -> NoReturn:
    """The entry point. Ends the process with the exit code, or by the signal that it stands for."""
    if arguments is None:
        _read_utf8()
        _give_back_locale()
        _look_for_warm()
    # A client of nono warm does without it.
    from nono.supervisor.cli.kept_modules import use_kept_modules

    # What is made before a program runs is there to stay: `foreground` looks for garbage again.
    gc.disable()
    kept = use_kept_modules() if arguments is None else None
    start = None if kept is None else _start_with(kept)
    from nono.supervisor.cli.outcome import run_line

    code = run_line(sys.argv[1:] if arguments is None else arguments)
    if kept is not None and start is not None and (start.is_new() or kept.wants()):
        from nono.supervisor.cli.keep_modules import keep_modules

        keep_modules(kept)
    if arguments is None:
        _end(code)
    sys.exit(code)


def _read_utf8() -> None:
    """Start anew where a locale has this interpreter take names of files for another encoding.

    A name in a profile, an audit or an answer is UTF-8 whoever reads it, and otherwise another
    file's. The environment, which the program gets, stays as it is. Source: PEP 540.
    """
    if sys.getfilesystemencoding() == "utf-8" or "utf8" in sys._xoptions or not sys.executable:
        return
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _give_back_locale() -> None:
    """LC_CTYPE as whoever started this gave it, where an interpreter in the locale C has set it.

    The program would be in another locale than outside, where nothing but Python asks for it.
    Sources: PEP 538; environ(7), proc_pid_environ(5).
    """
    if os.environ.get(_LOCALE) not in _COERCED:
        return
    try:
        with open("/proc/self/environ", "rb") as file:
            given = file.read(_MAX_ENVIRONMENT).split(b"\0")
    except OSError:
        return
    name = f"{_LOCALE}=".encode()
    value = next((each.removeprefix(name) for each in given if each.startswith(name)), None)
    if value is None:
        del os.environ[_LOCALE]
    else:
        os.environ[_LOCALE] = os.fsdecode(value)


def _look_for_warm() -> None:
    """What `nono warm` has a part in: comes back where this process is to do it."""
    # What only such a start needs is loaded only then.
    if "NONO_WARM" in os.environ and sys.argv[1:2] == ["run"]:
        from nono.supervisor.warm.client import run_warm

        run_warm(_SEARCHED, __file__)
    elif sys.argv[1:2] == ["warm"]:
        from nono.supervisor.warm.started import Started, noted

        noted.append(Started(main, _end_at_once, _SEARCHED, __file__))


def _start_with(kept: KeptModules) -> StartOfKind:
    """Put to use what is kept beside single modules."""
    from nono.broker import compiled, datafile
    from nono.supervisor.cli import loaded_together
    from nono.supervisor.cli.kept_data import KeptData
    from nono.supervisor.cli.loaded_together import StartOfKind, kind_of

    compiled.share(kept.texts, kept.patterns)
    data = KeptData(kept.data, kept.part)
    datafile.share(data.find, data.keep)
    start = StartOfKind(kept, kind_of(sys.argv[1:]))
    loaded_together.this.append(start)
    try:
        start.load()
    except KeyboardInterrupt:
        from nono.supervisor import exit_status

        _end(exit_status.INTERRUPTED)
    return start


def _end(code: int) -> NoReturn:
    from nono.supervisor import exit_status

    _end_at_once(code)
    sys.exit(exit_status.of_shell(code))


def _end_at_once(code: int) -> None:
    """End the process without taking apart first what it was made of: a twentieth of a start.

    Returns where something is left to wait for, or to say.
    """
    threading = sys.modules.get("threading")
    if threading is not None and not all(
        each.daemon for each in threading.enumerate() if each is not threading.main_thread()
    ):
        return
    atexit._run_exitfuncs()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return
    if code >= 0:
        os._exit(code)
    # What only such an end needs is loaded only then.
    from nono.supervisor import exit_status
    from nono.supervisor.by_signal import end_by

    end_by(-code)
    os._exit(exit_status.of_shell(code))


if __name__ == "__main__":
    main()
