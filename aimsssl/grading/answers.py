"""A student's answer to one exercise, taken out of a notebook: the function, and what it needs.

Only statements that define the function, or a name that it uses, are taken. Checks are left out, and so are the
course's own cells where they only show something; the course's imports and helpers come from the course.
"""

import ast
import difflib
import re
import symtable
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

Cell = tuple[int, str, str]  # number in the notebook, id, source
BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)  # what ast.parse can raise


@dataclass
class Answer:
    """`pieces` are `(file name, text)` to execute in order; else `problem` says why there are none."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)  # whole cells by file name, for tracebacks
    fallbacks: list[str] = field(default_factory=list)  # other exercises, not solved, that the answer calls
    problem: tuple[str, str] = ()
    borrowed: str = ""  # how the answer reaches for the package's own function


@dataclass
class Statement:
    """One statement at the top of a cell."""

    cell: int
    node: ast.stmt
    lines: list[str]
    course: bool = False

    @cached_property
    def names(self) -> tuple[set[str], set[str]]:
        """The names that it binds, and those that it uses, also inside of its functions."""
        table = symtable.symtable(ast.unparse(self.node), "cell", "exec")
        top = table.get_symbols()
        binds = {s.get_name() for s in top if s.is_assigned() or s.is_imported() or s.is_namespace()}
        uses = {s.get_name() for s in top if s.is_referenced()}
        inner = list(table.get_children())
        while inner:
            table = inner.pop()
            uses |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
            inner += table.get_children()
        return binds | _changed(self.node), uses

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_definition(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)

    @property
    def is_check(self) -> bool:
        """`name = lesson.name.check(name)`, or any other assignment of what a method `check` gives."""
        value = getattr(self.node, "value", None)
        return isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "check"

    def text(self, needed: set[str]) -> str:
        """Its source on the lines where it stands in the cell; of an import only the needed names."""
        first = min([self.node.lineno, *(d.lineno for d in getattr(self.node, "decorator_list", []))])
        if self.is_import:
            names = [a for a in self.node.names if (a.asname or a.name.split(".")[0]) in needed or a.name == "*"]
            fewer = ast.Import(names)
            if isinstance(self.node, ast.ImportFrom):
                fewer = ast.ImportFrom(self.node.module, names, self.node.level)
            return "\n" * (first - 1) + ast.unparse(fewer)
        if self.node.col_offset == 0 and not self.lines[self.node.end_lineno - 1].encode()[self.node.end_col_offset :]:
            return "\n" * (first - 1) + "\n".join(self.lines[first - 1 : self.node.end_lineno])
        return "\n" * (first - 1) + ast.unparse(self.node)


def find(cells: Sequence[Cell], name: str, others: Sequence[str], solved: Sequence[str], course=()) -> Answer:
    """The answer to the exercise `name`.

    `others` are the names of the lesson's other exercises, of which the student has `solved` some: an answer that calls
    one of these gets the student's own, else the package's. `course` has the cells of the course's own notebook.
    """
    statements, broken, untouched = _statements(cells, {name, *others}, course)
    chosen, needed = _needed(statements, name, set(others) - set(solved))
    mine = [s for s in chosen if name in s.names[0] and not s.course]
    if not mine:
        return Answer(problem=_missing(cells, name, set(others), statements, broken, untouched))
    answer = Answer(fallbacks=sorted(needed & (set(others) - set(solved))))
    for statement in chosen:
        label = f"{'the course, ' if statement.course else ''}cell {statement.cell}"
        answer.pieces.append((label, statement.text(needed)))
        answer.sources[label] = "\n".join(statement.lines)
    answer.borrowed = next(filter(None, (_borrowed(s.node) for s in chosen if not s.course)), "")
    return answer


def _statements(cells: Sequence[Cell], exercises: set[str], course: Sequence[Cell]):
    """All statements, the course's first; `{cell: (id, source, error)}` of broken cells; ids of untouched stubs."""
    stubs, shared, statements = {}, set(), []
    for number, identity, source in course:
        lines, nodes = _parse(source)
        if any(isinstance(node, ast.FunctionDef) and node.name in exercises for node in nodes):
            stubs[identity] = source
            continue
        shared.add(identity)
        for node in nodes:
            statement = Statement(number, node, lines, course=True)
            if statement.is_import or statement.is_definition or _is_plain(node):
                statements.append(statement)
    known = {name for statement in statements for name in statement.names[0]}
    broken, untouched = {}, []
    for number, identity, source in cells:
        if identity in stubs and source.strip() == stubs[identity].strip():
            untouched.append(source)
            continue
        try:
            lines, nodes = _parse(source)
            own = [Statement(number, node, lines) for node in nodes]
            own = [s for s in own if not s.is_check and s.names is not None]
        except BROKEN as error:
            broken[number] = (stubs.get(identity, ""), source, error)
            continue
        if identity in shared:  # a cell of the course: only what the student has added to it
            own = [s for s in own if not (s.names[0] and s.names[0] <= known) and (s.is_import or s.is_definition)]
        statements += own
    return statements, broken, untouched


def _parse(source: str) -> tuple[list[str], list[ast.stmt]]:
    """The lines of a cell and its statements. IPython's own lines, `%matplotlib`, `!pip`, `name?`, are left out."""
    if re.match(r"\s*%%(?!time\b|timeit\b|capture\b|prun\b)", source):
        return [], []  # another language
    source = re.sub(r"^\s*%%.*", "", source)
    try:
        nodes = ast.parse(source).body
    except SyntaxError:
        source = re.sub(r"(?m)^([ \t]*)([%!?].*|[\w.]+\?+[ \t]*)$", r"\1pass", source)
        nodes = ast.parse(source).body
    return re.split(r"\r\n|\r|\n", source), nodes


def _needed(statements: list[Statement], name: str, fallbacks: set[str]) -> tuple[list[Statement], set[str]]:
    """The statements that the name needs, in order, and all needed names."""
    needed, chosen, size = {name}, [], -1
    while len(chosen) != size:
        size = len(chosen)
        wanted = needed - fallbacks
        chosen = [s for s in statements if s.names[0] & wanted or (s.is_import and s.node.names[0].name == "*")]
        needed |= {used for s in chosen if not s.is_import for used in s.names[1]}
    return chosen, needed


def _missing(cells, name: str, others: set[str], statements, broken, untouched) -> tuple[str, str]:
    """Why there is no function of this name."""
    defines = re.compile(rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{name}\b|^{name}[ \t]*=", re.MULTILINE)
    for number, (stub, source, error) in broken.items():
        if defines.search(stub) or defines.search(source):
            line = getattr(error, "lineno", None)
            where = f"cell {number}, line {line}" if line else f"cell {number}"
            return "syntax error", f"{where}: {getattr(error, 'msg', None) or type(error).__name__}"
    if any(defines.search(source) for source in untouched):
        return "not attempted", ""
    checks = [i for i, (_, _, source) in enumerate(cells) if f".{name}.check(" in source]
    own = {s.node.name: s.cell for s in statements if s.is_definition and not s.course and s.node.name not in others}
    before = {cells[i - 1][0] for i in checks if i}
    near = [other for other, cell in own.items() if cell in before] or difflib.get_close_matches(name, own, n=1)
    if near:
        return "no function of this name", f"is it `{near[-1]}`?"
    return ("no function of this name" if checks else "not attempted"), ""


def _is_plain(node: ast.stmt) -> bool:
    """An assignment that computes nothing: of constants and names."""
    return isinstance(node, ast.Assign) and not any(isinstance(n, ast.Call | ast.comprehension) for n in ast.walk(node))


def _changed(node: ast.stmt) -> set[str]:
    """`CACHE` in `CACHE["a"] = 1`: a statement at the top that completes what a name holds."""
    found = set()
    if isinstance(node, ast.Assign | ast.AugAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                found.add(target.value.id)
    return found


def _borrowed(node: ast.stmt) -> str:
    """How a function asks the package for its own answer: `import aimsssl…` inside of it, or `.reference`."""
    for inner in ast.walk(node):
        module = getattr(inner, "module", "") or "" if isinstance(inner, ast.ImportFrom) else ""
        names = [alias.name for alias in inner.names] if isinstance(inner, ast.Import) else [module]
        inside = inner is not node or not isinstance(node, ast.Import | ast.ImportFrom)
        if inside and any(n.split(".")[0] == "aimsssl" for n in names):
            return "imports the package"
        if isinstance(inner, ast.Attribute) and inner.attr == "reference":
            return "uses .reference"
    return ""
