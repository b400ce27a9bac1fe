"""Compare what came with what was expected: the first difference in plain words, with its place and both numbers."""

import math
import numbers
from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Difference:
    """Where two values part. `name` is one of wrong type, wrong dtype, wrong shape, not finite, wrong value."""

    name: str
    sentence: str
    place: str = ""  # at [2, 1]: came 0.5, expected 0.25


def difference(came: object, expected: object, rtol: float = 1e-4, atol: float = 1e-7) -> Difference | None:
    """The first difference, in the order type, dtype, shape, value; None where there is none.

    Where floats are expected, floats of any precision are right; where a tuple is expected, so is a list.
    """
    if isinstance(expected, dict):
        return _of_parts(came, expected, rtol, atol)
    if isinstance(expected, tuple | list):
        return _of_sequences(came, expected, rtol, atol)
    if isinstance(expected, torch.Tensor | np.ndarray):
        return _of_arrays(came, expected, rtol, atol)
    if isinstance(expected, numbers.Real) and not isinstance(expected, bool | np.bool_):
        return _of_numbers(came, expected, rtol, atol)
    if isinstance(expected, bool | np.bool_):
        expected, kinds = bool(expected), bool | np.bool_
    else:
        kinds = type(expected)
    if expected is not None and not isinstance(came, kinds):
        return _wrong_type(came, expected)
    return None if came is expected or came == expected else _wrong_value("")


def same(a: object, b: object, rtol: float = 1e-4, atol: float = 1e-7) -> bool:
    """Whether two values agree in type, shape and value; NaN agrees with NaN."""
    return difference(a, b, rtol, atol) is None


def _of_parts(came: object, expected: dict, rtol: float, atol: float) -> Difference | None:
    if not isinstance(came, dict) or came.keys() != expected.keys():
        return _wrong_type(came, expected)
    found = (difference(came[name], part, rtol, atol) for name, part in expected.items())
    return next((one for one in found if one), None)


def _of_sequences(came: object, expected: tuple | list, rtol: float, atol: float) -> Difference | None:
    if not isinstance(came, tuple | list):
        return _wrong_type(came, expected)
    if len(came) != len(expected):
        return Difference("wrong shape", f"There are {len(came)} items; {len(expected)} are asked for.")
    for number, (a, b) in enumerate(zip(came, expected, strict=True)):
        if one := difference(a, b, rtol, atol):
            inner = one.place.removeprefix("at ")
            place = inner if inner.startswith("[") else f": {inner}" if inner else ""
            return Difference(one.name, one.sentence, f"at item {number}{', ' * inner.startswith('[')}{place}")
    return None


def _of_arrays(came: object, expected: torch.Tensor | np.ndarray, rtol: float, atol: float) -> Difference | None:
    if not isinstance(came, torch.Tensor if isinstance(expected, torch.Tensor) else np.ndarray):
        return _wrong_type(came, expected)
    if _kind(came) != _kind(expected):
        return Difference("wrong dtype", f"The numbers are {_dtype(came)}; {_dtype(expected)} is asked for.")
    if tuple(came.shape) != tuple(expected.shape):
        return Difference("wrong shape", f"The shape is {list(came.shape)}; {list(expected.shape)} is asked for.")
    a, b = as_array(came), as_array(expected)
    right = np.isclose(a, b, rtol, atol, equal_nan=True)
    if right.all():
        return None
    first = tuple(int(i) for i in np.argwhere(~right)[0])
    one, other = told_apart(came[first].item(), expected[first].item())
    place = f"at {list(first)}: " if first else ""
    place = f"{place}came {one}, expected {other}"
    if first:
        place += f" ({(~right).sum()} of {right.size} numbers differ)"
    bad = a[~np.isfinite(a) & ~right]
    if bad.size:
        return Difference("not finite", f"There is {'a NaN' if np.isnan(bad).any() else 'an infinity'} in it.", place)
    return _wrong_value(place)


def _of_numbers(came: object, expected: numbers.Real, rtol: float, atol: float) -> Difference | None:
    whole = isinstance(expected, numbers.Integral)
    if isinstance(came, bool) or not isinstance(came, numbers.Integral if whole else numbers.Real):
        return _wrong_type(came, expected)
    if (math.isnan(came) and math.isnan(expected)) or math.isclose(came, expected, rel_tol=rtol, abs_tol=atol):
        return None
    one, other = told_apart(came, expected)
    place = f"came {one}, expected {other}"
    if not math.isfinite(came):
        return Difference("not finite", f"It is {'NaN' if math.isnan(came) else 'infinite'}.", place)
    return _wrong_value(place)


def _wrong_type(came: object, expected: object) -> Difference:
    if isinstance(came, torch.Tensor) and isinstance(expected, numbers.Real) and came.numel() == 1:
        return Difference("wrong type", f"It is a tensor; {kind(expected)} is asked for.")
    return Difference("wrong type", f"It is {kind(came)}; {kind(expected)} is asked for.")


def _wrong_value(place: str) -> Difference:
    return Difference("wrong value", "Type and shape are right, the value is not.", place)


def kind(value: object) -> str:
    """The type of a value in words: a tensor, a list, a whole number."""
    words = {
        bool: "a truth value", int: "a whole number", float: "a Python float", str: "a string", tuple: "a tuple",
        list: "a list", dict: "a dictionary", set: "a set", type(None): "None", np.ndarray: "a NumPy array",
    }  # fmt: skip
    if isinstance(value, torch.nn.Module):
        return "a module"
    if isinstance(value, torch.Tensor):
        return "a tensor"
    if isinstance(value, type):
        return "a class"
    return words.get(type(value), f"a {type(value).__name__}")


def _kind(value: torch.Tensor | np.ndarray) -> str:
    """One word for all floats, the dtype's own name for everything else."""
    name = _dtype(value)
    return "float" if "float" in name else name


def _dtype(value: torch.Tensor | np.ndarray) -> str:
    return str(value.dtype).split(".")[-1]


def told_apart(a: object, b: object) -> tuple[str, str]:
    """Two different numbers with so many digits that they look different."""
    for digits in range(4, 18):
        one, other = (number(value, digits) for value in (a, b))
        if one != other:
            break
    return one, other


def number(value: object, digits: int = 6) -> str:
    """A number in `digits` digits. A float shows that it is one: 2.0, not 2."""
    if not isinstance(value, float | np.floating):
        return str(value)
    text = f"{value:.{digits}g}"
    return text if not math.isfinite(value) or any(c in text for c in ".e") else f"{text}.0"


def describe(value: object) -> str:
    """A value in a few words: type, dtype, shape and the first numbers of a tensor, six digits of a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, torch.Tensor | np.ndarray):
        first = ", ".join(describe(number) for number in value.reshape(-1)[:4].tolist())
        head = f"{type(value).__name__} {_dtype(value)} {list(value.shape)}"
        return f"{head}: {first}" + (", …" if math.prod(value.shape) > 4 else "")
    if isinstance(value, tuple | list):
        inside = ", ".join(describe(item) for item in value[:6]) + (", …" if len(value) > 6 else "")
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {describe(part)}" for name, part in value.items())
    if isinstance(value, float | np.floating):
        return number(value)
    if isinstance(value, torch.nn.Module):
        return f"{type(value).__name__} with the layers {', '.join(type(m).__name__ for m in value.children()) or '—'}"
    if callable(value):
        return getattr(value, "__name__", None) or f"a {type(value).__name__}"
    text = kind(value) if " at 0x" in repr(value) else repr(value)  # an address says nothing
    return text if len(text) <= 200 else text[:200] + "…"


def as_array(value: torch.Tensor | np.ndarray) -> np.ndarray:
    """In float64, so that the comparison itself rounds nothing."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return value.to(torch.float64 if not value.is_complex() else torch.complex128).numpy()
    return value
