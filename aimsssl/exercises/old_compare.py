"""Compare what came with what was expected, and say a value in a few words."""

import math
import numbers
from collections.abc import Callable

import numpy as np
import torch


def one_of(*values: object, rtol: float = 1e-4, atol: float = 1e-7) -> Callable[[object], bool]:
    """For `likely`: one mistake that can give any of several values."""
    return lambda came: any(not mismatch(came, value, rtol, atol, finite=False) for value in values)


def mismatch(came: object, expected: object, rtol: float, atol: float, finite: bool = True) -> str:
    """The name of the first general difference, in the order type, dtype, shape, value; empty where there is none."""
    if isinstance(expected, tuple | list):
        if not isinstance(came, tuple | list):
            return "wrong type"
        if len(came) != len(expected):
            return "wrong shape"
        problems = (mismatch(a, b, rtol, atol, finite) for a, b in zip(came, expected, strict=True))
        return next((problem for problem in problems if problem), "")
    if isinstance(expected, torch.Tensor | np.ndarray):
        if not isinstance(came, type(expected)):
            return "wrong type"
        if came.dtype != expected.dtype:
            return "wrong dtype"
        if came.shape != expected.shape:
            return "wrong shape"
        a, b = _as_array(came), _as_array(expected)
        if np.allclose(a, b, rtol, atol, equal_nan=True):
            return ""
        return "not finite" if finite and not np.isfinite(a).all() else "wrong value"
    if isinstance(expected, numbers.Real) and not isinstance(expected, bool):
        if not isinstance(came, numbers.Integral if isinstance(expected, numbers.Integral) else numbers.Real):
            return "wrong type"
        if math.isclose(came, expected, rel_tol=rtol, abs_tol=atol):
            return ""
        return "not finite" if finite and not math.isfinite(came) else "wrong value"
    if isinstance(expected, str | bool) and not isinstance(came, type(expected)):
        return "wrong type"
    return "" if came is expected or came == expected else "wrong value"


def describe(value: object) -> str:
    """A value in a few words: type, dtype, shape and the first numbers of a tensor, six digits of a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, torch.Tensor | np.ndarray):
        first = ", ".join(describe(number) for number in value.reshape(-1)[:4].tolist())
        kind = f"{type(value).__name__} {str(value.dtype).split('.')[-1]} {list(value.shape)}"
        return f"{kind}: {first}" + (", …" if math.prod(value.shape) > 4 else "")
    if isinstance(value, tuple | list):
        inside = ", ".join(describe(item) for item in value[:6]) + (", …" if len(value) > 6 else "")
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"


def _as_array(value: torch.Tensor | np.ndarray) -> np.ndarray:
    """In float64, so that the comparison itself rounds nothing."""
    return value.detach().cpu().double().numpy() if isinstance(value, torch.Tensor) else value
