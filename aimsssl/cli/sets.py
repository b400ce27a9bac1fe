"""Which images a command on finished runs means: labelled ones, test images, and those of the training."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import comparing, datasets
from ..datasets.folder.splits import find
from ..training import Run
from ..training.loop import describe_data
from .options import load_data


def trained_on(run: Run) -> str:
    """The data set of a run, or its folder: what `datasets.load` takes."""
    name = run.config["data"]["name"]  # shapes/train or folder:PATH
    return name if name.startswith("folder:") else name.split("/")[0]


def sets_of(options: argparse.Namespace, run: Run) -> comparing.Sets:
    """Labelled images to compare with, and test images, as the options say and as the run takes them."""
    own = trained_on(run)
    names = options.train_data or own, options.data or datasets.counterpart(own, "test")
    apart = _folder(names[0]) != _folder(names[1])

    def load(name: str, given: str | None, split: str) -> datasets.ImageSet:
        # of one set a part is held out only where both are asked of it: another folder of test images is taken whole
        splits = splits_of(name) if given and apart and _one_set(name) else (split,)
        return comparing.joined(list(load_parts(options, run, name, splits).values()))

    train, test = load(names[0], options.train_data, "train"), load(names[1], options.data, "test")
    seen, note = _trained_images(options, run, train, test)
    sets = comparing.prepare(train, test, shape_of(run), seen, allow_copies=options.allow_copies)
    return replace(sets, notes=(*sets.notes, *note))


def shape_of(run: Run) -> tuple[int, int, int]:
    """Channels, height and width of a run's images."""
    return tuple(run.config["data"]["shape"][1:])


def load_parts(
    options: argparse.Namespace, run: Run, name: str, splits: Sequence[str]
) -> dict[str, datasets.ImageSet]:  # fmt: skip
    """The images of these splits; a limit is shared out among them."""
    limits = [None] * len(splits)
    if options.limit is not None and len(splits) > 1:
        limits = [options.limit // len(splits) + (place < options.limit % len(splits)) for place in range(len(splits))]
    parts = zip(splits, limits, strict=True)
    return {split: _load(options, run, name, split, limit=limit) for split, limit in parts if limit != 0}


def _load(options: argparse.Namespace, run: Run, name: str, split: str, **more) -> datasets.ImageSet:
    """A set; files are cut and resized once, to the size of the run's images, as they were for training."""
    if name.startswith("folder:") and options.image_size is None:
        options = argparse.Namespace(**vars(options) | {"image_size": shape_of(run)[-1]})
    return load_data(options, name, split, **more)


def splits_of(name: str) -> tuple[str, ...]:
    """The splits that together are all images of a name."""
    base, _, part = name.partition("/")
    if not (folder := _folder(name)):
        return (part,) if part else ("train", "test")
    found = {}
    for split in ("train", "val", "test"):
        try:
            place = find(folder, split)
        except (ValueError, OSError):  # not this one; where there is none, loading says why
            continue
        found.setdefault((place.folder, place.role), split)
    return tuple(found.values()) or ("train",)


def _one_set(name: str) -> bool:
    """Whether a folder is one set, so that train and test are parts of it that were drawn."""
    folder = _folder(name)
    return bool(folder and folder.is_dir() and splits_of(name) == ("train", "test") and find(folder, "train").one_set)


def _folder(name: str) -> Path | None:
    return Path(name.removeprefix("folder:")).expanduser().resolve() if name.startswith("folder:") else None


def _trained_images(
    options: argparse.Namespace, run: Run, train: datasets.ImageSet, test: datasets.ImageSet
) -> tuple[datasets.ImageSet | None, tuple[str, ...]]:
    """The images that a run was trained on, where they may hold more than `train` does; and what hinders a look."""
    data = run.config["data"]
    two_splits = not _folder(data["name"]) and test.name == f"{data['name'].removesuffix('/train')}/test"
    if two_splits or describe_data(train) == data:
        return None, ()
    try:
        seen = _load(options, run, data["name"], "train", limit=data["shape"][0], quiet=True)
    except (OSError, ValueError) as error:
        return None, (f"WARNING: whether test images are among those of the training is not known: {error}",)
    if describe_data(seen) != data:
        return seen, (
            f"WARNING: the images of {data['name']} are not those that the run was trained on; they have changed, or "
            "--group-by, --image-size or --skip-damaged are others",
        )
    return seen, ()
