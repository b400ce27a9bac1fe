"""What an exercise is: a function that the student writes, checks that name the mistake, three hints, a fallback.

A check is a plain function that takes the student's function, calls it with `call` and compares with `expect`:

    def _mean_over_views(student):
        z1, z2 = ...
        expect("the loss", call(student, z1, z2, 0.5), oracle(z1, z2, 0.5), likely={"sum, not mean": wrong_value})

`likely` maps the name of a mistake to the value that this mistake gives (or to a predicate on what came).
"""

import contextlib
import dis
import inspect
import random
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from aimsssl.exercises import record
from aimsssl.exercises.display import show
from aimsssl.exercises.old_compare import describe, mismatch, one_of

GENERAL = {
    "not a function": "`check` takes the function itself: its name, without parentheses.",
    "wrong arguments": "Keep the arguments of the function as the exercise gives them.",
    "nothing returned": "The function gave back None. Is there a `return` on every way through it?",
    "wrong type": "The result is of another type than the contract says.",
    "wrong dtype": "The type and the shape of the container are one thing, the type of its numbers another.",
    "wrong shape": "The numbers may be right, but they do not lie in the shape that the contract says.",
    "not finite": "There is a NaN or an infinity in the result. A division by zero? A log of 0? A large exp?",
    "wrong value": "Type and shape are right, the value is not.",
    "input changed in place": "The function changed a tensor that it was given. The caller still needs the old values: "
    "make a new tensor, and beware of methods that end in `_` and of `+=`.",
    "unreadable result": "The check could not work with what the function returned.",
}
"""Mistakes that can happen in every exercise. An exercise may name its own words for one of them."""

__all__ = ["Exercise", "Outcome", "Raised", "Wrong", "call", "expect", "one_of"]

STANDS_STILL = {"RESUME", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "NOP", "LOAD_SMALL_INT", "COPY_FREE_VARS"}


class NotAttempted(Exception):
    """The student's function is still the stub."""


class Raised(Exception):
    """The student's own code raised `error` when it was called with `inputs`."""

    def __init__(self, error: BaseException, inputs: list[str]):
        super().__init__(str(error))
        self.error, self.inputs = error, inputs


class Wrong(Exception):
    """The result is wrong: the mistake's name, what came, what was expected."""

    def __init__(self, mistake: str, came: object = "", expected: object = "", what: str = ""):
        super().__init__(mistake)
        self.mistake, self.came, self.expected, self.what = mistake, came, expected, what


@dataclass(frozen=True)
class Outcome:
    """What a check found. `kind` is passed, wrong, raised or not attempted; `mistake` is its name where it is wrong."""

    kind: str
    title: str
    details: tuple[str, ...] = ()
    mistake: str = ""

    @property
    def text(self) -> str:
        return "\n".join((self.title, *self.details))


@dataclass
class Exercise:
    """One exercise. `mistakes` maps the name of each mistake that its checks can find to why it is a mistake."""

    lesson: str
    name: str
    title: str
    difficulty: str
    minutes: int
    reference: Callable
    hints: tuple[str, str, str]
    checks: tuple[Callable[[Callable], None], ...]
    mistakes: Mapping[str, str] = field(default_factory=dict)
    hints_shown: int = field(default=0, init=False)

    def examine(self, student: object) -> Outcome:
        """Judge a function without printing or recording anything. Never raises on a student's mistake."""
        if student is None or student is ... or self._is_the_packages_own(student):
            return self._not_attempted(own=student is not None and student is not ...)
        try:
            with same_random_state():
                if not callable(student):
                    raise Wrong("not a function", student, "a function")
                for check in self.checks:
                    torch.manual_seed(0)
                    check(student)
        except NotAttempted:
            return self._not_attempted()
        except Raised as raised:
            return self._raised(raised)
        except Wrong as wrong:
            return self._wrong(wrong)
        except Exception as error:  # the check itself stumbled over an odd result
            return self._wrong(Wrong("unreadable result", f"{type(error).__name__}: {error}", "what the contract says"))
        return Outcome("passed", f"✓ PASSED · {self.name} {self.difficulty}")

    def check(self, student: Callable) -> Callable:
        """Judge a function, show and record the outcome, and give back the function that the lesson goes on with."""
        outcome = self.examine(student)
        if outcome.kind == "passed":
            banner = f"From here on the notebook uses your {self.name}."
        else:
            banner = (
                f"▲ FALLBACK: from here on the notebook uses the package's own {self.name}. "
                f"The exercise is not solved. Hints: lesson.{self.name}.hint()"
            )
        if outcome.kind != "not attempted":
            solved = outcome.kind == "passed"
            record.note_attempt(self.lesson, self.name, outcome.mistake or outcome.kind, solved)
        show(outcome.kind, outcome.title, [*outcome.details, banner])
        return student if outcome.kind == "passed" else self.reference

    def hint(self) -> None:
        """Show the next of the three hints; after the last one, all of them again."""
        self.hints_shown = min(self.hints_shown + 1, len(self.hints) + 1)
        last = min(self.hints_shown, len(self.hints))
        record.note_hints(self.lesson, self.name, last)
        if self.hints_shown <= len(self.hints):
            show("hint", f"Hint {last} of {len(self.hints)} · {self.name}", [self.hints[last - 1]])
        else:
            lines = [f"{number}. {hint}" for number, hint in enumerate(self.hints, start=1)]
            show("hint", f"There are no more hints · {self.name}. All of them again:", lines)

    def _is_the_packages_own(self, student: object) -> bool:
        """After a fallback the name holds the package's function: to check that again must not count as solved."""
        return student is self.reference or str(getattr(student, "__module__", "")).split(".")[0] == "aimsssl"

    def _not_attempted(self, own: bool = False) -> Outcome:
        details = (f"{self.title} About {self.minutes} minutes.",)
        if own:
            details = (f"This is the package's own {self.name}. Run the cell with your function, then this one.",)
        return Outcome("not attempted", f"○ NOT ATTEMPTED · {self.name} {self.difficulty}", details)

    def _raised(self, raised: Raised) -> Outcome:
        error = f"{type(raised.error).__name__}: {raised.error}".rstrip(": ")
        details = [f"error: {error}", *their_line(raised.error)]
        details += ["\n    ".join(("called with:", *raised.inputs))] if raised.inputs else []
        return Outcome("raised", f"✗ YOUR CODE RAISED AN ERROR · {self.name}", tuple(details))

    def _wrong(self, wrong: Wrong) -> Outcome:
        details = [self.mistakes[wrong.mistake] if wrong.mistake in self.mistakes else GENERAL[wrong.mistake]]
        details += [f"where: {wrong.what}"] if wrong.what else []
        details += [f"came: {describe(wrong.came)}"] if not _is_empty(wrong.came) else []
        details += [f"expected: {describe(wrong.expected)}"] if not _is_empty(wrong.expected) else []
        return Outcome("wrong", f"✗ NOT YET · {self.name}: {wrong.mistake}", tuple(details), wrong.mistake)


def call(function: Callable, *args: object) -> object:
    """Call the student's function with copies of `args`; find a stub, an exception, None, a change of an input."""
    names = _argument_names(function, args)
    inputs = [f"{name} = {describe(value)}" for name, value in zip(names, args, strict=True)]
    given = [_copy(value) for value in args]
    before = [_copy(value) for value in given]
    try:
        result = function(*given)
    except NotImplementedError as error:
        if not error.args:  # the stub; PyTorch's own NotImplementedErrors say what is missing
            raise NotAttempted from None
        raise Raised(error, inputs) from error
    except (Exception, SystemExit) as error:
        raise Raised(error, inputs) from error
    if result is None:
        code = getattr(function, "__code__", None)
        if code is not None and {step.opname for step in dis.get_instructions(code)} <= STANDS_STILL:
            raise NotAttempted
        raise Wrong("nothing returned", "None", "")
    for name, old, new in zip(names, before, given, strict=True):
        if mismatch(new, old, rtol=0.0, atol=0.0):
            raise Wrong("input changed in place", new, old, f"the argument {name}")
    return result


def expect(
    what: str,
    came: object,
    expected: object,
    likely: Mapping[str, object] | None = None,
    rtol: float = 1e-4,
    atol: float = 1e-7,
) -> None:
    """Raise `Wrong` where `came` is not `expected`, under the name of the first `likely` mistake that explains it."""
    problem = mismatch(came, expected, rtol, atol)
    if not problem:
        return
    for mistake, value in (likely or {}).items():
        with contextlib.suppress(Exception):  # a predicate may stumble over an odd result: then it does not explain it
            if value(came) if callable(value) else not mismatch(came, value, rtol, atol, finite=False):
                problem = mistake
                break
    raise Wrong(problem, came, expected, what)


def their_line(error: BaseException) -> list[str]:
    """The last line of the student's own code on the way to `error`: not the package's, not a library's."""
    others = (str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"))
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((*others, "<frozen")) and "site-packages" not in frame.filename
    ]
    if not frames:
        return []
    last = frames[-1]
    return [f"your line {last.lineno}, in {last.name}: {last.line}".rstrip(": ")]


@contextlib.contextmanager
def same_random_state() -> Iterator[None]:
    """Leave the random states of PyTorch, NumPy and Python as they were, and gradients switched on inside."""
    numpy_state, python_state = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())), torch.enable_grad():
            yield
    finally:
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def _argument_names(function: Callable, args: tuple) -> list[str]:
    try:
        signature = inspect.signature(function.forward if isinstance(function, torch.nn.Module) else function)
    except (TypeError, ValueError):
        return [f"argument {number}" for number in range(1, len(args) + 1)]
    try:
        signature.bind(*args)
    except TypeError:
        raise Wrong("wrong arguments", str(signature), f"{len(args)} arguments") from None
    names = [name for name, p in signature.parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return [names[i] if i < len(names) else f"argument {i + 1}" for i in range(len(args))]


def _copy(value: object) -> object:
    """A copy of tensors and arrays; a tensor that needs a gradient is handed on itself, so that a check can read it."""
    if isinstance(value, torch.Tensor):
        return value if value.requires_grad else value.clone()
    if isinstance(value, tuple | list):
        return type(value)(_copy(item) for item in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def _is_empty(value: object) -> bool:
    return isinstance(value, str) and value == ""
