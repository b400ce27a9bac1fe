"""One file from the network: whole and right, or not there at all; what came before a break is gone on from."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tqdm import tqdm

TIMEOUT = 30  # seconds without a byte
MOST = 8 << 30  # bytes of one file
BLOCK = 1 << 18


def fetch(urls: Sequence[str], path: Path, check: Callable[[Path], None], remedy: str) -> None:
    """Download to `path` from the first of `urls` that gives a file which passes `check`.

    Until it passes, the file is called `path` with `.part`. A part left by an earlier try is gone on from, where the
    server can do that; a whole file that fails its check is thrown away.

    Args:
        urls: places of the same file.
        path: where to; its folder is made.
        check: raises an `OSError` with the reason where the file is not what it should be.
        remedy: the command that tries again, for the message.

    Raises:
        OSError: no place gave the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    if os.path.islink(part) or (part.exists() and not part.is_file()):
        raise OSError(f"{part} is no plain file; delete it, then {remedy}")
    reasons = []
    for url in urls:
        try:
            _fetch_one(url, part, check)
            os.replace(part, path)
            return
        except (OSError, HTTPException) as error:
            reasons.append(f"{url}: {' '.join(str(error).split()) or type(error).__name__}")
    kept = f"; the {_size(part):,} bytes that came are kept" if _size(part) else ""
    raise OSError(
        f"{path.name} could not be downloaded to {path.parent} ({'; '.join(reasons)}{kept}); "
        f"check connection and disk, then {remedy}"
    )


def _fetch_one(url: str, part: Path, check: Callable[[Path], None]) -> None:
    start = _size(part)
    try:
        goes_on = _receive(url, part, start)
    except HTTPError as error:
        if not (start and error.code == 416):  # nothing beyond the part: it may be the whole
            raise
        goes_on = True
    try:
        return check(part)
    except OSError:
        part.unlink()
        if not goes_on:
            raise
    _receive(url, part, 0)  # the part did not fit what the server has now
    try:
        check(part)
    except OSError:
        part.unlink()
        raise


def _receive(url: str, part: Path, start: int) -> bool:
    """Append to the part from byte `start`, or write it anew where the server sends the whole; whether it went on."""
    request = Request(url, headers={"User-Agent": "aimsssl"} | ({"Range": f"bytes={start}-"} if start else {}))
    with urlopen(request, timeout=TIMEOUT) as answer:
        goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        announced = answer.headers.get("Content-Length", "")
        announced = int(announced) if announced.isdecimal() else None
        there = shutil.disk_usage(part.parent).free
        if (announced or 0) > min(there, MOST):
            raise OSError(f"{announced:,} bytes are announced, and {there:,} are free")
        received, first = 0, start if goes_on else 0
        bar = tqdm(total=announced and announced + first, initial=first, unit="B", unit_scale=True, disable=None)
        with bar, open(part, "ab" if goes_on else "wb") as file:
            while block := answer.read1(BLOCK):  # what is there: a stall loses nothing
                received += file.write(block)
                bar.update(len(block))
                if received + first > MOST:
                    raise OSError(f"more than {MOST:,} bytes came")
    if announced is not None and received != announced:
        raise OSError(f"{received:,} bytes came, expected {announced:,}")
    return goes_on


def has_digest(algorithm: str, expected: str) -> Callable[[Path], None]:
    """A check for `fetch`: the file's MD5 or SHA-256."""

    def check(path: Path) -> None:
        found = digest(path, algorithm)
        if found != expected:
            raise OSError(f"its {algorithm} is {found}, expected {expected}")

    return check


def digest(path: Path, algorithm: str) -> str:
    """The hash of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
