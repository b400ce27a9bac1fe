"""Is a score to be believed? What can be wrong with a representation or a split, looked for in the features alone."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import inputs
from .geometry import effective_rank
from .knn import knn_accuracy, nearest_neighbours

COLLAPSED = "collapsed"
DIMENSIONS = "dimensionally collapsed"
LEAK = "labels leaked into features"
DUPLICATES = "test images in the training split"

LEAST = 20  # training features that can be judged
SAMPLE = 4000  # rows of a split that are looked at where all of them tell nothing more


@dataclass(frozen=True)
class Finding:
    """A fault, by name, and what was seen of it."""

    fault: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.evidence}"


@torch.no_grad()
def diagnose(
    train_features: Tensor,
    train_labels: Tensor,
    test_features: Tensor,
    test_labels: Tensor,
    *,
    train_images: Tensor | None = None,
    test_images: Tensor | None = None,
) -> list[Finding]:
    """The faults that can be seen; an empty list where none is.

    - *collapsed*: the features of different images are nearly the same. A large common mean alone, as h has behind a
      ReLU, is no fault.
    - *dimensionally collapsed*: a few directions hold all that differs between images, and the classes are not what
      makes them few, as they are after long training with labels.
    - *labels leaked into features*: a few columns know the class better than all others together, or one column better
      than every other column by far, which no encoder learns; or a linear map gives the class without any error; or
      training features know classes that test features do not.
    - *test images in the training split*: test features lie far closer to a training feature than training features lie
      to one another; with images also: the same or nearly the same pixels.

    What it cannot see: a noisy leak that is spread over all columns, or one in features that know the classes without
    it, for that is what good features look like; and, without images, copies of fewer than 1 in 200 test images, or
    copies that an augmentation has changed.

    Args:
        train_features, test_features: `[N, D]` and `[Q, D]`.
        train_labels, test_labels: integers `[N]` and `[Q]`.
        train_images, test_images: `[N, …]` and `[Q, …]`, both or none.

    Raises:
        ValueError: a shape, an unknown label, a NaN, fewer than two classes or 20 training features, by name.
    """
    train_features, test_features = (
        x.cpu() for x in inputs.features(train_features=train_features, test_features=test_features)
    )
    train_labels = inputs.labels("train_labels", train_labels, len(train_features), "cpu")
    test_labels = inputs.labels("test_labels", test_labels, len(test_features), "cpu")
    if len(train_features) < LEAST or len(train_labels.unique()) < 2:
        raise ValueError(
            f"diagnose needs at least {LEAST} training features of at least two classes, got "
            f"{len(train_features)} of {len(train_labels.unique())}"
        )
    if (train_images is None) != (test_images is None):
        raise ValueError("train_images and test_images must be given both or not at all")
    if train_images is not None:
        train_images = _images_of("train_images", train_images, train_features)
        test_images = _images_of("test_images", test_images, test_features)
    names = torch.cat([train_labels, test_labels]).unique(return_inverse=True)[1]  # classes counted from 0
    train_labels, test_labels = names.split([len(train_labels), len(test_labels)])

    order = torch.randperm(len(train_features), generator=torch.Generator().manual_seed(0))[:SAMPLE]
    x, y = train_features[order].float(), train_labels[order]
    leak, columns = _leaked_labels(x, y, test_features.float(), test_labels)
    others = torch.ones(x.shape[1], dtype=torch.bool)
    others[columns] = False  # a leaked column must not hide what the others lack
    copies = _copies(train_features.float(), test_features.float(), "features")
    if train_images is not None:
        copies += _same_pixels(train_images, test_images)
    found = [_collapse(x[:, others]), _few_directions(x[:, others], y), leak]
    found.append(Finding(DUPLICATES, "; ".join(copies)) if copies else None)
    return [finding for finding in found if finding]


def _images_of(name: str, images: Tensor, features: Tensor) -> Tensor:
    """The images, finite, on the CPU, one a feature."""
    images = inputs.tensor(name, images).cpu()
    if images.ndim < 2 or len(images) != len(features):
        raise ValueError(f"{name} must be as many as the features, {len(features)}, got shape {list(images.shape)}")
    inputs.floats(name, images[:1] if images.dtype == torch.uint8 else images)
    return images


# --- collapse -------------------------------------------------------------------------------------------------------


def _collapse(x: Tensor) -> Finding | None:
    """Whether half of the features are within 3 % of the mean, by length. Random weights are at 20 % and more."""
    share, cosine = _spread(x), F.normalize(x.double(), dim=1).mean(dim=0).square().sum().item()
    if share > 0.03:
        return None
    return Finding(
        COLLAPSED,
        f"half of the features differ from their mean by at most {100 * share:.2g} % of their length; "
        f"two random images have a mean cosine of {cosine:.5f}",
    )


def _spread(x: Tensor) -> float:
    """Median distance from the mean, in lengths of a feature; the median, for a few outliers do not undo a collapse."""
    x = x.double()
    size = x.square().sum(dim=1).mean().sqrt().item()
    return (x - x.mean(dim=0)).norm(dim=1).median().item() / size if size else 0.0


def _few_directions(x: Tensor, y: Tensor) -> Finding | None:
    """Whether the effective rank is below a tenth of what it could be, and below 20."""
    if _spread(x) < 1e-5:  # all that is left is rounding
        return None
    x = (x.double() - x.double().mean(dim=0)).float()  # a large mean would cost digits
    most = min(len(x) - 1, x.shape[1])
    rank, classes = effective_rank(x), len(y.unique())
    between = _between_share(x, y)
    if rank >= min(0.1 * most, 20) or (between > 0.5 and rank > 0.8 * (classes - 1)):
        return None
    return Finding(
        DIMENSIONS,
        f"the centred features have an effective rank of {rank:.1f} where {most} is possible; "
        f"class means hold {100 * between:.0f} % of the variance",
    )


def _between(x: Tensor, y: Tensor) -> Tensor:
    """Sum of squares of the class means, by column, of centred `x`: `[D]`."""
    target = F.one_hot(y).to(x.dtype)
    means = target.T @ x / target.sum(dim=0).clamp(min=1)[:, None]
    return (target @ means).square().sum(dim=0)


def _between_share(x: Tensor, y: Tensor) -> float:
    """Share of the variance that the class means hold."""
    x = x - x.mean(dim=0)
    return (_between(x, y).sum() / x.square().sum().clamp(min=1e-30)).item()


# --- leaked labels --------------------------------------------------------------------------------------------------


def _leaked_labels(x: Tensor, y: Tensor, x_test: Tensor, y_test: Tensor) -> tuple[Finding | None, Tensor]:
    """The finding, and which columns hold the leak, if a few do.

    One half of the training features teaches, the other is asked.
    """
    half = len(x) // 2
    std, mean = torch.std_mean(x, dim=0)
    z, z_test = ((f - mean) / std.clamp(min=1e-6 * std.max().clamp(min=1e-12)) for f in (x, x_test))
    d, classes, none = x.shape[1], len(y.unique()), torch.tensor([], dtype=torch.long)
    order = _between(z[:half] - z[:half].mean(dim=0), y[:half]).argsort(descending=True)

    def named_by(columns: Tensor, how=_knn) -> float:
        """Share of the held-out half that these columns name rightly."""
        return how(z[:half, columns], y[:half], z[half:, columns], y[half:])

    for few in sorted({1, 2, 4, classes}):
        if few > d // 4:
            break
        top, rest = order[:few], order[few:]
        known = named_by(top)
        if known < 0.9:
            continue
        name = f"column {top.item()} alone gives" if few == 1 else f"{few} of {d} columns alone give"
        seen = f"{name} the class of {100 * known:.1f} % of held-out training images"
        of_test = _where(known, _knn(z[:, top], y, z_test[:, top], y_test), classes)
        without = named_by(rest, _best)
        wrong, wrong_without = (1 - known) * (len(x) - half), (1 - without) * (len(x) - half)
        if wrong < wrong_without / 3 and wrong_without - wrong > 4 * (wrong + wrong_without) ** 0.5:
            seen += f", all other columns together that of {100 * without:.1f} %"
            return Finding(LEAK, f"{seen}; {of_test}"), top
        other = max(named_by(column) for column in rest[:3, None])
        if few == 1 and other < known - 0.3:
            return Finding(LEAK, f"{seen}, the next best column that of {100 * other:.1f} %; {of_test}"), top
    fit = _r2(z[:half], y[:half], z[half:], y[half:])
    # long training with labels may come near to no error; then class means hold nearly all of the variance
    if fit > (0.999 if _between_share(x, y) < 0.8 else 0.99999):
        of_test = _ridge(z, y, z_test).argmax(dim=1).eq(y_test).float().mean().item()
        error = f"{100 * (1 - fit):.2g} % of the variance as error, less than images allow"
        seen = f"a linear map gives the class of held-out training images with {error}"
        return Finding(LEAK, f"{seen}; {_where(1.0, of_test, classes)}"), none
    known, of_test = _best(z[:half], y[:half], z[half:], y[half:]), _best(z, y, z_test, y_test)
    if known >= 0.9 and of_test < (known + 1 / classes) / 2:
        seen = f"training features give the class of {100 * known:.1f} % of held-out training images"
        return Finding(LEAK, f"{seen}; {_where(known, of_test, classes)}"), none
    return None, none


def _where(of_train: float, of_test: float, classes: int) -> str:
    """In both splits, or in training features only."""
    if of_test < (of_train + 1 / classes) / 2:
        return f"of test images {100 * of_test:.1f} %: only the training features know the labels"
    return f"of test images {100 * of_test:.1f} %"


def _knn(x: Tensor, y: Tensor, x_new: Tensor, y_new: Tensor) -> float:
    """Share that the 5 nearest by Euclidean distance name rightly: a single column has no angles."""
    nearest = torch.cdist(x_new, x).topk(min(5, len(x)), largest=False).indices
    return y[nearest].mode(dim=1).values.eq(y_new).float().mean().item()


def _best(x: Tensor, y: Tensor, x_new: Tensor, y_new: Tensor) -> float:
    """Share that the better of kNN and a linear map names rightly."""
    linear = _ridge(x, y, x_new, strength=0.1).argmax(dim=1).eq(y_new).float().mean().item()
    return max(linear, knn_accuracy(x, y, x_new, y_new, k=min(10, len(x))))


def _ridge(x: Tensor, y: Tensor, x_new: Tensor, strength: float = 1e-7) -> Tensor:
    """Least squares of one-hot labels, `[Q, C]`, in the smaller of the two spaces."""
    x, target = x.double(), F.one_hot(y).double()
    mean, prior = x.mean(dim=0), target.mean(dim=0)
    x, target = x - mean, target - prior
    penalty = max(strength * x.square().sum().item() / min(x.shape), 1e-12)
    if x.shape[1] <= len(x):
        weight = torch.linalg.solve(x.T @ x + penalty * torch.eye(x.shape[1], dtype=x.dtype), x.T @ target)
    else:
        weight = x.T @ torch.linalg.solve(x @ x.T + penalty * torch.eye(len(x), dtype=x.dtype), target)
    return (x_new.double() - mean) @ weight + prior


def _r2(x: Tensor, y: Tensor, x_new: Tensor, y_new: Tensor) -> float:
    """Share of the variance of new one-hot labels that a linear map explains."""
    classes = int(torch.cat([y, y_new]).max()) + 1  # with few images a class may be missing from one half
    predicted = _ridge(x, y, x_new)
    predicted = F.pad(predicted, (0, classes - predicted.shape[1]))
    target = F.one_hot(y_new, classes).double()
    return 1 - ((predicted - target).square().sum() / (target - target.mean(dim=0)).square().sum()).item()


# --- test images among the training images --------------------------------------------------------------------------


def _copies(train: Tensor, test: Tensor, what: str) -> list[str]:
    """A sentence where at least 1 in 200 test rows have a far nearer training row than training rows have.

    Far nearer: a tenth of the usual distance. Distances are those of unit rows, seen from the mean.
    """
    mean = train.double().mean(dim=0)
    train, test = ((rows.double() - mean).float() for rows in (train, test))
    picked = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))[: SAMPLE // 2]
    among = _distance(nearest_neighbours(train, train[picked], 2)[0][:, 1])  # the first is the row itself
    across = _distance(nearest_neighbours(train, test, 1)[0][:, 0])
    usual = among.median().item()
    if usual < 1e-5:  # nothing differs
        return []
    near, near_among = (across < usual / 10).float().mean().item(), (among < usual / 10).float().mean().item()
    if near * len(test) < max(3, len(test) / 200) or near < 5 * near_among:
        return []
    return [
        f"{near * len(test):.0f} of {len(test)} test {what} lie within a tenth of the usual distance of a training "
        f"one ({100 * near:.1f} %; of training {what} {100 * near_among:.1f} % lie that near to another)"
    ]


def _distance(cosine: Tensor) -> Tensor:
    return (2 - 2 * cosine).clamp(min=0).sqrt()


def _same_pixels(train: Tensor, test: Tensor) -> list[str]:
    """A sentence on images with exactly the same values, and one on nearly the same."""
    train, test = train.flatten(1).contiguous(), test.flatten(1).contiguous()
    seen = {row.numpy().tobytes() for row in train}
    same = sum(row.numpy().tobytes() in seen for row in test)
    exact = [f"{same} of {len(test)} test images are training images, pixel by pixel"] if same else []
    return exact + _copies(train.float(), test.float(), "images")
