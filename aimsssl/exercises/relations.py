"""What a wrong result has to do with the right one, found by machine: a factor, a sign, an order, a place.

A relation counts only where it holds in every case that fails.
"""

import math
import numbers
from collections.abc import Callable, Iterable

import numpy as np
import torch

from aimsssl.exercises.compare import as_array

RTOL = 1e-3


def relation(failing: list, only_factors: bool = False) -> str:
    """One or two sentences on how the results differ from what was expected, or nothing. `failing` are `Seen`."""
    pairs = [_numbers_of(one) for one in failing]
    if not pairs or any(pair is None for pair in pairs):
        return ""
    findings = (_factor, _offset) if only_factors else (_factor, _offset, *ELEMENTWISE, _order, _places)
    with np.errstate(all="ignore"):
        for find in findings:
            if words := find(pairs, failing):
                return words
    return ""


def _numbers_of(one) -> tuple[np.ndarray, np.ndarray] | None:
    """The numbers of the first part that differs, came and expected; None where they do not fit."""
    if one.trouble is not None or one.difference is None or one.difference.name != "wrong value":
        return None
    _, came, expected = one.part()
    if isinstance(expected, tuple | list) and isinstance(came, tuple | list) and len(came) == len(expected):
        if all(isinstance(value, numbers.Real) for value in (*came, *expected)):
            came, expected = np.array(came, dtype=float), np.array(expected, dtype=float)
        else:
            parts = [(a, b) for a, b in zip(came, expected, strict=True) if not _equal(a, b)]
            came, expected = parts[0] if parts else (came[0], expected[0])
    arrays = [_array(value) for value in (came, expected)]
    if any(array is None for array in arrays) or arrays[0].shape != arrays[1].shape or arrays[0].size == 0:
        return None
    return (arrays[0], arrays[1]) if all(np.isfinite(array).all() for array in arrays) else None


def _equal(a: object, b: object) -> bool:
    a, b = _array(a), _array(b)
    return a is not None and b is not None and a.shape == b.shape and bool(np.allclose(a, b, RTOL, 1e-6))


def _array(value: object) -> np.ndarray | None:
    if isinstance(value, torch.Tensor | np.ndarray):
        array = as_array(value)
        return None if np.iscomplexobj(array) or array.dtype.kind not in "biuf" else array.astype(float)
    return np.array(float(value)) if isinstance(value, numbers.Real) and not isinstance(value, bool) else None


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    size = np.abs(b).max(initial=0)
    return bool(np.allclose(a, b, RTOL, RTOL * 1e-2 * (size or 1)))


# ---- one relation for all numbers


def _factor(pairs: list, failing: list) -> str:
    ratios = [float((a * b).sum() / (b * b).sum()) if (b != 0).any() else math.nan for a, b in pairs]
    right = all(_close(a, c * b) and abs(c) > 1e-9 for (a, b), c in zip(pairs, ratios, strict=True))
    if not right or any(b.size == 1 for _, b in pairs) and len(pairs) == 1 and not _known(ratios, failing):
        return ""
    if _alike(ratios, [-1.0] * len(ratios)):
        return "Every number has the wrong sign."
    name = _known(ratios, failing)
    if name:
        return f"Every number is {name} what it should be."
    return f"Every number is {ratios[0]:.4g} times what it should be." if _alike(ratios, ratios[:1]) else ""


def _known(ratios: list[float], failing: list) -> str:
    """The same known quantity in every case: 2 times, or a size or an argument of the case."""
    small = ((2.0, "twice"), (0.5, "half of"), (4.0, "4 times"), (0.25, "a quarter of"), (math.log(2), "log(2) times"))
    for value, name in small:
        if _alike(ratios, [value] * len(ratios)):
            return name
    known = [_quantities(one) for one in failing]
    for name in known[0]:
        values = [quantities.get(name, math.nan) for quantities in known]
        for power, form in ((1, "{}"), (-1, "1/{}"), (2, "{}²"), (-2, "1/{}²"), (0.5, "√{}"), (-0.5, "1/√{}")):
            for factor, prefix in ((1, ""), (2, "2·")):
                powers = [factor * value**power if value > 0 else math.nan for value in values]
                if _alike(ratios, powers) and not _alike(powers, [1.0] * len(powers)):
                    return f"{prefix}{form.format(name)} = {powers[0]:.4g} times"
    return ""


def _quantities(one) -> dict[str, float]:
    """Sizes and numbers among the inputs of a case, by words for them."""
    found: dict[str, float] = {}
    for name, value in one.named.items():
        if isinstance(value, torch.Tensor | np.ndarray) and value.ndim:
            found |= {f"{name}.shape[{axis}]": float(size) for axis, size in enumerate(value.shape)}
            found[f"the count of numbers in {name}"] = float(math.prod(value.shape))
        elif isinstance(value, numbers.Real) and not isinstance(value, bool):
            found[name] = float(value)
    return found


def _alike(values: Iterable[float], others: Iterable[float]) -> bool:
    values, others = list(values), list(others)
    others = others * len(values) if len(others) == 1 else others
    return all(math.isclose(a, b, rel_tol=RTOL) for a, b in zip(values, others, strict=True))


def _offset(pairs: list, failing: list) -> str:
    offsets = [float((a - b).mean()) for a, b in pairs]
    sizes = [b.size for _, b in pairs]
    if max(sizes) == 1 and len(pairs) == 1:
        return ""
    if not all(_close(a, b + c) for (a, b), c in zip(pairs, offsets, strict=True)) or not _alike(offsets, offsets[:1]):
        return ""
    return f"Every number is {abs(offsets[0]):.4g} too {'large' if offsets[0] > 0 else 'small'}."


def _elementwise(words: str, function: Callable[[np.ndarray], np.ndarray]) -> Callable:
    def find(pairs: list, failing: list) -> str:
        some = any(b.size > 1 for _, b in pairs) or len(pairs) > 1
        return words if some and all(a.any() and _close(a, function(b)) for a, b in pairs) else ""

    return find


def _rounded(digits: int) -> Callable:
    def find(pairs: list, failing: list) -> str:
        few = all(
            a.any() and np.allclose(a, a.round(digits), 1e-6, 0) and (np.abs(a - b) < 0.51 * 0.1**digits).all()
            for a, b in pairs
        )
        return f"Every number is rounded to {digits} digit{'s' * (digits > 1)} behind the point." if few else ""

    return find


ELEMENTWISE = (
    _elementwise("Every number is the square of what it should be.", np.square),
    _elementwise("Every number is the square root of what it should be.", np.sqrt),
    _elementwise("Every number is 1 over what it should be.", lambda b: 1 / b),
    _elementwise("Every number is 1 minus what it should be.", lambda b: 1 - b),
    _elementwise("Every number is the logarithm of what it should be.", np.log),
    _elementwise("Every number is the exponential of what it should be.", np.exp),
    _elementwise("Every number has lost its sign.", np.abs),
    _elementwise("Every number below 0 has become 0.", lambda b: b.clip(min=0)),
    _elementwise("Every number is cut off to the range from 0 to 1.", lambda b: b.clip(0, 1)),
    _elementwise("Every number is rounded to a whole one.", np.round),
    _elementwise("Every number is cut down to a whole one.", np.floor),
    *(_rounded(digits) for digits in (1, 2, 3, 4)),
)


# ---- the right numbers in other places


def _order(pairs: list, failing: list) -> str:
    if all(b.ndim == 2 and b.shape[0] == b.shape[1] and _close(a, b.T) for a, b in pairs):
        return "The matrix is transposed: its rows and columns have changed places."
    if any(b.ndim == 0 for _, b in pairs):
        return ""
    for axis, word in ((0, "rows" if pairs[0][1].ndim > 1 else "numbers"), (1, "columns")):
        if any(b.ndim <= axis for _, b in pairs):
            continue
        if all(_close(a, np.flip(b, axis)) for a, b in pairs):
            return f"The {word} are right, but from the last to the first."
        shifts = [_shift(a, b, axis) for a, b in pairs]
        if all(shifts) and len(set(shifts)) == 1:
            return f"The {word} are right, but {shifts[0]} place{'s' * (shifts[0] > 1)} too far on."
        if axis == 0 and all(b.ndim == 1 and _close(a, np.sort(b)) for a, b in pairs):
            return "The numbers are right, but sorted."
        if all(_permuted(a, b, axis) for a, b in pairs):
            return f"The {word} are right, but in another order."
    return ""


def _shift(a: np.ndarray, b: np.ndarray, axis: int) -> int:
    found = (k for k in range(1, min(b.shape[axis], 64)) if _close(a, np.roll(b, k, axis)))
    return next(found, 0)


def _permuted(a: np.ndarray, b: np.ndarray, axis: int) -> bool:
    a, b = (np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1) for x in (a, b))
    if len(b) > 200 or len(b) < 2:
        return False
    left = list(range(len(b)))
    for row in a:
        match = next((i for i in left if _close(row, b[i])), None)
        if match is None:
            return False
        left.remove(match)
    return True


# ---- right but for some places


def _places(pairs: list, failing: list) -> str:
    cases = [one.case for one in failing]  # what is called right here must be right for the check, too
    wrong = [~np.isclose(a, b, case.rtol, case.atol) for (a, b), case in zip(pairs, cases, strict=True)]
    if any(not mask.any() or mask.all() or mask.ndim == 0 for mask in wrong):
        return ""
    for words, where in PLACES:
        with_places = [where(mask, b) for mask, (_, b) in zip(wrong, pairs, strict=True)]
        if all(
            region is not None and region.any() and not (m & ~region).any()
            for region, m in zip(with_places, wrong, strict=True)
        ):
            return words
    if all(mask.sum() == 1 for mask in wrong):
        return "All numbers are right but one."
    return ""


def _first(axis: int, from_end: bool = False) -> Callable:
    def region(mask: np.ndarray, b: np.ndarray) -> np.ndarray | None:
        if mask.ndim <= axis or mask.shape[axis] < 2:
            return None
        out = np.zeros_like(mask)
        out[(slice(None),) * axis + (-1 if from_end else 0,)] = True
        return out

    return region


def _half(second: bool) -> Callable:
    def region(mask: np.ndarray, b: np.ndarray) -> np.ndarray | None:
        half = mask.shape[0] // 2
        if half < 2:
            return None
        out = np.zeros_like(mask)
        out[slice(half, None) if second else slice(None, half)] = True
        return out

    return region


def _diagonal(mask: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    return np.eye(len(mask), dtype=bool) if mask.ndim == 2 and mask.shape[0] == mask.shape[1] else None


def _signed(b: np.ndarray, region: np.ndarray) -> np.ndarray | None:
    """The region, where both signs are common: with few of one sign (or in class numbers) it says nothing."""
    return region if min((b < 0).mean(), (b > 0).mean()) > 0.1 else None


PLACES = (
    ("All numbers are right but those on the diagonal.", _diagonal),
    ("All numbers are right but the first.", lambda m, b: _first(0)(m, b) if m.ndim == 1 else None),
    ("All numbers are right but the last.", lambda m, b: _first(0, True)(m, b) if m.ndim == 1 else None),
    ("All rows are right but the first.", _first(0)),
    ("All rows are right but the last.", _first(0, from_end=True)),
    ("All columns are right but the first.", _first(1)),
    ("All columns are right but the last.", _first(1, from_end=True)),
    ("The first half is right, the second is not.", _half(second=True)),
    ("The second half is right, the first is not.", _half(second=False)),
    ("The numbers are wrong where they should be below 0, and right elsewhere.", lambda m, b: _signed(b, b < 0)),
    ("The numbers are wrong where they should be above 0, and right elsewhere.", lambda m, b: _signed(b, b > 0)),
    ("The numbers are wrong where they should be 0, and right elsewhere.", lambda m, b: b == 0),
)
