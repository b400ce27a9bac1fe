"""The command line, one file a room: training, measuring runs, data, the course on this machine, grading."""

import argparse
import sys

from .. import __version__
from ..training import RunError
from . import course, data, grade, measure, train


def main(argv: list[str] | None = None) -> int:
    """Entry point of `aimsssl`. A mistake of the caller's ends with one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console without ± or ✓ shows ?, and no result is lost to it
    options, rest = parser().parse_known_args(argv)
    if rest and options.command != "lab":
        print(f"aimsssl: error: unknown option {rest[0]}; see aimsssl {options.command} --help", file=sys.stderr)
        return 2
    options.rest = rest
    try:
        return options.run_command(options) or 0
    except (ValueError, TypeError, RunError, OSError) as error:
        print(f"aimsssl: error: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        if "home directory" not in str(error):  # what pathlib says of ~ where there is none
            raise
        print(f"aimsssl: error: {error} A path that begins with ~ needs one.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        on = "; the same command goes on from the last checkpoint" if options.command == "train" else ""
        print(f"\naimsssl: stopped{on}", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands. Each sets `run_command`, which takes the options."""
    whole = argparse.ArgumentParser("aimsssl", description="Self-supervised visual learning, in seven lessons.")
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for room in (course, train, measure, data, grade):
        room.add(commands)
    return whole
