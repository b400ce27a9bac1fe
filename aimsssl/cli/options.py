"""Options that several commands share."""

import argparse
import sys
import warnings

from .. import datasets


def add_data(parser: argparse.ArgumentParser, flag: str, text: str, required: bool = True) -> None:
    """The option that names a data set, and those that say how sets are loaded."""
    names = f"{', '.join(datasets.NAMES)} or folder:PATH; a name may carry its split, as stl10/unlabeled"
    parser.add_argument(flag, required=required, help=f"{text}: {names}")
    parser.add_argument("--root", help="where downloaded data lie (default: AIMSSSL_DATA)")
    parser.add_argument("--download", action="store_true", help="download the data if they are not there")
    parser.add_argument("--limit", type=int, help="take so many images, drawn at random")
    parser.add_argument("--image-size", type=int, metavar="PIXELS", help="bring every image to this side")
    parser.add_argument(
        "--group-by",
        metavar="PATTERN",
        help="of a folder that is one set: files whose paths match alike stay on one side (regular expression)",
    )
    parser.add_argument(
        "--skip-damaged", action="store_true", help="of a folder: leave damaged images out, and list them"
    )


def load_data(
    options: argparse.Namespace,
    name: str,
    split: str,
    *,
    limit: int | None = None,
    whole: bool = False,
    quiet: bool = False,
) -> datasets.ImageSet:
    """The data set `name` as the options of `add_data` say; of a folder, print what was taken for what.

    Args:
        options: of a command that has the options of `add_data`.
        name: as `datasets.load` takes it.
        split: likewise.
        limit: in place of `--limit`.
        whole: without `--limit`.
        quiet: print nothing; for all but one of several processes.
    """
    named = [name, *(getattr(options, key, None) or "" for key in ("data", "train_data", "probe"))]
    meant = name.startswith("folder:") or not any(other.startswith("folder:") for other in named)
    for_folders = {"group_by": options.group_by, "skip_damaged": options.skip_damaged} if meant else {}
    with warnings.catch_warnings():
        warnings.simplefilter("always", datasets.MemoryWarning)
        warnings.simplefilter("ignore", datasets.FolderWarning)  # the report has the same
        warnings.showwarning = lambda message, *_, **__: print(f"note: {message}", file=sys.stderr, flush=True)
        images = datasets.load(
            name,
            split,
            root=options.root,
            download=options.download,
            limit=None if whole else limit or options.limit,
            image_size=options.image_size,
            **for_folders,
        )
    if images.report and not quiet:
        print(images.report)
    return images
