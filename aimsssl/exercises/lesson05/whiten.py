"""PCA, whitening, rows of length 1: what DeepCluster does to features before k-means (arXiv:1807.05520, §4.1)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl import clustering
from aimsssl.exercises.old_framework import Exercise, Wrong, call, expect, one_of

IMAGES, FEATURES, DIM = 60, 5, 3


def _features() -> Tensor:
    """Correlated, of very different sizes, and off the origin, as features of a network are: `[N, D]`."""
    mix = torch.linalg.qr(torch.randn(FEATURES, FEATURES))[0] * torch.tensor([4.0, 2.0, 1.0, 0.5, 0.25])[:, None]
    return torch.randn(IMAGES, FEATURES) @ mix + torch.tensor([3.0, 1.0, 2.0, 4.0, 0.5])


def _reference_pca_whiten(features: Tensor, dim: int) -> Tensor:
    """`aimsssl.clustering.pca_whiten`: `[N, D]` to unit rows `[N, dim]`."""
    return clustering.pca_whiten(features, dim)


def _with_signs_of(came: object, right: Tensor) -> object:
    """A principal direction has no sign: turn each column of `came` the way of `right`'s."""
    if not isinstance(came, Tensor) or came.shape != right.shape or not came.isfinite().all():
        return came
    signs = (came * right).sum(dim=0).sign()
    return came * torch.where(signs == 0, 1.0, signs).to(came.dtype)


def _pieces(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centred features `[N, D]`, principal directions as columns `[D, D]`, largest first, and deviations `[D]`."""
    x = features - features.mean(dim=0)
    variances, directions = torch.linalg.eigh(x.T @ x / len(x))
    return x, directions.flip(1), variances.clamp(min=0).sqrt().flip(0)


def _values(student: Callable) -> None:
    """Centred, turned, scaled, normalised: in this order, and each of them."""
    features = _features()
    right = _reference_pca_whiten(features, DIM)
    x, directions, std = _pieces(features)
    turned = x @ directions[:, :DIM]
    white = turned / std[:DIM]
    all_white = x @ directions / std

    def signed(*values: Tensor) -> Callable[[object], bool]:
        return one_of(*(_with_signs_of(value, right) for value in values), rtol=1e-3, atol=1e-3)

    _, directions_0, std_0 = _around_zero(features)
    _, directions_1, std_1 = _pieces(F.normalize(features, dim=1))
    rows_first = (F.normalize(features, dim=1) - F.normalize(features, dim=1).mean(dim=0)) @ directions_1
    expect(
        f"pca_whiten of {IMAGES} images with {FEATURES} features, dim {DIM} (signs of columns do not count)",
        _with_signs_of(call(student, features, DIM), right),
        right,
        likely={
            "whitening without centring": signed(
                F.normalize(features @ directions_0[:, :DIM] / std_0[:DIM], dim=1),
                features @ directions_0[:, :DIM] / std_0[:DIM],
            ),
            "centred for the directions only": signed(F.normalize(features @ directions[:, :DIM] / std[:DIM], dim=1)),
            "rows not of length 1": signed(white),
            "columns of length 1": signed(F.normalize(white, dim=0), F.normalize(turned, dim=0)),
            "not whitened": signed(F.normalize(turned, dim=1)),
            "variance for deviation": signed(F.normalize(turned / std[:DIM] ** 2, dim=1)),
            "multiplied, not divided": signed(
                F.normalize(turned * std[:DIM], dim=1), F.normalize(turned * std[:DIM] ** 2, dim=1)
            ),
            "the smallest directions": _same_angles(F.normalize(all_white[:, -DIM:], dim=1)),
            "cut after the length": signed(F.normalize(all_white, dim=1)[:, :DIM]),
            "length before whitening": signed((rows_first / std_1)[:, :DIM], F.normalize(rows_first / std_1)[:, :DIM]),
            "features scaled, not turned": signed(
                F.normalize(x[:, :DIM] / x[:, :DIM].std(dim=0), dim=1), F.normalize(x / x.std(dim=0), dim=1)[:, :DIM]
            ),
        },
        rtol=1e-3,
        atol=1e-3,
    )


def _around_zero(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """As `_pieces`, but of features that were never centred."""
    second, directions = torch.linalg.eigh(features.T @ features / len(features))
    return features, directions.flip(1), second.clamp(min=0).sqrt().flip(0)


def _same_angles(rows: Tensor) -> Callable[[object], bool]:
    """Whether what came has the same cosines between images: then only order and signs of its columns differ."""
    return lambda came: torch.allclose(came @ came.T, rows @ rows.T, atol=1e-3)


def _dead_features(student: Callable) -> None:
    """Two of five features never change, and a third follows another: three directions have no variance."""
    features = _features()
    features[:, 1], features[:, 3] = 2.0, 0.0
    features[:, 4] = features[:, 0]
    right = _reference_pca_whiten(features, FEATURES)
    came = call(student, features, FEATURES)
    where = "two features are constant and one is a copy of another, dim 5: only two directions have variance"
    if isinstance(came, Tensor) and came.shape == right.shape:
        if not came.isfinite().all():
            raise Wrong("a division by no variance", came, "finite numbers", where)
        lengths = came.float().square().sum(dim=0)  # [D]
        if (lengths[2:] > 0.05).any():
            raise Wrong(
                "noise made large", lengths, right.square().sum(dim=0), f"squared length of each column, where {where}"
            )
    expect(where, _with_signs_of(came, right), right, rtol=1e-3, atol=1e-2)


pca_whiten = Exercise(
    lesson="05",
    name="pca_whiten",
    title="Prepare features for k-means: PCA, whitening, rows of length 1.",
    difficulty="●●○",
    minutes=20,
    reference=_reference_pca_whiten,
    hints=(
        "Four steps, a line each: move the cloud to the origin, find the directions in which it is long, measure and "
        "scale it along the longest ones, make every row as long as 1. What must come before what?",
        "torch.linalg.eigh of the covariance matrix gives variances and directions, the smallest first, a direction a "
        "column. The square root of a variance is the standard deviation. What happens where it is 0?",
        "Subtract the mean of each column. The covariance is the transpose times itself, over N. Flip what eigh gives, "
        "keep dim directions, multiply the centred features with them, divide each column by its deviation (leave a "
        "column at 0 where the deviation is below a thousandth of the first), then normalise along dimension 1.",
    ),
    checks=(_values, _dead_features),
    mistakes={
        "whitening without centring": "The features were never moved to the origin. The first direction then points "
        "from the origin to the middle of the cloud: it says how large all features are, not how images differ.",
        "centred for the directions only": "The directions are right, but what is measured along them are the features "
        "as they came, with their mean. After normalising, all rows point into about the same direction.",
        "rows not of length 1": "Whitening is right, the last step is missing. k-means would go by how far an image is "
        "from the middle, and a few far images would get clusters of their own.",
        "columns of length 1": "A column is a direction, a row is an image. It is each image that shall have length 1.",
        "not whitened": "The first direction still has a larger spread than the others and decides nearly every "
        "distance. Each column should have spread 1 before the rows are normalised.",
        "variance for deviation": "Columns were divided by their variance. A column divided by its variance has "
        "spread one over its deviation, not 1: now the smallest directions are the loudest.",
        "multiplied, not divided": "The columns were made more different, not equal: what was large is now larger.",
        "the smallest directions": "These are the directions in which images differ least. eigh lists variances from "
        "small to large, svd from large to small.",
        "cut after the length": "The rows had length 1 with all directions, and then some were dropped: now they are "
        "shorter, each by another amount.",
        "length before whitening": "Rows were normalised first. Whitening afterwards gives them other lengths again, "
        "and the directions are those of other points.",
        "features scaled, not turned": "Each feature has spread 1 now, but they are still correlated: ten features "
        "that say the same count ten times. Turn the cloud first, then scale along its own directions.",
        "a division by no variance": "A direction without variance was divided by its deviation, 0, and NaN came. This "
        "happens in every network: a unit that is never active is a constant feature.",
        "noise made large": "A direction without variance holds rounding errors only, and these were scaled up to the "
        "size of everything else. The contract says what its column should be. Compare its deviation with the largest "
        "one, not with exactly 0: in float32 a ten-thousandth of it may still be rounding.",
    },
)
