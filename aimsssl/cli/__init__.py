"""The command line, one file a room: training, measuring runs, data, the course on this machine, grading."""

import argparse
import sys
from importlib import import_module

from .. import __version__

COMMANDS = {  # each with its room, which has `add_COMMAND` for its options, and with its line in `aimsssl --help`
    "lab": ("course", "open the lessons in JupyterLab"),
    "doctor": ("course", "check this machine"),
    "progress": ("course", "which exercises are solved; read from this machine only"),
    "handout": ("course", "write the course for students, without solutions"),
    "train": ("train", "train an encoder"),
    "evaluate": ("measure", "a table of a run beside its baselines, and RUN/result.json"),
    "compare": ("measure", "a table and a figure across runs, seeds of one setting together"),
    "finetune": ("measure", "the whole network on few labels, beside a probe and from scratch"),
    "embed": ("measure", "write the features of images, with labels and file names"),
    "export": ("measure", "write a run's encoder; resnet18 of width 64 is plain torchvision's"),
    "data": ("data", "list or download data sets"),
    "grade": ("grade", "for instructors: judge collected notebooks and list what is solved"),
}


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
    except (ValueError, TypeError, OSError) as error:
        print(f"aimsssl: error: {error}", file=sys.stderr)
        return 2
    except RuntimeError as error:
        from ..training import RunError  # here: whatever raises it has imported this already

        no_home = "home directory" in str(error)  # what pathlib says of ~ where there is none
        if not no_home and not isinstance(error, RunError):
            raise
        more = " A path that begins with ~ needs one." if no_home and not isinstance(error, RunError) else ""
        print(f"aimsssl: error: {error}{more}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        on = "; the same command goes on from the last checkpoint" if options.command == "train" else ""
        print(f"\naimsssl: stopped{on}", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands. Each sets `run_command`, which takes the options."""
    whole = argparse.ArgumentParser("aimsssl", description="Self-supervised visual learning, in seven lessons.")
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Command)
    for name, (_, about) in COMMANDS.items():
        commands.add_parser(name, help=about).command = name
    return whole


class _Command(argparse.ArgumentParser):
    """Gets its options when it is asked to read some: PyTorch takes seconds to import, and some rooms begin with it."""

    command = ""

    def parse_known_args(self, args=None, namespace=None):
        name, self.command = self.command, ""
        if name:
            room = import_module(f".{COMMANDS[name][0]}", __package__)
            getattr(room, f"add_{name}")(self)
        return super().parse_known_args(args, namespace)
