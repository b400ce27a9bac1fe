"""The command line: `aimsssl lab, train, evaluate, compare, data, doctor, progress, grade`."""

import argparse
import dataclasses
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import torch

from . import __version__, comparing, datasets, profile
from .training import (
    DeepClusterConfig,
    PretextConfig,
    Run,
    RunError,
    SimCLRConfig,
    SupervisedConfig,
    export_encoder,
    load_encoder,
    random_encoder,
    train_deepcluster,
    train_pretext,
    train_simclr,
    train_supervised,
)
from .training.runs import write_atomically
from .training.simclr import RECIPES

PROBE_IMAGES = 500
METHODS = {
    "simclr": (SimCLRConfig, train_simclr),
    "deepcluster": (DeepClusterConfig, train_deepcluster),
    "pretext": (PretextConfig, train_pretext),
    "supervised": (SupervisedConfig, train_supervised),
}


def main(argv: list[str] | None = None) -> int:
    """Entry point of `aimsssl`. A mistake of the caller's ends with one sentence and exit code 2."""
    options, rest = _parser().parse_known_args(argv)
    if rest and options.command != "lab":
        print(f"aimsssl: error: unknown option {rest[0]}; see aimsssl {options.command} --help", file=sys.stderr)
        return 2
    options.rest = rest
    try:
        return options.run_command(options) or 0
    except (ValueError, TypeError, RunError, OSError) as error:
        print(f"aimsssl: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\naimsssl: stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("aimsssl", description="Self-supervised visual learning, in six lessons.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    lab = commands.add_parser("lab", help="open the lessons in JupyterLab; options go on to JupyterLab")
    lab.set_defaults(run_command=_lab)

    train = commands.add_parser("train", help="train an encoder")
    methods = train.add_subparsers(dest="method", required=True, metavar="METHOD")
    for name, (config_class, _) in METHODS.items():
        method = methods.add_parser(name, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        _add_data(method, "--data", "what to train on")
        method.add_argument("--run-dir", required=True, help="folder of the run; an interrupted one goes on")
        method.add_argument("--probe", help="data set whose test images' features are kept at --snapshot-epochs")
        method.add_argument("--new", action="store_true", help="refuse a folder that already holds a run")
        if name == "simclr":
            method.add_argument("--recipe", choices=RECIPES, help="start from the settings of a published run")
        for field in dataclasses.fields(config_class):
            _add_setting(method, field)
        method.set_defaults(run_command=_train)

    evaluate = commands.add_parser("evaluate", help="a table of a run beside its baselines, and RUN/result.json")
    evaluate.add_argument("run", help="folder of a run")
    compare = commands.add_parser("compare", help="a table and a figure across runs, seeds of one setting together")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="folder of a run")
    compare.add_argument("--out", default="comparison", help="folder for figure and numbers (default: comparison)")
    for command, run_command in ((evaluate, _evaluate), (compare, _compare)):
        text = "test images; a data set's name means its test split"
        _add_data(command, "--data", text, required=command is evaluate)
        command.add_argument("--train-data", help="labelled images to compare with (default: what the run trained on)")
        command.add_argument("--probe-labels", type=int, default=5000, help="labels that the linear probe may use")
        command.set_defaults(run_command=run_command)

    export = commands.add_parser("export", help="write a run's encoder, a resnet18 for plain torchvision")
    export.add_argument("run", help="folder of a run")
    export.add_argument("file", help="where to, such as encoder.pt")
    export.set_defaults(run_command=lambda options: print(export_encoder(options.run, options.file), end=""))

    data = commands.add_parser("data", help="list or download data sets")
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list").set_defaults(run_command=_data_list)
    download = actions.add_parser("download")
    download.add_argument("name", choices=datasets.DOWNLOADS)
    download.add_argument("--root", help="where to (default: AIMSSSL_DATA)")
    download.set_defaults(run_command=_data_download)

    doctor = commands.add_parser("doctor", help="check this machine")
    doctor.set_defaults(run_command=_doctor)
    progress = commands.add_parser("progress", help="which exercises are solved; read from this machine only")
    progress.set_defaults(run_command=_progress)
    about = (
        "For instructors: executes every notebook below FOLDER, at any depth, and reads which exercises its checks "
        "found solved. THIS RUNS THE STUDENTS' CODE on this machine, with your rights: use a machine or an account "
        "where that does no harm. Each notebook has its own kernel, folder and record, under the ci profile; your own "
        "progress stays as it is. The name of a student is the folder that holds the notebook, or the file's name "
        "at the top. A notebook can forge its own record: this is a help, not an examination."
    )
    grade = commands.add_parser(
        "grade", help="for instructors: run collected notebooks and list what is solved", description=about
    )
    grade.add_argument("folder", help="folder of collected notebooks")
    grade.add_argument("--out", default="grades.csv", help="table for a spreadsheet (default: grades.csv)")
    grade.add_argument("--timeout", type=float, default=600, help="seconds for each notebook (default: 600)")
    grade.set_defaults(run_command=_grade)
    return parser


def _add_data(parser: argparse.ArgumentParser, flag: str, text: str, required: bool = True) -> None:
    parser.add_argument(flag, required=required, help=f"{text}: {', '.join(datasets.NAMES)} or folder:PATH")
    parser.add_argument("--root", help="where downloaded data lie (default: AIMSSSL_DATA)")
    parser.add_argument("--download", action="store_true", help="download the data if they are not there")
    parser.add_argument("--limit", type=int, help="take so many images, drawn at random")


def _add_setting(parser: argparse.ArgumentParser, field: dataclasses.Field) -> None:
    """A flag for a field of a configuration; left out, the profile decides."""
    flag, default = "--" + field.name.replace("_", "-"), argparse.SUPPRESS
    if isinstance(field.default, bool):
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default)
    elif isinstance(field.default, tuple):
        kind = float if field.default and isinstance(field.default[0], float) else int
        count = len(field.default) or "*"
        parser.add_argument(flag, type=kind, nargs=count, default=default, metavar="N")
    else:
        parser.add_argument(flag, type=type(field.default), default=default, metavar=type(field.default).__name__)


def _train(options: argparse.Namespace) -> None:
    config_class, train = METHODS[options.method]
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(config_class) if hasattr(options, f.name)}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    if getattr(options, "recipe", None):
        here = profile.current()
        config = SimCLRConfig.from_recipe(options.recipe, **{"device": here.device, "compile": here.compile, **given})
    else:
        config = config_class.for_profile(profile.current(), **given)
    images = datasets.load(options.data, "train", root=options.root, download=options.download, limit=options.limit)
    main_process = os.environ.get("RANK", "0") == "0"  # of those that torchrun starts
    if main_process:
        print(profile.current(), images, sep="\n")
    probe = None
    if options.probe:
        test = datasets.load(options.probe, "test", root=options.root, download=options.download)
        probe = test.sample(min(PROBE_IMAGES, len(test))).images
    run = train(images, config, options.run_dir, resume=not options.new, probe=probe)
    if not main_process:
        return
    knn = [row["knn_accuracy"] for row in run.history if row["knn_accuracy"] is not None]
    print(f"{run}: loss {run.last('loss'):.3f}, {run.last('seconds'):.0f} s" + (f", kNN {knn[-1]:.3f}" if knn else ""))
    print(f"next: aimsssl evaluate {options.run_dir} --data NAME")


def _evaluate(options: argparse.Namespace) -> None:
    encoder, run = load_encoder(options.run)
    sets = _labelled_sets(options, run)
    train, test = sets
    method, labels = run.config["method"], options.probe_labels
    scores = [
        comparing.raw_pixels(sets, labels),
        comparing.encoded("random weights", random_encoder(run), sets, labels),
        comparing.encoded(method, encoder, sets, labels),
    ]
    print(f"{options.run}: trained on {_trained_on(run)}, compared with {len(train)} images, tested on {len(test)}")
    print(comparing.table({s["name"]: [s] for s in scores}, len(test), 1 / len(test.classes)))
    for s in scores:
        intervals = comparing.with_intervals([s], len(test))
        s |= {key: intervals[key] for key in ("knn_interval", "probe_interval")}
    result = _protocol(options, train, test) | {
        "epochs": run.history[-1]["epoch"],
        "seconds": run.last("seconds"),
        "scores": {s["name"]: s for s in scores},
    }
    run.write_json("result.json", result)


def _compare(options: argparse.Namespace) -> None:
    runs = comparing.finished_runs(options.runs)
    sets = _labelled_sets(options, runs[0])
    train, test = sets
    rows = comparing.compare(runs, sets, options.probe_labels)
    print(f"{len(runs)} runs on {_trained_on(runs[0])}, compared with {len(train)} images, tested on {len(test)}")
    print(comparing.table(rows, len(test), 1 / len(test.classes)))
    folder = Path(options.out)
    written = comparing.write_figure(rows, sets, folder)
    groups = {name: [str(run.path) for run in group] for name, group in comparing.grouped(runs).items()}
    result = _protocol(options, train, test) | {
        "runs": groups,
        "rows": {name: comparing.with_intervals(seeds, len(test)) for name, seeds in rows.items()},
    }
    write_atomically(folder / "comparison.json", (json.dumps(result, indent=1) + "\n").encode())
    print("written: " + ", ".join(str(path) for path in [folder / "comparison.json", *written]))


def _trained_on(run: Run) -> str:
    """The data set of a run, or its folder: what `datasets.load` takes."""
    name = run.config["data"]["name"]  # shapes/train or folder:PATH
    return name if name.startswith("folder:") else name.split("/")[0]


def _labelled_sets(options: argparse.Namespace, run: Run) -> tuple[datasets.ImageSet, datasets.ImageSet]:
    """Labelled images to compare with, and test images, as the options say."""

    def load(name: str, split: str) -> datasets.ImageSet:
        # a folder is taken as it is named; a data set by its split
        split = "train" if name.startswith("folder:") else split
        return datasets.load(name, split, root=options.root, download=options.download, limit=options.limit)

    trained_on = _trained_on(run)
    if options.data is None and trained_on.startswith("folder:"):
        raise ValueError(f"{trained_on} has no test split; name test images with --data")
    train, test = load(options.train_data or trained_on, "train"), load(options.data or trained_on, "test")
    if train.classes != test.classes:
        raise ValueError(f"the classes differ: {train.name} has {train.classes}, {test.name} has {test.classes}")
    return train, test


def _protocol(options: argparse.Namespace, train: datasets.ImageSet, test: datasets.ImageSet) -> dict:
    """What a table was measured on."""
    return {
        "train_data": train.name,
        "test_data": test.name,
        "train_images": len(train),
        "test_images": len(test),
        "probe_labels": min(options.probe_labels, len(train)),
        "chance": 1 / len(test.classes),
    }


def _data_list(options: argparse.Namespace) -> None:
    for name in datasets.NAMES:
        try:
            print(f"{name:<15}{datasets.load(name, 'test')}")
        except FileNotFoundError:
            print(f"{name:<15}not here; aimsssl data download {name}")


def _data_download(options: argparse.Namespace) -> None:
    for split in ("train", "test"):
        print(datasets.load(options.name, split, root=options.root, download=True))


def _lab(options: argparse.Namespace) -> int:
    if find_spec("jupyterlab") is None:
        raise ValueError('JupyterLab is not installed; pip install "aimsssl[lab]"')
    project = Path(__file__).parent.parent
    first = next(iter(sorted((project / "lessons").glob("01*.ipynb"))), None)
    if first is None:
        raise ValueError(f"there is no lessons folder in {project}; run this from a copy of the course")
    quiet = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    root = f"--ServerApp.root_dir={project}"
    command = [sys.executable, "-m", "jupyterlab", *quiet, root, *options.rest, str(first.relative_to(project))]
    # settings of the same mind: JupyterLab neither asks whether to fetch news nor looks for a newer version of itself
    paths = [str(Path(__file__).parent / "lab"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    return subprocess.call(command, cwd=project, env=environment)


def _doctor(options: argparse.Namespace) -> int:
    problems = []

    def line(name: str, value: object, trouble: str | None = None) -> None:
        print(f"{'✗' if trouble else '✓'} {name:<12}{value}" + (f"  → {trouble}" if trouble else ""))
        if trouble:
            problems.append(trouble)

    line("aimsssl", __version__)
    old = sys.version_info < (3, 11)
    line("Python", platform.python_version(), "install Python 3.11 or newer" if old else None)
    line("PyTorch", f"{torch.__version__}, {torch.get_num_threads()} threads")
    for package in ("torchvision", "sklearn", "matplotlib", "jupyterlab", "ipywidgets"):
        found = find_spec(package) is not None
        line(package, "found" if found else "missing", None if found else 'pip install "aimsssl[lab]"')
    line("profile", profile.current())
    line("speed", f"{1000 * profile.machine_speed():.0f} ms for a small training step")
    line("precision", f"{profile.faster_precision()} is the faster one here")
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    line("disk", f"{free:.1f} GiB free", "a run needs about 0.1 GiB" if free < 0.2 else None)
    try:
        tempfile.TemporaryFile(dir=Path.cwd()).close()
        line("folder", f"{Path.cwd()} can be written")
    except OSError as error:
        line("folder", Path.cwd(), f"cannot be written ({error.strerror}); change to another folder")
    line("data", datasets.default_root())
    return 1 if problems else 0


def _progress(options: argparse.Namespace) -> None:
    from .exercises import progress_table

    print(progress_table())


def _grade(options: argparse.Namespace) -> None:
    from . import grading

    folder, out = Path(options.folder), Path(options.out)
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    results = grading.grade_folder(folder, options.timeout, tell=lambda line: print(line, file=sys.stderr))
    grading.write_csv(results, out)
    print(grading.report(results))
    print(f"written: {out}")


if __name__ == "__main__":
    sys.exit(main())
