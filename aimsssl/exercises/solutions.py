"""The solutions of the lessons' exercises, which `lesson.NAME.solution()` shows after an honest attempt.

They are made by the build from the one source of the lessons, and packed, so that nobody who looks through the package
reads one by accident. An instructor switches them off with the environment variable AIMSSSL_SOLUTIONS=off, or by
deleting the file.
"""

import base64
import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_name("solutions.json")
SWITCH = "AIMSSSL_SOLUTIONS"
OFF = ("off", "0", "no", "false")


def packed(solutions: Mapping[str, str]) -> bytes:
    """The content of the file, of solutions by "lesson/exercise"."""
    text = {key: base64.b64encode(zlib.compress(code.encode(), 9)).decode() for key, code in solutions.items()}
    return (json.dumps(text, indent=1, sort_keys=True) + "\n").encode()


def of(lesson: str, name: str) -> str | None:
    """The solution of an exercise; None where this copy of the course has none, or they are switched off."""
    if os.environ.get(SWITCH, "").strip().lower() in OFF:
        return None
    try:
        text = json.loads(FILE.read_bytes())[f"{lesson}/{name}"]
    except (OSError, KeyError):  # deleted, or an exercise without a lesson yet
        return None
    return zlib.decompress(base64.b64decode(text)).decode()
