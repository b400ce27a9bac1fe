"""Call the student's function: with copies of the inputs, and a name for whatever goes wrong on the way."""

import contextlib
import dis
import inspect
import random
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from aimsssl.exercises.compare import describe, difference

STANDS_STILL = {"RESUME", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "NOP", "LOAD_SMALL_INT", "COPY_FREE_VARS"}


class NotAttempted(Exception):
    """The student's function is still the stub."""


class Raised(Exception):
    """The student's own code raised `error` when it was called with `inputs`."""

    def __init__(self, error: BaseException, inputs: list[str]):
        super().__init__(str(error))
        self.error, self.inputs = error, inputs


class Wrong(Exception):
    """Something is wrong that no comparison of results sees: its name, a sentence of details, and where."""

    def __init__(self, mistake: str, details: str = "", what: str = ""):
        super().__init__(mistake)
        self.mistake, self.details, self.what = mistake, details, what


def call(function: Callable, *args: object, **keywords: object) -> object:
    """Call the student's function with copies of the arguments.

    Raises:
        NotAttempted: it is the stub.
        Raised: it raised an error.
        Wrong: its arguments are others, it returned None, or it changed one of the arguments in place.
    """
    names = _argument_names(function, args, keywords)
    values = [*args, *keywords.values()]
    inputs = [f"{name} = {describe(value)}" for name, value in zip(names, values, strict=True)]
    given = [_copy(value) for value in values]
    before = [value.detach().clone() if isinstance(value, torch.Tensor) else _copy(value) for value in given]
    asked = [getattr(value, "requires_grad", None) for value in given]
    try:
        result = function(*given[: len(args)], **dict(zip(keywords, given[len(args) :], strict=True)))
    except NotImplementedError as error:
        if not error.args:  # the stub; PyTorch's own NotImplementedErrors say what is missing
            raise NotAttempted from None
        raise Raised(error, inputs) from error
    except (Wrong, Raised, NotAttempted):  # one of the student's functions, called by another
        raise
    except (Exception, SystemExit) as error:
        raise Raised(error, inputs) from error
    if result is None:
        code = getattr(function, "__code__", None)
        if code is not None and {step.opname for step in dis.get_instructions(code)} <= STANDS_STILL:
            raise NotAttempted
        raise Wrong("nothing returned")
    for name, old, new, asks in zip(names, before, given, asked, strict=True):
        if isinstance(old, torch.Tensor) and new.requires_grad != asks:
            raise Wrong(
                "input changed in place", "It asks for a gradient now, and did not before.", f"the argument {name}"
            )
        if isinstance(old, torch.Tensor | np.ndarray | list | dict) and (
            one := difference(new, old, rtol=0.0, atol=0.0)
        ):
            raise Wrong("input changed in place", one.place, f"the argument {name}")
    return result


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


def seed_everything(seed: int) -> None:
    """PyTorch, NumPy and Python begin with the same numbers."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def random_states() -> tuple:
    """What the next draws depend on, as plain values that can be compared."""
    return bytes(torch.get_rng_state().numpy()), np.random.get_state()[1].tobytes(), random.getstate()


def _argument_names(function: Callable, args: tuple, keywords: dict) -> list[str]:
    """A name for each argument. What a decorated function says of itself is what its wrapper takes."""
    target = function.forward if isinstance(function, torch.nn.Module) else function
    try:
        signature = inspect.signature(target, follow_wrapped=False)
    except (TypeError, ValueError):
        return [*(f"argument {number}" for number in range(1, len(args) + 1)), *keywords]
    try:
        signature.bind(*args, **keywords)
    except TypeError as error:
        raise Wrong("wrong arguments", f"Yours takes {signature}: {error}.") from None
    fixed = [name for name, p in signature.parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return [*(fixed[i] if i < len(fixed) else f"argument {i + 1}" for i in range(len(args))), *keywords]


def _copy(value: object) -> object:
    """A copy of tensors, arrays, lists and dictionaries.

    A tensor that needs a gradient is handed on itself, so that a case can read it.
    """
    if isinstance(value, torch.Tensor):
        return value if value.requires_grad else value.clone()
    if type(value) in (tuple, list):
        return type(value)(_copy(item) for item in value)
    if type(value) is dict:
        return {name: _copy(item) for name, item in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value
