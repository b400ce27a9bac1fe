"""What a setting may be: its type and its range, written beside the field and checked in one place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; an `open` end is itself left out."""

    low: float = -math.inf
    high: float = math.inf
    open: str = ""  # "low", "high" or both

    def __contains__(self, value: float) -> bool:
        above = value > self.low if "low" in self.open else value >= self.low
        below = value < self.high if "high" in self.open else value <= self.high
        return above and below

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"{'above' if 'low' in self.open else 'at least'} {self.low:g}"
        return (
            f"in {'(' if 'low' in self.open else '['}{self.low:g}, {self.high:g}{')' if 'high' in self.open else ']'}"
        )


Count = Annotated[int, Range(1, 10**9)]
Size = Annotated[int, Range(1, 65_536)]  # of a layer: what is larger is a slip, and would take all memory
Natural = Annotated[int, Range(0, 10**9)]
Positive = Annotated[float, Range(0, open="low")]
NotNegative = Annotated[float, Range(0)]
Probability = Annotated[float, Range(0, 1)]
Share = Annotated[float, Range(0, 1, open="low")]
CropScale = tuple[Share, Share]


def check_settings(config_class: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in the types that the fields of `config_class` have: a NumPy integer as int, a list as tuple.

    Raises:
        TypeError: a value of another type; the message names the field, what came and what was expected.
        ValueError: a value out of the field's range.
    """
    hints = get_type_hints(config_class, include_extras=True)
    checked = {name: _checked(name, value, hints[name]) for name, value in values.items()}
    scale = checked.get("crop_scale")
    if scale is not None and scale[0] > scale[1]:
        raise ValueError(f"crop_scale must be (low, high) with low ≤ high, got {values['crop_scale']}")
    return checked


def _checked(name: str, value: Any, hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        number, allowed = _checked(name, value, arguments[0]), arguments[1]
        if number not in allowed:
            raise ValueError(f"{name} must be {allowed}, got {value!r}")
        return number
    if origin in (Union, UnionType):  # X | None
        return None if value is None else _checked(name, value, next(a for a in arguments if a is not NoneType))
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise ValueError(f"{name} must be one of {', '.join(arguments)}, got {value!r}")
        return str(value)
    if origin is tuple:
        return _checked_tuple(name, value, arguments)
    if hint is bool or hint is str:
        if not isinstance(value, hint):
            raise TypeError(f"{name} must be {'true or false' if hint is bool else 'a text'}, got {value!r}")
        return value
    kind, wanted = (Integral, "a whole number") if hint is int else (Real, "a number")
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} must be {wanted}, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return hint(value)


def _checked_tuple(name: str, value: Any, arguments: tuple) -> tuple:
    if not isinstance(value, tuple | list):
        raise TypeError(f"{name} must be a tuple of numbers, got {value!r}")
    if arguments[-1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(value) != len(arguments):
        raise ValueError(f"{name} must be {len(arguments)} numbers, got {value!r}")
    return tuple(_checked(name, part, hint) for part, hint in zip(value, arguments, strict=True))
