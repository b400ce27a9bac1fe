"""Run a lesson and keep outputs that are small, static and free of this machine's paths."""

import base64
import io
import json
import os
import shutil
import tempfile
import time

import nbformat
from lesson_notebooks import instructor_notebook, outputs_of, student_notebook, write
from lesson_source import BuildError, Lesson, source_hash
from nbformat import NotebookNode
from PIL import Image, UnidentifiedImageError

MAX_PICTURE = 75_000  # base64 signs; it stands in an output twice, for JupyterLab and for code hosts
MAX_OUTPUT_BYTES, MAX_NOTEBOOK_BYTES = 300_000, 1_400_000  # of outputs; the whole file stays under 1.5 MB
WIDGET = "application/vnd.jupyter.widget-view+json"
STATIC = ("image/png", "image/svg+xml", "text/html", "text/markdown")


def execute(lesson: Lesson, profile: str = "cpu") -> float:
    """Run a lesson's instructor notebook, store its outputs and its seconds, and give back the seconds.

    Raises:
        BuildError: a cell raises, or its outputs must not be stored. A refused notebook is kept in `build/refused/`.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    from aimsssl.profile import machine_speed

    root = lesson.source.parents[1]
    student_notebook(lesson)  # finds a broken source before minutes are spent on it
    notebook = instructor_notebook(lesson, None)
    digest = source_hash(notebook.cells)
    for run in lesson.source.parent.glob(f"runs/{lesson.number}_*"):  # a finished training would make the time a lie
        shutil.rmtree(run)
    speed = round(machine_speed(), 4)
    with tempfile.TemporaryDirectory() as home:  # the instructor's own progress stays as it is
        environment = {**os.environ, "AIMSSSL_PROFILE": profile, "AIMSSSL_HOME": home}
        client = NotebookClient(
            notebook,
            timeout=None,
            kernel_name="python3",
            resources={"metadata": {"path": str(lesson.source.parent)}},
            store_widget_state=False,
            record_timing=False,
            coalesce_streams=True,
        )
        start = time.perf_counter()
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise BuildError(f"{lesson.source.name}: a cell raised an error, nothing was stored.\n{error}") from None
        seconds = time.perf_counter() - start
    try:
        tidy_outputs(lesson, notebook, home)
    except BuildError:
        write(root / "build" / "refused" / lesson.instructor.name, nbformat.writes(notebook).encode("utf-8"))
        raise
    notebook.metadata["aimsssl"] = {"source_hash": digest, "profile": profile}
    _record_minutes(lesson, profile, {"seconds": round(seconds, 1), "speed": speed, "source_hash": digest})
    for path, data in outputs_of(lesson, notebook).items():
        write(path, data)
    return seconds


def tidy_outputs(lesson: Lesson, notebook: NotebookNode, home: str = "") -> None:
    """Make outputs fit to be stored: static pictures for widgets, no state, no paths of this machine, nothing large.

    `home` is the folder that stood for `~/.aimsssl` while the lesson ran.

    Raises:
        BuildError: an output or the notebook is too large, or a widget comes without a static picture.
    """
    notebook.metadata.pop("widgets", None)
    here = str(lesson.source.parents[1])
    total = 0
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        where = f"{lesson.source.name}: cell {number} ({cell.source.strip().splitlines()[0][:60]!r})"
        for output in cell.outputs:
            data = output.get("data", {})
            if WIDGET in data:
                if not any(kind in data for kind in STATIC):
                    raise BuildError(f"{where} shows a widget without a static picture beside it; nothing was stored")
                del data[WIDGET]
            _shrink_picture(data)
            for holder, key in [(output, "text")] + [(data, kind) for kind in data if kind.startswith("text/")]:
                if isinstance(holder.get(key), str):
                    text = holder[key].replace(here, ".")
                    holder[key] = text.replace(home, "~/.aimsssl") if home else text
            size = len(json.dumps(output))
            total += size
            if size > MAX_OUTPUT_BYTES:
                raise BuildError(
                    f"{where} has an output of {size / 1000:.0f} kB; at most {MAX_OUTPUT_BYTES / 1000:.0f} kB are "
                    "stored. Draw a smaller figure or print less; nothing was stored"
                )
    if total > MAX_NOTEBOOK_BYTES:
        raise BuildError(
            f"{lesson.source.name}: its outputs are {total / 1e6:.1f} MB together; at most "
            f"{MAX_NOTEBOOK_BYTES / 1e6:.1f} MB are stored. Draw smaller or fewer figures; nothing was stored"
        )


def _shrink_picture(data: dict) -> None:
    """Store a large picture (photographs) at a smaller size; a student's own run shows it whole."""
    large = data.get("image/png", "")
    if len(large) <= MAX_PICTURE:
        return
    try:
        whole = Image.open(io.BytesIO(base64.b64decode(large)))
    except (UnidentifiedImageError, ValueError):
        return  # no picture: the limits below speak
    scale, small = 1.0, large
    while len(small) > MAX_PICTURE:
        scale *= 0.9
        size = (round(whole.width * scale), round(whole.height * scale))
        buffer = io.BytesIO()
        whole.convert("RGB").resize(size, Image.Resampling.LANCZOS).quantize(256).save(buffer, "png", optimize=True)
        small = base64.b64encode(buffer.getvalue()).decode()
    for kind in ("image/png", "text/html"):
        if kind in data:
            data[kind] = data[kind].replace(large, small)


def _record_minutes(lesson: Lesson, profile: str, measured: dict) -> None:
    file = lesson.minutes_file
    minutes = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    minutes.setdefault(lesson.number, {})[profile] = measured
    write(file, (json.dumps(minutes, indent=1, sort_keys=True) + "\n").encode("utf-8"))
