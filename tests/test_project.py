"""What holds the project together: rows of the package, one list of dependencies, fresh notebooks, true documents."""

import ast
import contextlib
import importlib
import importlib.util
import inspect
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

import aimsssl
from aimsssl import cli, exercises

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "instructor" / "tools"))
import build as pipeline  # noqa: E402

PACKAGE = ROOT / "aimsssl"
ROWS = (  # a module imports from rows above its own only
    ("__init__",),
    ("course", "inputs", "randomness"),
    ("profile",),
    ("nearest_centroid",),
    ("losses", "optim", "clustering", "augment", "models", "handout"),
    ("datasets", "pretext", "evaluation"),
    ("training",),
    ("figures",),
    ("explorers", "exercises", "comparing"),
    ("grading",),
    ("cli",),
    ("__main__",),
)
ROW = {module: number for number, row in enumerate(ROWS) for module in row}
NAMES = """
    profile.current profile.Profile losses.nt_xent optim.LARS optim.split_decay_groups optim.warmup_cosine
    clustering.pca_whiten clustering.kmeans augment.TwoViews datasets.load datasets.ImageSet
    models.resnet18 models.alexnet models.vgg16 models.convnet models.Sobel models.ProjectionHead models.SimCLR
    training.train_simclr training.train_deepcluster training.train_pretext training.train_supervised training.Run
    evaluation.knn_accuracy evaluation.linear_probe evaluation.finetune evaluation.nearest_neighbours
    evaluation.clustering_scores evaluation.alignment evaluation.uniformity evaluation.effective_rank evaluation.tsne
    evaluation.factor_audit explorers.show exercises.Exercise exercises.progress
""".split()
TOP_LEVEL = {"README.md", "environment.yml", "pyproject.toml", "Makefile", "LICENSE", "CONTRIBUTING.md", "conftest.py"}
TOP_LEVEL |= {"setup.py", "MANIFEST.in", "CITATION.cff", "CHANGELOG.md", ".binder"}
TOP_LEVEL |= {"aimsssl", "lessons", "instructor", "data", "tests"}
TOP_LEVEL |= {".ci", ".github", ".gitattributes", ".gitignore", ".pre-commit-config.yaml"}
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "data/README.md",
    "data/OWN_IMAGES.md",
    "instructor/GUIDE.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "instructor" / "guide").glob("*.md")),
    "lessons/GLOSSARY.md",
    "CHANGELOG.md",
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# ---- the package


def imported(source: str, path: Path) -> set[str]:
    """The modules right under `aimsssl` that a file of the package imports; `__init__` for a name of `aimsssl` itself.

    `path` is the file's, relative to the folder of the package.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            full = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            here = ["aimsssl", *path.parts[:-1]]
            base = here[: len(here) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            full = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for parts in full:
            if parts[0] == "aimsssl":
                found.add(parts[1] if len(parts) > 1 and parts[1] in ROW else "__init__")
    return found


def breaches(source: str, path: Path) -> list[str]:
    own = path.parts[0].removesuffix(".py")
    return [f"{path} imports {m}" for m in sorted(imported(source, path)) if m != own and ROW[m] >= ROW[own]]


def test_every_module_has_a_row():
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert modules <= set(ROW) and len(modules) > 8


def test_modules_import_only_from_rows_above():
    files = sorted(PACKAGE.rglob("*.py"))
    assert [b for f in files for b in breaches(f.read_text(encoding="utf-8"), f.relative_to(PACKAGE))] == []


@pytest.mark.parametrize(
    ("source", "file", "count"),
    [
        ("from ..training import Run", "evaluation/knn.py", 1),
        ("from aimsssl.datasets.shapes import load", "pretext.py", 1),  # the same row
        ("import aimsssl.cli", "losses.py", 1),
        ("from . import figures, models", "training/loop.py", 0),  # of the own package
        ("from .. import figures, models", "training/loop.py", 1),
        ("def f():\n    from .explorers import show", "figures.py", 1),
        ("import torch\nfrom ..optim import LARS\nfrom . import runs\nfrom aimsssl import profile", "training/a.py", 0),
        ("from . import __version__, datasets", "cli.py", 0),
    ],
)
def test_the_check_of_rows_finds_what_it_should(source, file, count):
    assert len(breaches(source, Path(file))) == count


def test_nothing_is_unpickled():
    """`torch.load` reads weights only, and neither pickle nor NumPy reads objects: a run may come from anyone."""
    calls = []
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "instructor").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name, given = ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}
                calls.append((f"{path.name}:{node.lineno}", name, given))
    assert [c for c in calls if c[1] == "torch.load" and c[2].get("weights_only") != "True"] == []
    assert [c for c in calls if re.fullmatch(r"(c?[Pp]ickle|dill|joblib)\.(loads?|Unpickler)", c[1])] == []
    assert [c for c in calls if c[2].get("allow_pickle") == "True"] == []
    assert any(c[1] == "torch.load" for c in calls)


def test_names_that_others_rely_on_have_a_docstring():
    there = {}
    for name in NAMES:
        module, attribute = name.split(".")
        with contextlib.suppress(ModuleNotFoundError, AttributeError):
            there[name] = getattr(importlib.import_module(f"aimsssl.{module}"), attribute)
    assert len(there) >= 22
    assert [name for name, item in there.items() if not inspect.cleandoc(item.__doc__ or "")] == []


# ---- the files around it


def git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs git and a repository ({type(error).__name__})")


def test_the_top_level_holds_what_it_should():
    there = {name.split("/")[0] for name in git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()}
    assert there - TOP_LEVEL == set()
    assert [name for name in TOP_LEVEL if not (ROOT / name).exists()] == []


def test_dependencies_are_listed_once():
    environment = yaml.safe_load(read("environment.yml"))["dependencies"]
    assert [item if isinstance(item, dict) else re.split(r"\W", item)[0] for item in environment] == [
        "python",
        "pip",
        {"pip": ["-e .[dev]"]},
    ]
    assert not list(ROOT.glob("*requirements*")) and "requires" not in read("setup.py")


def test_every_place_asks_for_the_same_python():
    oldest = re.fullmatch(r">=(3\.\d+)", tomllib.loads(read("pyproject.toml"))["project"]["requires-python"])[1]
    assert f"python>={oldest}" in yaml.safe_load(read("environment.yml"))["dependencies"]
    job = yaml.safe_load(read(".github/workflows/tests.yml"))["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"][0] == oldest
    assert f"Python {oldest}" in read("README.md")
    assert f"< ({oldest.replace('.', ', ')})" in read("Makefile")


def test_continuous_integration_runs_make_test_everywhere():
    job = yaml.safe_load(read(".github/workflows/tests.yml"))["jobs"]["test"]
    assert {name.split("-")[0] for name in job["strategy"]["matrix"]["os"]} == {"ubuntu", "macos", "windows"}
    assert any(step.get("run", "").startswith("make test") for step in job["steps"])
    assert "make test" in read(".ci/run").splitlines()
    if os.name != "nt":
        assert os.access(ROOT / ".ci" / "run", os.X_OK)
        assert subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")]).returncode == 0


def test_make_test_runs_tests_and_both_versions_of_the_notebooks():
    if shutil.which("make") is None:
        pytest.skip("needs make")
    plan = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True)
    line = next((line for line in plan.stdout.splitlines() if "pytest" in line), "")
    assert plan.returncode == 0 and "pytest tests lessons instructor" in line and "--nbval" in line, plan.stderr


def test_hooks_call_what_exists():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert [hook["entry"].split()[:3] for hook in hooks] == [
        ["python", "-m", "ruff"],
        ["python", "-m", "ruff"],
        ["python", "instructor/tools/build.py", "--check"],
    ]


def test_runs_of_an_earlier_test_are_removed_and_no_other(tmp_path):
    spec = importlib.util.spec_from_file_location("top_conftest", ROOT / "conftest.py")
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    mine = {"04_simclr_cpu_shapes", "04_simclr_cpu_folder_my_ci_x", "my_ci_run", "04_simclr_cifar10"}
    for name in (*mine, "04_simclr_ci_shapes", "04_supervised_ci_folder_a", "07_rebuilt_deepcluster_ci_shapes"):
        (tmp_path / "lessons" / "runs" / name).mkdir(parents=True)
    conftest.remove_ci_runs(tmp_path)
    assert {path.name for path in (tmp_path / "lessons" / "runs").iterdir()} == mine


# ---- the lessons


def test_notebooks_and_guide_are_what_their_sources_build():
    assert [reason for reason in pipeline.check(ROOT) if "--execute" not in reason] == []


@pytest.mark.parametrize("lesson", pipeline.lessons(ROOT), ids=lambda lesson: lesson.number)
def test_a_lesson_has_two_clean_notebooks(lesson):
    student, instructor = (nbformat.read(path, as_version=4) for path in (lesson.student, lesson.instructor))
    for notebook in (student, instructor):
        assert [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert "widgets" not in notebook.metadata
    code = [cell for cell in student.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count is not None] == []


def test_there_are_seven_lessons_each_linked_from_the_readme():
    assert [lesson.number for lesson in pipeline.lessons(ROOT)] == ["01", "02", "03", "04", "05", "06", "07"]
    assert [
        x.student.name for x in pipeline.lessons(ROOT) if f"(lessons/{x.student.name})" not in read("README.md")
    ] == []


def test_the_guide_has_every_exercise_and_every_common_mistake_in_the_order_of_the_lesson():
    for lesson in pipeline.lessons(ROOT):
        page = read(f"instructor/guide/{lesson.source.stem}.md")
        checked = re.findall(r"= lesson\.(\w+)\.check\(", lesson.source.read_text(encoding="utf-8"))
        named = exercises.exercises_of(exercises.lessons()[lesson.number])
        assert list(named) == checked
        places = [page.index(f"### `{e.name}` {e.difficulty} · {e.minutes} minutes") for e in named.values()]
        assert places == sorted(places)
        for exercise in named.values():
            for mistake in exercise.mistakes.values():
                assert f"| {mistake.name} | {mistake.thought} |" in page.replace("\\|", "|")


def test_the_guide_has_the_board_every_prediction_figure_and_question():
    for lesson in pipeline.lessons(ROOT):
        page, source = read(f"instructor/guide/{lesson.source.stem}.md"), lesson.source.read_text(encoding="utf-8")
        assert "## For the board\n\n" in page and "## Questions to think about\n\n- " in page
        assert "**Answers**, in the same order" in page
        predictions = page.partition("## Predictions and their answers")[2].partition("\n## ")[0]
        assert len(re.findall(r"^- \*", predictions, re.M)) == source.count("**Predict**")
        notebook = nbformat.read(lesson.instructor, as_version=4)
        pictures = sum(
            "image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
        )
        figures = page.partition("## What to see in each figure")[2].partition("\n## ")[0]
        assert len(re.findall(r"^- ", figures, re.M)) == pictures >= 3
        assert f"(guide/{lesson.source.stem}.md)" in read("instructor/GUIDE.md")


def test_every_text_file_has_the_same_line_ends_on_every_system():
    """With core.autocrlf a clone on Windows would else differ from what is built, byte by byte."""
    names = [name for name in git("ls-files").splitlines() if (ROOT / name).is_file()]
    asked = ["git", "check-attr", "-z", "--stdin", "eol", "text"]
    done = subprocess.run(asked, cwd=ROOT, input="\0".join(names), capture_output=True, text=True, check=True)
    words = done.stdout.split("\0")
    found = {(words[i], words[i + 1]): words[i + 2] for i in range(0, len(words) - 2, 3)}
    binary = {name for name in names if b"\0" in (ROOT / name).read_bytes()}
    assert binary == {name for name in names if found[name, "text"] == "unset"} != set()
    assert {name for name in names if found[name, "eol"] != "lf"} <= binary
    assert not [name for name in names if name not in binary and b"\r" in (ROOT / name).read_bytes()]


# ---- the documents


def commands(text: str) -> list[str]:
    """What a document asks the reader to type: lines of fenced blocks and code in sentences."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`]+)`", rest)
    lines = [re.sub(r"^(\w+=\S+ |\.venv/bin/)+", "", " ".join(line.split("  #")[0].split())) for line in lines]
    return [line for line in lines if re.match(r"(make|aimsssl) [a-z]", line)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_of_a_document_exist(document):
    targets = re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE)
    for command in commands(read(document)):
        program, *words = shlex.split(command.replace("NAME", "mnist"))
        if program == "make":
            assert words[0] in targets, command
        elif words != ["data"]:
            try:
                with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
                    options, rest = cli.parser().parse_known_args(words)
            except SystemExit as stop:
                assert stop.code == 0, f"{command}: {said.getvalue()}"  # 0: --help
            else:
                assert not rest or options.command == "lab", command


@pytest.mark.parametrize("document", ["README.md", "data/OWN_IMAGES.md"])
def test_every_run_that_a_command_takes_was_made_by_a_line_above(document):
    blocks = re.findall(r"^```\w*\n(.*?)^```", read(document), flags=re.DOTALL | re.MULTILINE)
    made, taken = set(), 0
    for command in [line.split("  #")[0] for block in blocks for line in block.splitlines()]:
        for run in re.findall(r"\bruns/\w+", command):
            if f"--run-dir {run}" in command:
                made.add(run)
            else:
                taken += 1
                assert run in made, command
    assert taken >= 5


def test_the_readme_gives_the_commands():
    given = commands(read("README.md"))
    subcommands = {"lab", "train", "evaluate", "data", "doctor", "progress"}
    assert {"make lab", "make test"} <= set(given)
    assert {command.split()[1] for command in given if command.startswith("aimsssl")} >= subcommands


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_of_a_document_lead_somewhere(document):
    folder = (ROOT / document).parent
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", read(document)) if not re.match(r"https?://|#", link)]
    assert [link for link in links if not (folder / link.split("#")[0]).exists()] == []


@pytest.mark.parametrize("run", ["shapes", "cifar10", "mnist"])
def test_the_readme_quotes_the_recorded_runs(run):
    """A row of the table of results: minutes, then kNN of raw pixels, random weights and SimCLR, and their probes."""
    result = json.loads(read(f"data/recorded_runs/{run}/result.json"))
    scores = [result["scores"][name] for name in ("raw pixels", "random weights", "simclr")]
    expected = [f"{result['seconds'] / 60:.1f}", *(f"{s['knn']:.2f} / {s['probe']:.2f}" for s in scores)]
    (row,) = [line for line in read("README.md").splitlines() if f"data/recorded_runs/{run})" in line]
    assert [cell.strip() for cell in row.split("|")[2:-1]] == expected


TABLES = ("table", "table_convnet")


def test_the_readme_quotes_the_table_of_all_methods():
    data, more = (json.loads(read(f"data/recorded_runs/{name}/result.json"))["data"] for name in TABLES)
    for name, entry in data.items():
        entry["rows"] |= more[name]["rows"]
    lines = [line.strip("|").split("|") for line in read("README.md").splitlines()]
    quoted = {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines if "–" in cells[-1]}
    for row in data["shapes"]["rows"]:
        scores = [data[name]["rows"][row] for name in ("shapes", "mnist", "cifar10")]
        expected = [f"{s['probe_mean']:.2f} ({'–'.join(f'{end:.2f}' for end in s['probe_interval'])})" for s in scores]
        assert quoted[row] == expected, row


def test_the_readme_quotes_what_half_the_time_teaches():
    found, whole = (json.loads(read(f"data/recorded_runs/{name}/result.json")) for name in ("shapes_minutes", "shapes"))
    quoted = re.search(
        r"\(data/recorded_runs/shapes_minutes\).*?probe of ([\d.]+), ([\d.]+) and ([\d.]+) .*?reaches ([\d.]+\d)\.",
        read("README.md"),
        re.DOTALL,
    )
    expected = [*found["probe"], whole["scores"]["simclr"]["probe"]]
    assert [float(number) for number in quoted.groups()] == [round(value, 2) for value in expected]
    assert len(found["candidates"]) == 9 and found["candidates"][found["best"]]["changes"] == {
        "temperature": 0.1,
        "optimizer": "muon",
        "learning_rate": 0.008,
        "weight_decay": 0.0001,
        "encoder": "convnet",
        "width": 8,
        "view_sizes": [24],
    }
    best = max(found["candidates"], key=lambda name: found["candidates"][name][found["best_by"]])
    assert best == found["best"] and found["budget"] == pytest.approx(found["yardstick"]["seconds"] / 2)


def test_the_readme_quotes_what_two_thirds_of_the_time_teach():
    found, run = (json.loads(read(f"data/recorded_runs/{name}/result.json")) for name in ("five_minutes", "cifar10"))
    three = r"(\d\.\d+),\s(\d\.\d+)\sand\s(\d\.\d+)"
    quoted = re.search(
        rf"\(data/recorded_runs/five_minutes\).*?kNN\sof\s{three}.*?whitened.*?{three}.*?reaches\s([\d.]+\d)\.",
        read("README.md"),
        re.DOTALL,
    )
    expected = [*found["knn"], *found["knn_whitened"], run["scores"]["simclr"]["knn"]]
    assert [float(number) for number in quoted.groups()] == [round(value, 2) for value in expected]
    assert len(found["candidates"]) == 7 and found["candidates"][found["best"]]["changes"] == {
        "temperature": 0.1,
        "optimizer": "muon",
        "learning_rate": 0.008,
        "weight_decay": 0.0001,
        "encoder": "convnet",
        "view_sizes": [24],
    }
    best = max(found["candidates"], key=lambda name: found["candidates"][name][found["best_by"]])
    assert best == found["best"] and found["budget"] == pytest.approx(found["yardstick"]["seconds"] * 2 / 3)


ROWS = {  # of the README's table: where a comparison is in a result, whom it is with, and its share of the peak
    "lightly, SimCLR, ResNet-18, stem `cifar`": ("training.cifar", "lightly", "SimCLR, stem cifar"),
    "lightly, SimCLR, ResNet-18, stem `imagenet`": ("training.imagenet", "lightly", "SimCLR, stem imagenet"),
    "lightly, SimCLR, ResNet-18 of width 16, stem `small`": ("training.small", "lightly", "SimCLR, stem small"),
    "lightly, NT-Xent of 4,096 views": ("nt_xent.4096", "lightly", "NT-Xent, 4,096 views"),
    "lightly, a step of LARS, ResNet-18": ("lars", "lightly", None),
    "scikit-learn, k-means, 1,000 clusters": ("kmeans", "scikit_learn", "k-means, 1,000 clusters"),
    "faiss, k-means, 1,000 clusters": ("kmeans", "faiss", "k-means, 1,000 clusters"),
    "scikit-learn, k-means, 100 clusters": ("kmeans_moving", "scikit_learn", "k-means, 100 clusters"),
    "faiss, k-means, 100 clusters": ("kmeans_moving", "faiss", "k-means, 100 clusters"),
    "scikit-learn, kNN": ("knn", "scikit_learn", "kNN"),
    "scikit-learn, linear probe": ("probe", "scikit_learn", None),
}


def _times_as_fast(result: dict, part: str, other: str) -> str:
    """As a cell of the README's table; lightly's comparisons are rates, or times the other way round, already."""
    for key in part.split("."):
        result = result[key]
    ratio = result[f"ours_over_{other}"]["median"]
    return f"{ratio if other == 'lightly' else 1 / ratio:.2f}"


def test_the_readme_quotes_the_benchmarks():
    names = ("benchmarks", "benchmarks_avx2", "benchmarks_ways")
    *whole, ways = (json.loads(read(f"data/recorded_runs/{name}/result.json")) for name in names)
    columns = [*whole, *(ways[way] for way in ("as it is", "AVX2", "one core"))]
    machines = [(result["machine"]["instructions"], result["machine"]["cores"]) for result in columns]
    assert machines == [("AVX512", 2), ("AVX2", 2), ("AVX512", 2), ("AVX2", 2), ("AVX512", 1)]
    cells = [line.strip("|").split("|") for line in read("README.md").split("| times as fast as |")[1].splitlines()]
    rows = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in cells[2 : 2 + len(ROWS)]}
    share = ways["as it is"]["limit"]["share"]
    expected = {}
    for name, (part, other, what) in ROWS.items():
        older = part.startswith("kmeans")
        expected[name] = [
            "" if older and result in whole else _times_as_fast(result, part, other) for result in columns
        ]
        expected[name].append(f"{share[what]['ours']:.0%}, {share[what][other]:.0%}".replace("%", " %") if what else "")
    assert rows == expected
    rounds = [ratio for way in columns[2:] for ratio in way["training"]["cifar"]["ours_over_lightly"]["rounds"]]
    assert f"between {min(rounds):.2f} and {max(rounds):.2f}." in read("README.md")


def test_the_readme_quotes_what_two_minutes_teach():
    found = json.loads(read("data/recorded_runs/time_to_accuracy/result.json"))
    text = read("README.md").split("(data/recorded_runs/time_to_accuracy)")[1].split("\n\n")[0]
    quoted = [float(number) for number in re.findall(r"0\.\d\d", text)]
    sides = ("ours", "ours_as_shipped", "lightly", "untrained")
    assert quoted == [round(found["sides"][side]["knn"], 2) for side in sides]
    assert found["seconds"] == 120 and found["machine"]["instructions"] == "AVX2"


@pytest.mark.parametrize("data,digits", [("mnist", 3), ("cifar10", 2)])
def test_the_readme_quotes_deepclusters_runs(data, digits):
    rows = json.loads(read(f"data/recorded_runs/deepcluster_{data}/result.json"))["rows"]
    quoted = re.search(
        rf"\[([\d.]+) on .*?\]\(data/recorded_runs/deepcluster_{data}\), where .*? reach\s([\d.]+\d)", read("README.md")
    )
    assert quoted.groups() == tuple(f"{rows[row]['probe_mean']:.{digits}f}" for row in ("deepcluster", "supervised"))
    assert max(rows["deepcluster"]["minutes"]) <= 7, "at most seven minutes"


def test_the_readme_says_what_is_recorded_on_a_gpu():
    """Once somebody has run these, the sentence that nothing is recorded has to go."""
    recorded = [name for name in ("gpu_simclr", "gpu_simclr_long", "gpu_deepcluster") if name in read("README.md")]
    assert len(recorded) == 3
    done = any((ROOT / "data" / "recorded_runs" / name).exists() for name in recorded)
    assert done != ("nothing is recorded yet" in read("README.md"))


def test_the_version_stands_in_one_place_and_what_quotes_it_agrees():
    dynamic = tomllib.loads(read("pyproject.toml"))["tool"]["setuptools"]["dynamic"]
    assert dynamic["version"] == {"attr": "aimsssl.__version__"}
    cited = yaml.safe_load(read("CITATION.cff"))
    assert cited["version"] == aimsssl.__version__ and cited["cff-version"] == "1.2.0" and cited["authors"]
    assert f"aimsssl-{aimsssl.__version__}-py3-none-any.whl" in read("README.md")
    assert re.search(r"^## (.+)$", read("CHANGELOG.md"), re.M)[1] == aimsssl.__version__


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_what_the_code_host_reads_is_yaml(path):
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert found["name"] and (found.get("jobs") or all(part["type"] for part in found["body"]))
