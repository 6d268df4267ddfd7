"""From a command line to an exit code: every error becomes one line, and a hint."""

from __future__ import annotations

import errno
import gc
import os
import sys

from nono.broker.errors import ProfileError
from nono.broker.visible import visible
from nono.supervisor import exit_status
from nono.supervisor.cli.messages import forget_stdout, say, tell
from nono.supervisor.cli.simple_line import simple_run
from nono.supervisor.decisions.searched_modules import this_process_is_ours
from nono.supervisor.errors import BrokenError, CommandError, NonoError, hint_of
from nono.supervisor.places import current_directory

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

_MAX_PROBLEMS = 20
_PROFILE = ("-p ", "--profile ")
_RUNNING = {"run", "shell", "learn"}


def run_line(arguments: list[str]) -> int:
    """Run what the words of a command line say; the code (`exit_status`). Raises SystemExit."""
    this_process_is_ours()
    runs = arguments[:1] and arguments[0] in _RUNNING
    return _run(arguments, exit_status.NOT_STARTED if runs else exit_status.USAGE)


def _run(arguments: list[str], failure: int) -> int:
    """Run a command; `failure` is the exit code of what cannot be."""
    stdout = sys.stdout
    try:
        code = _code(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except CommandError as error:
        code = _complain(error.message, _with_options(error.hint, arguments), error.exit_code)
    except NonoError as error:
        code = _complain_of(error, failure)
    except OSError as error:
        forget_stdout()
        if _nobody_reads(error, failure):
            return exit_status.SUCCESS
        code = _complain(*_of_call(error), failure)
    except SystemExit as end:
        if isinstance(end.code, int) and end.code < exit_status.SUCCESS:
            return end.code
        # Click's own, where it finds the same: it puts something in the place of stdout first.
        if sys.stdout is stdout or not _only_tells(arguments):
            raise
        forget_stdout()
        code = exit_status.SUCCESS
    except Exception as error:
        lacks = os.strerror(errno.EMFILE)
        if isinstance(error, ImportError) and lacks in str(error):  # dlopen(3) has words alone
            code = _complain(lacks, hint_of(errno.EMFILE), failure)
        else:
            code = _complain(_bug(error), "please report it", failure)
    return code if isinstance(code, int) else exit_status.SUCCESS


def _code(arguments: list[str]) -> Any:
    """What the command returns. Raises NonoError, OSError, SystemExit."""
    if arguments == ["--version"]:
        from nono.supervisor.version import VERSION

        tell([f"nono, version {VERSION}"])
        return exit_status.SUCCESS
    simple = simple_run(arguments, os.environ)
    if simple is None:
        from nono.supervisor.cli.commands import by_click

        if arguments[:1] and arguments[0] not in _RUNNING:
            gc.enable()
        return by_click(arguments)
    from nono.supervisor.cli.supervise import run_command

    try:
        return run_command(simple.argv, simple.values)
    except (EOFError, KeyboardInterrupt) as error:
        say([""])
        is_end = isinstance(error, EOFError)
        return exit_status.NO_ANSWER if is_end else exit_status.INTERRUPTED
    except BrokenPipeError:
        raise SystemExit(1) from None


def _only_tells(arguments: list[str]) -> bool:
    """False for a command that is to run a program; click's help is told without it."""
    runs = arguments[:1] and arguments[0] in _RUNNING
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return not runs or not {"-h", "--help"}.isdisjoint(options)


def _nobody_reads(error: OSError, failure: int) -> bool:
    """True when a command that only tells something was told that this is enough: `| head`.

    One that runs a program has other pipes, too.
    """
    return isinstance(error, BrokenPipeError) and failure == exit_status.USAGE


def _of_call(error: OSError) -> tuple[str, str]:
    """What is wrong and what to do, for a call of nono's own that failed.

    Whatever is relative to the working directory needs that, and names no file where it is gone.
    """
    if error.errno == errno.ENOENT and not error.filename:
        try:
            current_directory()
        except NonoError as gone:
            return gone.message, gone.hint
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}", hint_of(error.errno or 0)


def _bug(error: Exception) -> str:
    """What failed and where, for an error that nobody has thought of."""
    import traceback

    innermost = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(innermost.filename)}:{innermost.lineno}"
    return f"a bug in nono: {type(error).__name__}: {error} ({where})"


def _complain_of(error: NonoError, failure: int) -> int:
    """Say what is wrong, for a profile each of the first problems with it; the exit code."""
    problems = [(error.message, error.hint)]
    if isinstance(error, ProfileError):
        problems = [(str(problem), problem.hint) for problem in error.problems]
    for message, hint in problems[:_MAX_PROBLEMS]:
        _complain(message, hint, failure)
    if len(problems) > _MAX_PROBLEMS:
        say([f"nono: and {len(problems) - _MAX_PROBLEMS} more problems"])
    return error.exit_code if isinstance(error, BrokenError) else failure


def _with_options(hint: str, arguments: list[str]) -> str:
    """A hint that runs something, by the options of this run; one that names a profile means it."""
    before, run, after = hint.partition("nono run ")
    if not run or arguments[:1] != ["run"] or "--" not in arguments or after.startswith(_PROFILE):
        return hint
    import shlex  # which a start does without

    given = shlex.join(arguments[1 : arguments.index("--")])
    return f"{before}{run}{given}{' ' if given else ''}{after}"


def _complain(message: str, hint: str, code: int) -> int:
    lines = [f"nono: {visible(message, limit=1000)}"]
    if hint:
        lines.append(f"hint: {visible(hint, limit=1000)}")
    say(lines)
    return code
