"""Options that several commands share."""

import argparse

from .. import datasets


def add_data(parser: argparse.ArgumentParser, flag: str, text: str, required: bool = True) -> None:
    parser.add_argument(flag, required=required, help=f"{text}: {', '.join(datasets.NAMES)} or folder:PATH")
    parser.add_argument("--root", help="where downloaded data lie (default: AIMSSSL_DATA)")
    parser.add_argument("--download", action="store_true", help="download the data if they are not there")
    parser.add_argument("--limit", type=int, help="take so many images, drawn at random")
