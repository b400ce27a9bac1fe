"""Labelled images and test images that fit a run and each other, and have no image in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..augment import grayscale
from ..datasets import ImageSet
from ..evaluation.copies import Copies, find_copies

MOSTLY = 0.5  # from this share of copies on, a test says nothing and is refused


@dataclass(frozen=True)
class Sets:
    """What representations are measured on: one protocol for all rows of a table.

    Attributes:
        train: labelled images that classify the others.
        test: images that are classified, with the classes of `train`.
        notes: a sentence on each thing that a reader of the table has to know of them.
        copies: number of test images that are also labelled training images, or images that a run was trained on.
    """

    train: ImageSet
    test: ImageSet
    notes: tuple[str, ...] = ()
    copies: int = 0

    @property
    def pair(self) -> tuple[ImageSet, ImageSet]:
        """Labelled images and test images."""
        return self.train, self.test


def prepare(
    train: ImageSet,
    test: ImageSet,
    shape: tuple[int, int, int],
    trained_on: ImageSet | None = None,
    *,
    allow_copies: bool = False,
) -> Sets:
    """Both sets with the channels and the size of a run, known labels only, and one numbering of the classes.

    Args:
        train: labelled images, whose classes count.
        test: images of these classes, in any order, as far as there are any.
        shape: channels, height and width of the images that the encoder was trained on.
        trained_on: the images that the encoder was trained on, where they are not those of `train`.
        allow_copies: measure even where most test images are training images.

    Raises:
        ValueError: no image has a label, a class of the test images is unknown to training, or half of the test images
            and more are training images.
    """
    notes: list[str] = []
    train, test = (_labelled(images, notes) for images in (train, test))
    test = with_classes_of(train, test)
    train, test = (fitted(images, shape, notes) for images in (train, test))
    copies = torch.zeros(len(test), dtype=torch.bool)
    seen = {"labelled training images": train}
    if trained_on is not None:
        seen["images that the run was trained on"] = fitted(trained_on, shape, [])
    for what, images in seen.items():
        copies |= _look_for_copies(images, test, what, copies, notes, allow_copies)
    return Sets(train, test, tuple(notes), int(copies.sum()))


def fitted(images: ImageSet, shape: tuple[int, int, int], notes: list[str]) -> ImageSet:
    """The images with a run's channels and size `(C, H, W)`; what was changed is added to `notes`.

    Grey images get three equal channels, colours their luma, and another size is resized with antialiasing.
    """
    channels, *size = shape
    pixels, changes = images.images, []
    if pixels.shape[1] != channels:
        pixels = pixels.expand(-1, 3, -1, -1) if channels == 3 else grayscale(pixels.float()).round().to(torch.uint8)
        changes.append("given three equal channels" if channels == 3 else "turned grey")
    if list(pixels.shape[2:]) != size:
        changes.append(f"resized from {pixels.shape[2]}x{pixels.shape[3]} to {size[0]}x{size[1]}")
        resized = [
            F.interpolate(part.float(), size, mode="bicubic", antialias=True).round().clamp(0, 255).to(torch.uint8)
            for part in pixels.split(2000)
        ]
        pixels = torch.cat(resized) if resized else pixels.new_zeros(0, channels, *size)
    if changes:
        notes.append(f"the images of {images.name} were {' and '.join(changes)}, as the run was trained on")
    return replace(images, images=pixels.contiguous())


def joined(parts: Sequence[ImageSet]) -> ImageSet:
    """The images of several parts of one set as one; names and classes are those of the first."""
    first, *rest = parts
    if not rest:
        return first
    sources = tuple(source for part in parts for source in part.sources)
    images, labels = torch.cat([part.images for part in parts]), torch.cat([part.labels for part in parts])
    return replace(first, images=images, labels=labels, factors={}, sources=sources)


def with_classes_of(train: ImageSet, test: ImageSet) -> ImageSet:
    """The test set with the training classes: a class is known by its name, whatever its number.

    Raises:
        ValueError: test images have a class that no training image has.
    """
    known = {train.classes[label]: label for label in train.labels.unique().tolist() if label >= 0}
    unknown = [name for name in (test.classes[i] for i in test.labels.unique().tolist()) if name not in known]
    if unknown:
        raise ValueError(
            f"the classes differ: test images of {test.name} are {_listed(unknown)}, and no labelled training image "
            f"is; {train.name} has {_listed(known)}"
        )
    number = torch.tensor([known.get(name, -1) for name in test.classes] or [-1])
    return replace(test, labels=number[test.labels], classes=train.classes)


def shared_images(train: ImageSet, test: ImageSet, what: str = "training images") -> str | None:
    """A sentence on the test images that are also training images, None where there are none."""
    found = find_copies(train.images, test.images)
    return _told(found, found.any, train, test, what) if found.any.any() else None


def unequal(labels: Tensor) -> bool:
    """Whether the largest class has more than one and a half times as many images as the smallest."""
    counts = labels.unique(return_counts=True)[1]
    return bool(counts.max() > 1.5 * counts.min())


def _labelled(images: ImageSet, notes: list[str]) -> ImageSet:
    known = images.labels >= 0
    if not known.any():
        raise ValueError(f"no image of {images.name} has a label; name labelled ones with --train-data and --data")
    if known.all():
        return images
    notes.append(f"{int((~known).sum())} of {len(images)} images of {images.name} have no label and are left out")
    return images[known]


def _look_for_copies(
    train: ImageSet, test: ImageSet, what: str, known: Tensor, notes: list[str], allow: bool
) -> Tensor:  # fmt: skip
    """Which test images are copies, bool `[Q]`; those that are not `known` yet are told.

    Raises:
        ValueError: half of the test images or more are copies, these and the known ones.
    """
    found = find_copies(train.images, test.images)
    new = found.any & ~known
    if not new.any():
        return found.any
    told = _told(found, new, train, test, what)
    if (new | known).float().mean() >= MOSTLY and not allow:
        raise ValueError(
            f"{told}: a test on them says nothing of new images. Name other test images with --data, or measure all "
            "the same with --allow-copies"
        )
    notes.append(f"WARNING: {told}: what is measured on them says nothing of new images")
    return found.any


def _told(found: Copies, chosen: Tensor, train: ImageSet, test: ImageSet, what: str) -> str:
    exact, near = int((found.exact & chosen).sum()), int((found.near & chosen).sum())
    how = "pixel by pixel" if not near else "nearly, as in another file format or size"
    if exact and near:
        how = f"{exact} pixel by pixel, {near} {how}"
    one = int(chosen.nonzero()[0])
    example = f"one is {_file(test, one)}, which is {_file(train, int(found.source[one]))}"
    return f"{exact + near} of {len(test)} test images ({test.name}) are {what} ({train.name}), {how}; {example}"


def _file(images: ImageSet, index: int) -> str:
    return images.sources[index] if images.sources else f"image {index}"


def _listed(names: Iterable[str]) -> str:
    names = [repr(name) for name in names]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
