"""What was measured before and lies in `data/recorded_runs/`: results of experiments, and whole runs."""

from ..course import RECORDED
from ..training import Run, RunError
from ..training.runs import read_json


def recorded(name: str) -> dict:
    """What a recorded experiment found: `data/recorded_runs/NAME/result.json`.

    Raises:
        RunError: it is missing or damaged; the message says how to record it.
    """
    try:
        return read_json(RECORDED / name / "result.json")
    except RunError as error:
        raise RunError(_mend(name, error)) from None


def recorded_run(name: str, images: int | None = None) -> Run:
    """A recorded run: its configuration, history, and the snapshots of its first `images` probe images (or of all).

    Raises:
        RunError: it is missing or damaged; the message says how to record it.
    """
    try:
        run = Run.open(RECORDED / name)
    except RunError as error:
        raise RunError(_mend(name, error)) from None
    run.snapshots = {epoch: h[:images] for epoch, h in run.snapshots.items()}
    return run


def _mend(name: str, error: RunError) -> str:
    again = f"python instructor/tools/record.py {name}"
    return f"{error}. It belongs to the repository: get it back with git, or run `{again}`."
