"""Where classes have unequal numbers of images: an accuracy that counts classes alike, and that of no look at all."""

from torch import Tensor

from .. import inputs


def balanced_accuracy(predictions: Tensor, labels: Tensor) -> float:
    """The mean over classes of the share of its images that are named rightly, in [0, 1].

    Every class of `labels` counts alike, however few images it has: always saying one class gives 1/classes. With as
    many images of each class it is the usual accuracy.

    Args:
        predictions: integers `[Q]`; −1, or a class that no label is, is wrong.
        labels: integers `[Q]`.

    Raises:
        TypeError, ValueError: a shape, no image, or an unknown label, by name.

    Source: Brodersen et al. 2010, *The balanced accuracy and its posterior distribution* (ICPR).
    """
    classes, target, right = _compared(predictions, labels)
    images = target.bincount(minlength=len(classes)).double()
    return (target[right].bincount(minlength=len(classes)) / images).mean().item()


def majority_baseline(train_labels: Tensor, test_labels: Tensor) -> float:
    """The accuracy on the test split of always saying the most frequent training class: no image is looked at.

    Where several are equally frequent it is the one that most test images have. An accuracy that is not above it says
    nothing of the features, however high it is.

    Args:
        train_labels, test_labels: integers `[N]` and `[Q]`.

    Raises:
        TypeError, ValueError: a shape, no image, or an unknown label, by name.
    """
    train = inputs.labels("train_labels", inputs.tensor("train_labels", train_labels, "[N]"), len(train_labels))
    test = inputs.labels(
        "test_labels", inputs.tensor("test_labels", test_labels, "[Q]"), len(test_labels), train.device
    )
    classes, counts = train.unique(return_counts=True)
    return max((test == one).double().mean().item() for one in classes[counts == counts.max()])


def _compared(predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The classes, the place of each label among them, and whether it was predicted."""
    target = inputs.labels("labels", inputs.tensor("labels", labels, "[Q]"), len(labels))
    said = inputs.tensor("predictions", predictions, "[Q]")
    if said.shape != target.shape or said.is_floating_point():
        raise ValueError(
            f"predictions must be integers of shape {list(target.shape)}, got {said.dtype} {list(said.shape)}"
        )
    classes, place = target.unique(return_inverse=True)
    return classes, place, said.to(target.device) == target
