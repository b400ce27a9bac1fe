"""Mutants of right answers: one small slip each, made by machine. `test_mutation.py` judges them."""

import ast
import contextlib
import copy
import signal
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aimsssl.exercises.calling import NotAttempted

SWAPPED_CALLS = {
    "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax", "amax": "amin", "amin": "amax",
    "mean": "sum", "sum": "mean", "any": "all", "all": "any", "maximum": "minimum", "minimum": "maximum",
    "floor": "ceil", "ceil": "floor", "softmax": "log_softmax", "log_softmax": "softmax", "cos": "sin", "sin": "cos",
    "std": "var", "var": "std", "zeros": "ones", "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like",
    "sqrt": "square", "square": "sqrt", "randperm": "arange", "logsumexp": "sum", "append": "extend",
}  # fmt: skip
SWAPPED_OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
SWAPPED_COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
TURNED_COMPARISONS = {ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Gt: ast.Lt, ast.GtE: ast.LtE}
OF_RESULTS = ("({}).detach()", "({}).item()", "({}).double().long()", "({}) + 0.01", "-({})")
OF_ORDER = ("({}).flip(0)", "({})[::-1]", "sorted({})", "({}).sort()[0]", "({}).T")
SEEDING = "__import__('torch').manual_seed(42)"
SECONDS = 2  # of computing: a mutant may run without end


class Endless(BaseException):
    """A mutant ran too long. No `except Exception` on the way takes it for an error of the student's."""


@dataclass(frozen=True)
class Mutant:
    """`change` is the function's name and the lines before and after: an equivalent mutant is listed under it."""

    function: Callable
    change: str


def mutants(source: str, scope: dict, scalar: bool = False) -> list[Mutant]:
    """Every mutant of the function (or class) that `source` defines, different from it in one place.

    `scope` has the names that the function uses; they stay as they are. Where the result is a single number
    (`scalar`), it is neither turned round nor sorted.
    """
    definition = ast.parse(textwrap.dedent(source)).body[0]
    definition.decorator_list = []
    original = ast.unparse(definition)
    found: dict[str, Mutant] = {}
    for changed in _changed(definition, scalar):
        text = ast.unparse(ast.fix_missing_locations(changed))
        if text != original and text not in found:
            with contextlib.suppress(SyntaxError, ValueError):
                found[text] = Mutant(_made(text, definition.name, scope), f"{definition.name}: {_told(original, text)}")
    return list(found.values())


def _made(text: str, name: str, scope: dict) -> Callable:
    scope = dict(scope) | {"__name__": "mutant"}
    exec(compile(text, f"<mutant of {name}>", "exec"), scope)
    return scope[name]


def _told(before: str, after: str) -> str:
    """The lines that differ: `old → new`."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return f"{'; '.join(x.strip() for x in old) or '—'} → {'; '.join(x.strip() for x in new) or '—'}"


def _changed(definition: ast.AST, scalar: bool) -> Iterator[ast.AST]:
    """Copies of a definition, each changed in one place."""
    parameters = [
        argument.arg for node in ast.walk(definition) if isinstance(node, ast.arguments) for argument in node.args
    ]
    for place, node in enumerate(ast.walk(definition)):
        for change in _changes_of(node, parameters, scalar):
            fresh = copy.deepcopy(definition)
            target = next(n for i, n in enumerate(ast.walk(fresh)) if i == place)
            if change(target, fresh) is not False:
                yield fresh


def _replace(root: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(root):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    if item is old:
                        value[i] = new


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _changes_of(node: ast.AST, parameters: list[str], scalar: bool) -> Iterator[Callable]:
    """What can be changed at a node: functions of the node in a copy, and of the whole copy."""

    def becomes(make: Callable[[ast.AST], ast.AST]) -> Callable:
        return lambda n, root: _replace(root, n, make(n))

    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        value = node.value
        others = {value + 1, value - 1, -value} if isinstance(value, int) else {value * 1.5, value * 0.5, -value, 0.0}
        for other in sorted(others - {value}):
            yield becomes(lambda n, other=other: ast.Constant(other))
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield becomes(lambda n: ast.Constant(not n.value))
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPPED_OPERATORS:
            yield becomes(lambda n: ast.BinOp(n.left, SWAPPED_OPERATORS[type(n.op)](), n.right))
        yield becomes(lambda n: n.left)
        yield becomes(lambda n: n.right)
        if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult):
            yield becomes(lambda n: ast.BinOp(n.right, n.op, n.left))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for table in (SWAPPED_COMPARISONS, TURNED_COMPARISONS):
            if type(node.ops[0]) in table:
                yield becomes(lambda n, table=table: ast.Compare(n.left, [table[type(n.ops[0])]()], n.comparators))
    if isinstance(node, ast.BoolOp):
        yield becomes(lambda n: ast.BoolOp(ast.Or() if isinstance(n.op, ast.And) else ast.And(), n.values))
    if isinstance(node, ast.UnaryOp):
        yield becomes(lambda n: n.operand)
    if isinstance(node, ast.IfExp):
        yield becomes(lambda n: n.body)
        yield becomes(lambda n: n.orelse)
    if isinstance(node, ast.If):
        yield lambda n, root: setattr(n, "test", ast.Constant(True))
        yield lambda n, root: setattr(n, "test", ast.Constant(False))
    if isinstance(node, ast.comprehension):
        for i in range(len(node.ifs)):
            yield lambda n, root, i=i: n.ifs.pop(i) and None
        yield lambda n, root: setattr(n, "iter", _expression(f"list({ast.unparse(n.iter)})[:-1]"))
        yield lambda n, root: setattr(n, "iter", _expression(f"list({ast.unparse(n.iter)})[1:]"))
    if isinstance(node, ast.For | ast.While):
        yield lambda n, root: n.body.append(ast.Break())
        if isinstance(node, ast.For):
            yield lambda n, root: setattr(n, "iter", _expression(f"list({ast.unparse(n.iter)})[:-1]"))
            yield lambda n, root: setattr(n, "iter", _expression(f"list({ast.unparse(n.iter)})[1:]"))
            yield lambda n, root: setattr(n, "iter", _expression(f"list({ast.unparse(n.iter)})[::-1]"))
    for block in ("body", "orelse"):
        statements = getattr(node, block, None)
        if isinstance(statements, list) and statements and isinstance(statements[0], ast.stmt):
            for i, statement in enumerate(statements):
                if isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr | ast.If | ast.For) and not (
                    isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                ):
                    yield lambda n, root, i=i, block=block: getattr(n, block).__setitem__(i, ast.Pass())
    if isinstance(node, ast.AugAssign) and type(node.op) in SWAPPED_OPERATORS:
        yield lambda n, root: setattr(n, "op", SWAPPED_OPERATORS[type(n.op)]())
        yield becomes(lambda n: ast.Assign([n.target], n.value))
    if isinstance(node, ast.Call):
        yield from _changes_of_a_call(node, becomes)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node.slice, bound) is not None:
                yield lambda n, root, bound=bound: setattr(n.slice, bound, None)
    if isinstance(node, ast.Return) and node.value is not None:
        value = ast.unparse(node.value)
        values = [ast.unparse(v) for v in node.value.elts] if isinstance(node.value, ast.Tuple) else [value]
        for i in range(len(values)):
            for form in (*OF_RESULTS, *(() if scalar else OF_ORDER)):
                changed = [*values[:i], form.format(values[i]), *values[i + 1 :]]
                yield lambda n, root, c=changed: setattr(n, "value", _expression(", ".join(c)))
        if len(values) > 1:
            yield lambda n, root, c=values: setattr(n, "value", _expression(", ".join(c[::-1])))
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in parameters:
        for other in parameters:
            if other != node.id:
                yield becomes(lambda n, other=other: ast.Name(other, ast.Load()))
    if isinstance(node, ast.FunctionDef):
        yield lambda n, root: n.body.insert(_after_docstring(n), ast.parse(SEEDING).body[0])


def _after_docstring(definition: ast.FunctionDef) -> int:
    return int(ast.get_docstring(definition) is not None)


def _changes_of_a_call(node: ast.Call, becomes: Callable) -> Iterator[Callable]:
    function = node.func
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    if name in SWAPPED_CALLS:
        field = "attr" if isinstance(function, ast.Attribute) else "id"
        yield lambda n, root: setattr(n.func, field, SWAPPED_CALLS[name])
    for i in range(len(node.keywords)):
        yield lambda n, root, i=i: n.keywords.pop(i) and None
    if node.args:  # F.normalize(z) and sqrt(z) left out
        yield becomes(lambda n: n.args[0])
        if len(node.args) == 2:
            yield lambda n, root: n.args.reverse()
        if len(node.args) > 1:
            yield lambda n, root: n.args.pop() and None
    if isinstance(function, ast.Attribute):  # x.clone() left out
        yield becomes(lambda n: n.func.value)


# ---- judging them


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """A mutant that never ends raises Endless; where there is no such alarm, it had better end."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def stop(*_: object) -> None:
        raise Endless

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # the process's own time: a busy machine makes no mutant endless
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def quietly(judge: Callable, function: Callable) -> object:
    """What `exercise.judge` or `exercise.passes` says of a function; False for one that never ends."""
    with warnings.catch_warnings(), at_most(SECONDS), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        try:
            return judge(function)
        except (Endless, NotAttempted):
            return False
