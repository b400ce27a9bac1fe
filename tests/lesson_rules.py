"""What holds in every lesson, each rule as a function from a lesson's cells to the places that break it."""

import ast
import re

from nbformat import NotebookNode

LINES, COLUMNS, IMPORT_LINES = 12, 100, 10
IMPORTED = {
    "math",
    "numpy",
    "scipy.optimize",  # linear_sum_assignment, which lesson 06's clustering accuracy is written with
    "torch",
    "torch.nn",
    "aimsssl",
    "aimsssl.datasets",
    "aimsssl.exercises",
    "aimsssl.explorers",
}
GUESS = "# My guess:"
WIDTH = re.compile(r"(?:.?[<>^=])?[ +-]?0?[1-9]\d*")  # how a format with a width begins
HIDDEN = [  # what stands in prose and is no claim of a number
    re.compile(pattern, re.DOTALL | re.MULTILINE)
    for pattern in (
        r"<!--.*?-->", r"\{\{.*?\}\}", r"```.*?```", r"`[^`\n]*`", r"\$\$.*?\$\$", r"\$[^$]+\$", r"\]\([^)]*\)",
        r"<[^>]*>", r"https?://\S+", r"arXiv:\S+", r"^#+ .*$", r"\b(?:19|20)\d\d\b", r"^\d+\. ",
        r"\b(?:[Ll]essons?|[Ss]ections?|[Ee]xercises?) \d+", r"\(\d+ minutes\)", r"§\s?\d[\d.]*",
    )
]  # fmt: skip
NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:,\d{3})*(?:\.\d+)?(?:\s?%)?(?![\w])")
GIVEN = re.compile(r"<!-- given:(.*?)-->", re.DOTALL)
SMALL = 12  # a whole number up to this is counted, not measured


def prose_of(source: str) -> str:
    """Markdown without code, formulas, links, headings, years and what is filled from a record."""
    for pattern in HIDDEN:
        source = pattern.sub(" ", source)
    return source


def sections_of(cells: list[NotebookNode]) -> list[list[NotebookNode]]:
    """The cells of each `## ` section; a cell in which a section begins belongs to both."""
    sections: list[list[NotebookNode]] = [[]]
    for cell in cells:
        sections[-1].append(cell)
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.MULTILINE):
            sections.append([cell])
    return sections


def open_predictions(cells: list[NotebookNode]) -> list[str]:
    """Predicts without a line for the guess in the next code cell, or that nothing answers before the next section."""
    broken = []
    for place, cell in enumerate(cells):
        if cell.cell_type != "markdown" or "**Predict" not in cell.source:
            continue
        asked = cell.source[cell.source.rindex("**Predict") :]
        told, after = " ".join(asked.split())[:60], cells[place + 1 :]
        code = next((number for number, one in enumerate(after) if one.cell_type == "code"), None)
        if cell.source.count("**Predict") > 1:
            broken.append(f"two Predicts in one cell: {told}")
        elif code is None or not after[code].source.startswith(GUESS):
            broken.append(f"no `{GUESS}` in the cell behind: {told}")
        elif "<details>" not in asked:
            until = ""
            for one in after[code + 1 :]:
                if one.cell_type == "markdown":
                    before, *rest = re.split(r"^## |\*\*Predict", one.source, maxsplit=1, flags=re.MULTILINE)
                    until += "\n" + before
                    if rest:
                        break
            if not re.search(r"^\*\*Answer\.\*\*|<details>", until, re.MULTILINE):
                broken.append(f"no answer to: {told}")
    return broken


def bare_numbers(cells: list[NotebookNode], outputs: dict[str, str]) -> list[str]:
    """Numbers in prose that stand in no output of their section or the one before, and in no code of the lesson.

    Args:
        cells: of the source, with `{{ }}`.
        outputs: the stored text of each code cell, by its id.
    """
    code = " ".join(cell.source for cell in cells if cell.cell_type == "code")
    broken, before, skipped = [], "", False
    for section in sections_of(cells):
        here = " ".join(outputs.get(cell.id, "") for cell in section)
        known = values_in(f"{before} {here} {code}")
        title = re.findall(r"^## (.*)$", section[0].source, re.MULTILINE)
        skipped = bool(title) and title[-1] == "References"
        for cell in section:
            if cell.cell_type == "markdown" and not skipped:
                given = values_in(" ".join(GIVEN.findall(cell.source)))
                for number in NUMBER.findall(prose_of(cell.source)):
                    if not (_is_small(number) or _is_in(number, given) or _is_in(number, known)):
                        broken.append(f"{number} in: {' '.join(cell.source.split())[:60]}")
        before = here
    return list(dict.fromkeys(broken))


def values_in(text: str) -> list[float]:
    """All numbers of a text; of per cent also the share."""
    found = []
    for number in re.findall(r"(?<![A-Za-z_])\d+(?:[,_]\d{3})*(?:\.\d+)?(?:e-?\d+)?(?:\s?%)?", text):
        value = float(re.sub(r"[,_%\s]", "", number))
        found += [value, value / 100] if "%" in number else [value]
    return found


def _is_small(number: str) -> bool:
    return number.isdigit() and int(number) <= SMALL


def _is_in(number: str, values: list[float]) -> bool:
    """Whether a value, rounded to the digits of `number`, is `number`; a share counts as per cent, too."""
    plain = re.sub(r"[,%\s]", "", number)
    digits = len(plain.partition(".")[2])
    return any(
        f"{scale * value:.{digits}f}" == plain for scale in ((1, 100) if "%" in number else (1,)) for value in values
    )


def long_cells(cells: list[NotebookNode]) -> list[str]:
    """Code cells of too many lines, and lines that are too wide."""
    broken = []
    for cell in cells:
        lines = [line for line in cell.source.splitlines() if line.strip() and "### " not in line]
        if cell.cell_type == "code" and len(lines) > LINES:
            broken.append(f"{len(lines)} lines: {lines[0][:60]}")
        if cell.cell_type == "code":
            broken += [f"{len(line)} signs: {line[:60]}" for line in lines if len(line) > COLUMNS]
    return broken


def odd_imports(cells: list[NotebookNode]) -> list[str]:
    """Imports of what the lessons do not share, or outside of the first code cell."""
    code = [cell for cell in cells if cell.cell_type == "code" and "solution-only" not in cell.metadata.get("tags", [])]
    broken, lines = [], 0
    for place, cell in enumerate(code):
        for node in ast.walk(ast.parse(cell.source)):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            lines += 1
            modules = [node.module] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            broken += [f"import of {module}" for module in modules if module not in IMPORTED]
            if place:
                broken.append(f"import behind the first code cell: {ast.unparse(node)}")
    return broken + ([f"{lines} import lines"] if lines > IMPORT_LINES else [])


def aligned_by_hand(cells: list[NotebookNode]) -> list[str]:
    """Formats with a width: a table that only looks like one."""
    nodes = [node for cell in cells if cell.cell_type == "code" for node in ast.walk(ast.parse(cell.source))]
    specs = []
    for node in nodes:
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            specs.append(ast.unparse(node.format_spec)[2:-1])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            specs += re.findall(r"\{[^{}:]*:([^{}]+)\}", node.value)
        elif isinstance(node, ast.Attribute) and node.attr in ("ljust", "rjust", "center"):
            specs.append(f"<9 {node.attr}")
    return [spec for spec in specs if WIDTH.match(spec)]
