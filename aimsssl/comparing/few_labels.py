"""What a start is worth when labels are few: the whole network trained on them, beside a linear probe."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import ClassVar

import torch
from torch import Tensor, nn

from ..datasets import ImageSet
from ..evaluation import balanced_accuracy, finetune, linear_probe
from ..models import extract
from .measures import interval

SCRATCH = "from scratch"
USUAL = (1, 10, 100)  # labels of each class, as far as there are so many


@dataclass
class FewLabels:
    """A row of the table: one way to use so many labels of each class, a value for each draw of the labels."""

    TITLES: ClassVar[str] = (
        f"{'labels a class':>14}  {'':<34}{'accuracy':>9}{'lowest':>9}{'highest':>9}{'balanced':>10}"
    )
    curve: str
    labels_per_class: int
    accuracy: list[float] = field(default_factory=list)
    balanced: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        ends = f"{min(self.accuracy):>9.3f}{max(self.accuracy):>9.3f}"
        line = f"{self.labels_per_class:>14}  {self.curve:<34}{mean(self.accuracy):>9.3f}{ends}"
        return f"{line}{mean(self.balanced):>10.3f}"

    def summary(self, test_images: int) -> dict:
        """The row for a JSON file, with the interval of `rebuild_interval`."""
        ends = interval([{"accuracy": value} for value in self.accuracy], "accuracy", test_images)
        return vars(self) | {"mean": mean(self.accuracy), "interval": ends}


def few_labels(
    method: str,
    trained: nn.Module,
    untrained: nn.Module,
    sets: tuple[ImageSet, ImageSet],
    labels_per_class: Sequence[int] = (),
    *,
    seeds: int = 3,
    epochs: int = 60,
) -> Iterator[FewLabels]:
    """Rows as soon as they are there: for each number of labels, fine-tuning and a probe, each from both encoders.

    A seed draws the labelled images, the same for all four, and the new layers. Epochs are fixed beforehand; the test
    images are read once for each value.

    Args:
        method: name of the training behind `trained`, for the rows.
        trained, untrained: encoders of one architecture; they stay as they are.
        sets: labelled images and test images.
        labels_per_class: labelled images of each class; `USUAL`, as far as each class has so many, where none is named.
        seeds: draws of the labels.
        epochs: of fine-tuning, see `aimsssl.evaluation.finetune`.

    Raises:
        ValueError: a class has fewer labelled images, or a number is below 1.
    """
    train, test = sets
    for name, value in (("seeds", seeds), ("epochs", epochs)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    fewest = int(train.labels.unique(return_counts=True)[1].min())
    labels_per_class = labels_per_class or [count for count in USUAL if count <= fewest]
    draws = {count: [draw(train, count, seed) for seed in range(seeds)] for count in labels_per_class}  # all checks
    curves = {
        SCRATCH: (untrained, True),
        f"fine-tuned from {method}": (trained, True),
        "linear probe on random weights": (untrained, False),
        f"linear probe on {method}": (trained, False),
    }
    features = {id(encoder): (extract(encoder, train.images), extract(encoder, test.images))
                for encoder in (trained, untrained)}  # fmt: skip
    for count, drawn in draws.items():
        for curve, (encoder, whole) in curves.items():
            row = FewLabels(curve, count)
            for seed, index in enumerate(drawn):
                if whole:
                    few, parts = train[index], (test.images, test.labels)
                    result = finetune(encoder, few.images, few.labels, *parts, epochs=epochs, seed=seed)
                else:
                    h, h_test = features[id(encoder)]
                    result = linear_probe(h[index], train.labels[index], h_test, test.labels, seed=seed)
                row.accuracy.append(result.accuracy)
                row.balanced.append(balanced_accuracy(result.predictions, test.labels))
            yield row


def draw(images: ImageSet, count: int, seed: int) -> Tensor:
    """Positions `[count · classes]` of `count` random images of each class that has any.

    Raises:
        ValueError: a class has fewer, or count is below 1.
    """
    if count < 1:
        raise ValueError(f"labels_per_class must be at least 1, got {count}")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    chosen = []
    for label in images.labels.unique().tolist():
        of_class = order[images.labels[order] == label]
        if len(of_class) < count:
            name = images.classes[label]
            raise ValueError(f"labels_per_class is {count}, but {images.name} has {len(of_class)} images of {name!r}")
        chosen.append(of_class[:count])
    return torch.cat(chosen)
