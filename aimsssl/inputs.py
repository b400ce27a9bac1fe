"""What a caller gave, made fit for use, or refused in one sentence that names it."""

import math
import operator
from collections.abc import Sequence

import torch
from torch import Tensor

FAR = 2.0**40  # beyond this factor from 1, squares and products of float32 may leave its range


def tensor(name: str, value: object, shape: str | None = None) -> Tensor:
    """`value`, a tensor, an array or a list of numbers, as a tensor without a gradient.

    Raises:
        TypeError: it is none of these, or complex.
        ValueError: it has not as many dimensions as `shape`, such as "[N, D]", or none of a length that must not be 0.
    """
    try:
        x = (value if isinstance(value, Tensor) else torch.as_tensor(value)).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} must be a tensor or an array of numbers, got {_shown(value)}") from error
    if x.is_complex():
        raise TypeError(f"{name} must be real, got {x.dtype}")
    if shape is not None and (x.ndim != shape.count(",") + 1 or x.numel() == 0):
        raise ValueError(f"{name} must have shape {shape}, not empty, got {list(x.shape)}")
    return x


def floats(name: str, value: object, shape: str | None = None) -> Tensor:
    """A finite tensor, float64 where it came so and else float32.

    Raises:
        TypeError, ValueError: as for `tensor`, or an entry is infinite or NaN.
    """
    x = tensor(name, value, shape)
    x = x if x.dtype in (torch.float32, torch.float64) else x.float()
    if x.numel() and not all(end.isfinite() for end in x.aminmax()):  # NaN is both ends; no copy is made
        raise ValueError(f"{name} has infinite or NaN entries")
    return x


def pixels(name: str, value: object, channels: Sequence[int] = ()) -> None:
    """Raise unless `value` is a real tensor of images, uint8 or of a floating-point type, `[B, C, H, W]`.

    It looks at the kind only, not at the numbers: what augments every batch must be quick.
    """
    kind(name, value, Tensor)
    if value.ndim != 4 or 0 in value.shape[1:] or (channels and value.shape[1] not in channels):
        of = f" with C of {' or '.join(map(str, channels))}" if channels else ""
        raise ValueError(f"{name} must have shape [B, C, H, W]{of}, got {list(value.shape)}")
    if value.dtype != torch.uint8 and not value.is_floating_point():
        raise TypeError(f"{name} must be uint8 or floating-point, got {value.dtype}")


def features(**given: object) -> list[Tensor]:
    """Features by name, each `[N, D]`: finite, not empty, of one D, on the first one's device, without gradients.

    All measures ask for directions or proportions only. So where the largest number lies far from 1, all tensors are
    multiplied by one power of two, which rounds nothing: squares of 1e20 are beyond float32.

    Raises:
        TypeError, ValueError: see `floats`; or D differs.
    """
    found = {name: floats(name, x, "[N, D]") for name, x in given.items()}
    if len({x.shape[1] for x in found.values()}) > 1:
        told = ", ".join(f"{name} {x.shape[1]}" for name, x in found.items())
        raise ValueError(f"features must have one dimension, got {told}")
    first = next(iter(found.values()))
    found = [x.to(first.device) for x in found.values()]
    largest = max(max(-low.item(), high.item()) for low, high in (x.aminmax() for x in found))
    if largest == 0 or 1 / FAR < largest < FAR:
        return found
    exponent = math.frexp(largest)[1]
    return [(x.double() * 2.0**-exponent).to(x.dtype) for x in found]


def unit_rows(x: Tensor) -> Tensor:
    """Rows `[N, D]` of length 1, or 0 where all entries are 0, whatever their size: the lengths never overflow."""
    size = torch.linalg.vector_norm(x.detach(), math.inf, dim=1, keepdim=True)
    if x.device.type != "cpu":
        x = x / torch.where(size > 0, size, 1)  # asking for the lengths would wait for the device
    elif ((size > FAR) | ((size < 1 / FAR) & (size > 0))).any():  # else not a bit is changed
        exponent = torch.frexp(size).exponent
        x = torch.ldexp(torch.ldexp(x, -exponent // 2), -exponent - (-exponent // 2))  # 2^140 itself is no float32
    return torch.nn.functional.normalize(x, dim=1)


def images(name: str, value: object) -> Tensor:
    """Images as uint8 or a floating-point type `[N, C, H, W]`, not empty.

    Raises:
        TypeError: no tensor or array, or of another type.
        ValueError: another shape, or an entry is infinite or NaN.
    """
    x = tensor(name, value, "[N, C, H, W]")
    if x.dtype == torch.uint8:
        return x
    if not x.is_floating_point():
        raise TypeError(f"{name} must be uint8 or floating-point, got {x.dtype}")
    if x.device.type == "cpu":  # elsewhere it would wait for the device
        floats(name, x)
    return x


def labels(name: str, value: object, count: int, device: torch.device | str | None = None) -> Tensor:
    """Known labels as int64 `[count]`, from integers of any type.

    Raises:
        TypeError: no tensor or array.
        ValueError: another shape, not integers, or unknown labels (−1).
    """
    y = tensor(name, value)
    if y.shape != (count,) or y.is_floating_point():
        raise ValueError(f"{name} must be integers of shape [{count}], got {y.dtype} {list(y.shape)}")
    y = y.to(device or y.device, torch.int64)
    if (y < 0).any():
        raise ValueError(f"{name} has {int((y < 0).sum())} unknown labels (−1); this measure needs labels")
    return y


def count(name: str, value: object, least: int | None = 1, most: int | None = None, note: str = "") -> int:
    """A whole number from `least` to `most`, where these are given; `note` says in the message where that comes from.

    Raises:
        TypeError: no whole number (True and 2.0 are none).
        ValueError: out of range.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {_shown(value)}") from None
    if abs(number) >= 2**63:
        raise ValueError(f"{name} must be a whole number of 64 bits, got {number:.3g}")
    if (least is not None and number < least) or (most is not None and number > most):
        allowed = f"at least {least}" if most is None else f"in [{least}, {most}]"
        raise ValueError(f"{name} must be {allowed}{note}, got {number}")
    return number


def number(
    name: str, value: object, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf,
    below: float = math.inf,
) -> float:  # fmt: skip
    """A number that float32 can hold, above `above` or at least `least`, and below `below` or at most `most`.

    Raises:
        TypeError: no number.
        ValueError: NaN, infinite, or out of range.
    """
    try:
        if isinstance(value, (bool, str, bytes, bytearray)):
            raise TypeError
        x = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise TypeError(f"{name} must be a number, got {_shown(value)}") from None
    finite = abs(x) < 3.4e38
    if not (finite and above < x < below and least <= x <= most):
        low, high = max(above, least), min(below, most)
        if math.isinf(high):
            allowed = "a number" if math.isinf(low) else f"{'above' if above == low else 'at least'} {low:g}"
        else:
            allowed = f"in {'(' if above == low else '['}{low:g}, {high:g}{')' if below == high else ']'}"
        raise ValueError(f"{name} must be {allowed}{'' if finite else ', and finite in float32'}, got {_shown(value)}")
    return x


def numbers(name: str, value: object, **bounds: float) -> list[float]:
    """At least one number, each within `bounds` as for `number`.

    Raises:
        TypeError, ValueError: see `number`, or there is none.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, Tensor)):
        raise TypeError(f"{name} must be a list of numbers, got {_shown(value)}")
    if len(value) == 0:
        raise ValueError(f"{name} must hold at least one number")
    return [number(name, x, **bounds) for x in value]


def pair(name: str, value: object) -> tuple:
    """Two of something.

    Raises:
        TypeError: it is not two.
    """
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} must be two numbers, got {value!r:.60}")
    return tuple(value)


def share(value: object) -> tuple[int, int]:
    """`(r, W)`, part r of W equal parts, as `share`.

    Raises:
        TypeError, ValueError: not two whole numbers with 0 ≤ r < W.
    """
    r, whole = pair("share", value)
    whole = count("share", whole)
    return count("share", r, 0, whole - 1), whole


def choice(name: str, value: object, allowed: Sequence[str]) -> str:
    """One of the names that are allowed.

    Raises:
        ValueError: it is another.
    """
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {_shown(value)}")
    return value


def generator(seed: object, name: str = "seed") -> torch.Generator:
    """A generator of random numbers on the CPU.

    Raises:
        TypeError, ValueError: the seed is no whole number from 0 to 2⁶³ − 1.
    """
    return torch.Generator().manual_seed(count(name, seed, 0, 2**63 - 1))


def kind(name: str, value: object, wanted: type) -> None:
    """Raise TypeError unless `value` is a `wanted`."""
    if not isinstance(value, wanted):
        raise TypeError(f"{name} must be a {wanted.__module__.split('.')[0]} {wanted.__name__}, got {_shown(value)}")


def _shown(value: object) -> str:
    """The value in few words: numbers and short texts as they are, else the type."""
    text = repr(value) if isinstance(value, (int, float, str, type(None), bool)) else type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."
