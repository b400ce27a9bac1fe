"""`aimsssl data`: which sets are here, and how to get them."""

import argparse

from .. import datasets


def add_data(data: argparse.ArgumentParser) -> None:
    """List and download."""
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list").set_defaults(run_command=_data_list)
    download = actions.add_parser("download")
    download.add_argument("name", choices=datasets.DOWNLOADS)
    download.add_argument("--root", help="where to (default: AIMSSSL_DATA)")
    download.set_defaults(run_command=_data_download)


def _data_list(options: argparse.Namespace) -> None:
    for name in datasets.NAMES:
        try:
            told = datasets.load(name, "test")
        except FileNotFoundError:
            told = f"not here; aimsssl data download {name}"
        except (OSError, ValueError) as error:  # one damaged set says nothing about the others
            told = error
        print(f"{name:<15}{told}", flush=True)


def _data_download(options: argparse.Namespace) -> None:
    for split in ("train", "test"):
        print(datasets.load(options.name, split, root=options.root, download=True))
