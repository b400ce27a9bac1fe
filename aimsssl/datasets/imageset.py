"""`ImageSet`: images, labels and factors as plain tensors in memory, all that the rest of the package reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional

MAX_SIDE = 4096  # pixels


@dataclass(eq=False, repr=False)
class ImageSet:
    """A set of images of one size, held in memory.

    Attributes:
        name: where the images come from, for example `"shapes/train"`.
        images: uint8 `[N, C, H, W]`, 0 to 255, C = 1 or 3.
        labels: int64 `[N]`, indices into `classes`; -1 where the label is unknown.
        classes: the names of the classes, in the order of the labels; empty where no label is known.
        factors: what else is known of every image, name → tensor `[N]` (int64 for discrete factors, float32 for
            continuous ones). Only `shapes` has any.
        sources: the file of each image, relative to the folder that `name` names; empty where images are no files.
        report: what was taken for what when a folder was loaded, several lines to print; else empty.

    Raises:
        TypeError: where images, labels or a factor is no tensor.
        ValueError: where a dtype, a shape, a label or the number of sources is not as above.
    """

    name: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...] = ()
    factors: dict[str, Tensor] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    report: str = ""

    def __post_init__(self) -> None:
        self.classes, self.sources = tuple(self.classes), tuple(self.sources)
        named = {"images": self.images, "labels": self.labels}
        named |= {f"factors[{name!r}]": values for name, values in self.factors.items()}
        for argument, values in named.items():
            if not isinstance(values, Tensor):
                raise TypeError(f"{argument} is a {type(values).__name__}, expected a torch.Tensor")
        if self.images.dtype != torch.uint8 or self.images.ndim != 4 or self.images.shape[1] not in (1, 3):
            raise ValueError(f"images is {_describe(self.images)}, expected uint8 [N, C, H, W] with C = 1 or 3")
        n = len(self.images)
        if self.labels.dtype != torch.int64 or self.labels.shape != (n,):
            raise ValueError(f"labels is {_describe(self.labels)}, expected int64 [{n}], one for each image")
        if n and not -1 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise ValueError(
                f"labels runs from {self.labels.min()} to {self.labels.max()}, expected -1 (unknown) to "
                f"{len(self.classes) - 1}, since classes has {len(self.classes)} names"
            )
        for argument, values in named.items():
            if values.shape[:1] != (n,) or (argument.startswith("factors") and values.ndim != 1):
                raise ValueError(f"{argument} is {_describe(values)}, expected [{n}], one value for each image")
        if self.sources and len(self.sources) != n:
            raise ValueError(f"sources has {len(self.sources)} names, expected none or {n}, one for each image")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Tensor | slice | list[int]) -> ImageSet:
        """The subset at `index`: a slice, a list of positions, or a tensor of positions (int64) or choices (bool)."""
        if isinstance(index, list):
            index = torch.tensor(index, dtype=torch.bool if index and isinstance(index[0], bool) else torch.int64)
        if not isinstance(index, (slice, Tensor)) or (isinstance(index, Tensor) and index.ndim != 1):
            came = _describe(index) if isinstance(index, Tensor) else f"a {type(index).__name__}"
            raise TypeError(f"index is {came}, expected a slice, a list or a 1-d tensor (data[3:4] for one image)")
        factors = {name: values[index] for name, values in self.factors.items()}
        sources = self.sources
        if sources:
            sources = tuple(sources[i] for i in torch.arange(len(self))[index].tolist())
        return ImageSet(self.name, self.images[index], self.labels[index], self.classes, factors, sources, self.report)

    def __repr__(self) -> str:
        n, c, h, w = self.images.shape
        return f"ImageSet({self.name!r}, {n:,} images {c}x{h}x{w}, {len(self.classes)} classes)"

    def sample(self, n: int, seed: int = 0) -> ImageSet:
        """A random subset of `n` images, drawn with `seed`, with as many of each class as there are to be had."""
        return self[balanced_sample(self.labels, n, seed)]

    def resized(self, side: int) -> ImageSet:
        """The same images at `side` x `side` pixels (bicubic, with antialiasing), the central square of each.

        Raises:
            ValueError: `side` is not a whole number from 1 to 4096.
        """
        if type(side) is not int or not 1 <= side <= MAX_SIDE:
            raise ValueError(f"side is {side!r}, expected a whole number of pixels from 1 to {MAX_SIDE}")
        n, c, h, w = self.images.shape
        if h == w == side:
            return self
        images = torch.empty(n, c, side, side, dtype=torch.uint8)
        edge = min(h, w)
        top, left = (h - edge) // 2, (w - edge) // 2
        square = self.images[:, :, top : top + edge, left : left + edge]
        for start in range(0, n, 500):  # as floats the whole would take four times the memory
            part = square[start : start + 500].float()
            part = functional.interpolate(part, (side, side), mode="bicubic", antialias=True)
            images[start : start + 500] = part.round_().clamp_(0, 255)
        return replace(self, images=images)

    def split(self, n: int, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """Hold out `n` images, drawn with `seed`: `(rest, held_out)`, disjoint, together the whole set.

        The held-out images have the same number of each class as far as the classes go round, except that no class
        gives more than half of its images before every class has given half: the rest keeps all the classes.

        Raises:
            ValueError: where `n` is not from 0 to the size of the set.
        """
        held_out = balanced_sample(self.labels, n, seed, keep_half=True)
        chosen = torch.zeros(len(self), dtype=torch.bool)
        chosen[held_out] = True
        return self[~chosen], self[held_out]


def balanced_sample(labels: Tensor, n: int, seed: int = 0, *, keep_half: bool = False) -> Tensor:
    """Indices `[n]` of a random sample with equal numbers of each label, as far as there are enough of each.

    Args:
        labels: int64 `[N]`. Images without a label (-1) count as one more class.
        n: how many to draw, without replacement.
        seed: of the draw; the sample for a smaller `n` is the start of that for a larger one.
        keep_half: take more than half of a class only when half of every class has been taken.

    Raises:
        ValueError: where `n` is not a whole number from 0 to N.
    """
    total = len(labels)
    if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= total:
        raise ValueError(f"n is {n!r}, expected a whole number from 0 to {total}, the number of images")
    shuffled = torch.randperm(total, generator=torch.Generator().manual_seed(seed))
    order = shuffled[labels[shuffled].argsort(stable=True)]  # classes one after the other, each shuffled
    counts = labels.unique(return_counts=True)[1]
    count = counts.repeat_interleave(counts)
    rank = torch.arange(total) - (counts.cumsum(0) - counts).repeat_interleave(counts)  # place within the class
    if keep_half:
        rank = rank + total * (rank >= (count + 1) // 2)
    position = torch.empty_like(shuffled)
    position[shuffled] = torch.arange(total)
    return order[(rank * total + position[order]).argsort()][:n]  # round after round over the classes


def _describe(values: Tensor) -> str:
    return f"{str(values.dtype).removeprefix('torch.')} {list(values.shape)}"
