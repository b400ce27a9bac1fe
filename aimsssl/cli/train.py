"""`aimsssl train METHOD`."""

import argparse
import dataclasses
import inspect
import os
import re
import shlex
import subprocess

from .. import profile
from ..comparing import shared_images
from ..datasets import counterpart
from ..training import (
    DeepClusterConfig,
    PretextConfig,
    SimCLRConfig,
    SupervisedConfig,
    train_deepcluster,
    train_pretext,
    train_simclr,
    train_supervised,
)
from ..training.files import place
from ..training.simclr import RECIPES
from .options import add_data, load_data

PROBE_IMAGES = 500
SETTINGS = "In brackets: the value for the profile cpu; under another profile sizes, epochs and rates differ."
METHODS = {
    "simclr": (SimCLRConfig, train_simclr),
    "deepcluster": (DeepClusterConfig, train_deepcluster),
    "pretext": (PretextConfig, train_pretext),
    "supervised": (SupervisedConfig, train_supervised),
}


def add_train(train: argparse.ArgumentParser) -> None:
    """A command for each method, a flag for each field of its configuration."""
    methods = train.add_subparsers(dest="method", required=True, metavar="METHOD")
    for name, (config_class, _) in METHODS.items():
        method = methods.add_parser(name)
        add_data(method, "--data", "what to train on")
        about = "folder of the run; an interrupted one goes on, and a finished one with more --epochs"
        method.add_argument("--run-dir", required=True, help=about)
        method.add_argument("--start-from", metavar="RUN", help="begin with the weights of another run")
        method.add_argument("--probe", help="data set whose test images' features are kept at --snapshot-epochs")
        method.add_argument("--new", action="store_true", help="refuse a folder that already holds a run")
        if name == "simclr":
            method.add_argument("--recipe", choices=RECIPES, help="start from the settings of a published run")
        meanings = meanings_of(config_class)
        settings = method.add_argument_group("settings", SETTINGS)
        for field in dataclasses.fields(config_class):
            _add_setting(settings, field, meanings[field.name])
        method.set_defaults(run_command=_train)


def meanings_of(config_class: type) -> dict[str, str]:
    """What each field of a configuration means, from the docstrings of its class and of those that it inherits from."""
    found: dict[str, str] = {}
    for one in reversed(config_class.__mro__):
        attributes = inspect.cleandoc(one.__doc__ or "").partition("Attributes:\n")[2]
        for block in re.split(r"\n(?= {4}\w)", attributes.split("\n\n")[0]):
            names, _, meaning = " ".join(block.split()).partition(": ")
            found |= dict.fromkeys(names.split(", "), meaning.replace("`", ""))
    return found


def _add_setting(parser: argparse._ArgumentGroup, field: dataclasses.Field, meaning: str) -> None:
    """A flag for a field of a configuration; left out, the profile decides."""
    flag = "--" + field.name.replace("_", "-")
    default = " ".join(map(str, field.default)) or "none" if isinstance(field.default, tuple) else field.default
    options = dict(default=argparse.SUPPRESS, help=f"{meaning} [{default}]".replace("%", "%%"))
    if isinstance(field.default, bool):
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, **options)
    elif isinstance(field.default, tuple):
        kind = float if field.default and isinstance(field.default[0], float) else int
        parser.add_argument(flag, type=kind, nargs=len(field.default) or "*", metavar="N", **options)
    else:
        kind = type(field.default)
        metavar = {int: "N", float: "X", str: "NAME"}[kind]
        parser.add_argument(flag, type=kind, metavar=metavar, **options)


def _train(options: argparse.Namespace) -> None:
    config_class, train = METHODS[options.method]
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(config_class) if hasattr(options, f.name)}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    if getattr(options, "recipe", None):
        here = profile.current()
        config = SimCLRConfig.from_recipe(options.recipe, **{"device": here.device, "compile": here.compile, **given})
    else:
        config = config_class.for_profile(profile.current(), **given)
    main_process = os.environ.get("RANK", "0") == "0"  # of those that torchrun starts
    images = load_data(options, options.data, "train", quiet=not main_process)
    if main_process:
        print(profile.current(), images, sep="\n")
    probe = None
    if options.probe:
        test = load_data(options, options.probe, "test", whole=True, quiet=not main_process)
        test = test.sample(min(PROBE_IMAGES, len(test)))
        if main_process and (told := shared_images(images, test)):
            print(f"WARNING: {told}: their features are no features of new images")
        probe = test.images
    run_dir = place(options.run_dir, elsewhere=False)
    run = train(images, config, run_dir, resume=not options.new, probe=probe, start_from=options.start_from)
    if not main_process:
        return
    knn = [row["knn_accuracy"] for row in run.history if row["knn_accuracy"] is not None]
    print(f"{run}: loss {run.last('loss'):.3f}, {run.last('seconds'):.0f} s" + (f", kNN {knn[-1]:.3f}" if knn else ""))
    print(f"next: {next_command(options, labelled=bool(images.classes))}")


def next_command(options: argparse.Namespace, labelled: bool) -> str:
    """The command that evaluates the run of these options on the test images of its own data."""
    name = options.data if options.data.startswith("folder:") else options.data.split("/")[0]
    words = ["aimsssl", "evaluate", options.run_dir, "--data"]
    if not labelled and name.startswith("folder:"):
        return f"{_typed(words)} NAME --train-data NAME, both with labels"
    words.append(counterpart(name, "test"))
    for flag, value in (
        ("--root", options.root),
        ("--image-size", options.image_size),
        ("--group-by", options.group_by),
    ):
        words += [flag, str(value)] if value is not None else []
    return _typed([*words, *(["--skip-damaged"] if options.skip_damaged else [])])


def _typed(words: list[str]) -> str:
    """As one types it in the shell of this system."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
