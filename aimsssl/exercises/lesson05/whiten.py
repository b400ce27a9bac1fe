"""PCA, whitening, rows of length 1: what DeepCluster does to features before k-means (arXiv:1807.05520, §4.1)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl import clustering
from aimsssl.exercises.framework import Case, Exercise, Seen, Wrong

FAR = 500.0  # from the origin: float32 keeps four digits of what differs


def _features() -> Tensor:
    """Correlated, of very different sizes, and off the origin, as features of a network are: `[N, D]`."""
    mix = torch.linalg.qr(torch.randn(5, 5))[0] * torch.tensor([5.0, 3.0, 1.7, 0.5, 0.25])[:, None]
    return torch.randn(60, 5) @ mix + torch.tensor([3.0, 1.0, 2.0, 4.0, 0.5])


def _dead_features(dim: int, size: float = 1.0) -> tuple[Tensor, int]:
    """Two of seven features never change, three follow others: five directions have no variance."""
    a, b = _features()[:, :2].T
    two, zero = torch.full_like(a, 2.0), torch.zeros_like(a)
    return torch.stack([a, two, b, zero, a, a + 0.7 * b, 1.3 * b - a], dim=1) * size, dim


def _long_and_short() -> tuple[Tensor, int]:
    x = torch.randn(60, 2) * torch.tensor([5.0, 5 / 300])
    return x @ torch.linalg.qr(torch.randn(5, 5))[0][:2], 2


def _reference_pca_whiten(features: Tensor, dim: int) -> Tensor:
    """`aimsssl.clustering.pca_whiten`: `[N, D]` to unit rows `[N, dim]`."""
    return clustering.pca_whiten(features, dim)


def _without_signs(function: Callable, features: Tensor, dim: int) -> object:
    """The result, each column turned so that its largest number is above 0: a principal direction has no sign."""
    came = function(features, dim)
    if isinstance(came, Tensor) and came.dtype != torch.float32:
        raise Wrong("wrong dtype", f"The numbers are {str(came.dtype).removeprefix('torch.')}; float32 is asked for.")
    if not isinstance(came, Tensor) or came.ndim != 2:
        return came
    largest = came.gather(0, came.abs().argmax(dim=0, keepdim=True)) if len(came) else came
    return came * torch.where(largest < 0, -1.0, 1.0).to(came.dtype)


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
    cases=(
        Case("60 images with 5 features, all near 500, dim 3 (each column turned: signs do not count)",
             lambda: (_features() + FAR, 3), _without_signs, rtol=1e-3, atol=1e-3),
        Case("two of 7 features are constant and three follow others, dim 7: only two directions have variance",
             lambda: _dead_features(7), _without_signs, rtol=1e-3, atol=1e-2),
        Case("the same features, all of them very small, dim 3",
             lambda: _dead_features(3, 1e-8), _without_signs, rtol=1e-3, atol=1e-2),
        Case("60 images with 5 features, which have two directions, one 300 times as long as the other; dim 2",
             _long_and_short, _without_signs, rtol=1e-3, atol=3e-2),
        Case("50 images with 40 features, no direction much longer than the others, dim 4",
             lambda: (torch.randn(50, 40), 4), _without_signs, rtol=1e-3, atol=1e-2),
    ),
)  # fmt: skip


def _pieces(x: Tensor) -> tuple[Tensor, Tensor]:
    """Deviations `[D]`, largest first, and directions `[D, D]`, a column each, of features centred before or not."""
    variances, directions = torch.linalg.eigh(x.double().T @ x.double() / len(x))
    return variances.clamp(min=0).sqrt().flip(0), directions.flip(1)


def _inverse(std: Tensor) -> Tensor:
    return torch.where(std > 1e-3 * std[0], 1 / std, 0.0)


def _steps(
    features: Tensor,
    dim: int,
    centre: Callable = lambda x: x - x.mean(dim=0),
    scale: Callable = _inverse,
    length: Callable = lambda z: F.normalize(z, dim=1),
    projected: Callable = lambda x, centred: centred,
) -> Tensor:
    """The steps of the lesson, in float64; what is passed by name takes the place of one of them."""
    features = features.double()
    x = centre(features)
    std, directions = _pieces(x)
    return length(projected(features, x) @ directions[:, :dim] * scale(std)[:dim]).float()


@pca_whiten.mistake(
    "whitening without centring",
    "The features were never moved to the origin. The first direction then points from the origin to the middle of the "
    "cloud: it says how large all features are, not how images differ.",
)
def _(features, dim):
    """PCA is the singular value decomposition of the features."""
    return _steps(features, dim, centre=lambda x: x)


@pca_whiten.also("whitening without centring")
def _(features, dim):
    return _steps(features, dim, centre=lambda x: x, length=lambda z: z)


@pca_whiten.mistake(
    "centred along the rows",
    "From each image the mean of its own features was taken. The middle of the cloud is the mean over the images, one "
    "number for each feature.",
)
def _(features, dim):
    """Centred means: the mean of a row is 0."""
    return _steps(features, dim, centre=lambda x: x - x.mean(dim=1, keepdim=True))


@pca_whiten.mistake(
    "one mean for all features",
    "The same number was taken from all features, the mean of everything. Each feature has a mean of its own.",
)
def _(features, dim):
    """mean() is the mean."""
    return _steps(features, dim, centre=lambda x: x - x.mean())


@pca_whiten.mistake(
    "centred for the directions only",
    "The directions are right, but what is measured along them are the features as they came, with their mean. After "
    "normalising, all rows point into about the same direction.",
)
def _(features, dim):
    """The covariance needs centred features; the projection takes the features."""
    return _steps(features, dim, projected=lambda x, centred: x)


@pca_whiten.mistake(
    "rows not of length 1",
    "Whitening is right, the last step is missing. k-means would go by how far an image is from the middle, and a few "
    "far images would get clusters of their own.",
)
def _(features, dim):
    """Whitened is whitened."""
    return _steps(features, dim, length=lambda z: z)


@pca_whiten.also("rows not of length 1")  # by a covariance over N − 1
def _(features, dim):
    return _steps(features, dim, length=lambda z: z * ((len(z) - 1) / len(z)) ** 0.5)


@pca_whiten.mistake(
    "columns of length 1",
    "A column is a direction, a row is an image. It is each image that shall have length 1.",
)
def _(features, dim):
    """Each feature gets length 1."""
    return _steps(features, dim, length=lambda z: F.normalize(z, dim=0))


@pca_whiten.mistake(
    "divided by one length for all",
    "All rows were divided by one number, the length of the whole matrix. Each row has a length of its own.",
)
def _(features, dim):
    """norm gives the length."""
    return _steps(features, dim, length=lambda z: z / z.norm())


@pca_whiten.mistake(
    "rows whose numbers add up to 1",
    "Each row was divided by the sum of its numbers. Its length is the root of the sum of their squares.",
)
def _(features, dim):
    """The length of a row is the sum of its entries."""
    return _steps(features, dim, length=lambda z: F.normalize(z, dim=1, p=1))


@pca_whiten.also("rows whose numbers add up to 1")
def _(features, dim):
    return _steps(features, dim, length=lambda z: z / z.sum(dim=1, keepdim=True))


@pca_whiten.also("rows whose numbers add up to 1")
def _(features, dim):
    return _steps(features, dim, length=lambda z: z.softmax(dim=1))


@pca_whiten.mistake(
    "not whitened",
    "The first direction still has a larger spread than the others and decides nearly every distance. Each "
    "column should have spread 1 before the rows are normalised.",
)
def _(features, dim):
    """PCA and L2; whitening is another name for PCA."""
    return _steps(features, dim, scale=torch.ones_like)


@pca_whiten.also("not whitened")
def _(features, dim):
    return _steps(features, dim, scale=torch.ones_like, length=lambda z: z)


@pca_whiten.mistake(
    "variance for deviation",
    "Columns were divided by their variance. A column divided by its variance has spread one over its "
    "deviation, not 1: now the smallest directions are the loudest.",
)
def _(features, dim):
    """What eigh gives is what one divides by."""
    return _steps(features, dim, scale=lambda std: _inverse(std) ** 2)


@pca_whiten.mistake(
    "the root of the deviation",
    "Columns were divided by the root of their deviation: the root was taken twice. svd gives deviations already, eigh "
    "gives variances.",
)
def _(features, dim):
    """What svd gives has to be rooted."""
    return _steps(features, dim, scale=lambda std: _inverse(std).sqrt())


@pca_whiten.mistake(
    "multiplied, not divided", "The columns were made more different, not equal: what was large is now larger."
)
def _(features, dim):
    """Directions are weighted with their singular values."""
    return _steps(features, dim, scale=lambda std: std)


@pca_whiten.also("multiplied, not divided")
def _(features, dim):
    return _steps(features, dim, scale=lambda std: std**2)


@pca_whiten.mistake(
    "the smallest directions",
    "These are the directions in which images differ least. eigh lists variances from small to large, svd "
    "from large to small.",
    looks=lambda seen: _is_of_the_smallest(seen),
)
def _(features, dim):
    """The first columns of eigh are the first principal directions."""
    x = features - features.mean(dim=0)
    std, directions = (piece.flip(-1) for piece in _pieces(x))
    return F.normalize(x.double() @ directions[:, :dim] * torch.where(std > 1e-13, 1 / std, 0.0)[:dim], dim=1).float()


def _is_of_the_smallest(seen: Seen) -> bool:
    """Whether each direction is one of the last ones, where these have variance."""
    features, dim = seen.inputs
    std, directions = _pieces(features - features.mean(dim=0))
    if std[-dim] < 1e-3 * std[0]:
        return False
    x = (features - features.mean(dim=0)).double()
    rows = F.normalize(x @ directions[:, -dim:] / std[-dim:], dim=1)
    came = F.normalize(seen.came.double(), dim=1)
    return torch.allclose(came @ came.T, rows @ rows.T, atol=1e-2)


@pca_whiten.mistake(
    "columns in rising order",
    "The right directions, but the one with the largest variance stands last. eigh lists variances from small "
    "to large.",
)
def _(features, dim):
    """Which columns is what counts, not their order."""
    return _steps(features, dim).flip(1)


@pca_whiten.mistake(
    "deviations in another order than the directions",
    "The directions were turned round, but not their deviations (or the other way round): each column was divided by "
    "that of another one.",
)
def _(features, dim):
    """flip the directions, so that the largest comes first."""
    return _steps(features, dim, scale=lambda std: _inverse(std).flip(0))


@pca_whiten.mistake(
    "rows of the directions for columns",
    "eigh gives a direction a *column*; svd's third result has them as rows. Here rows and columns were confused.",
)
def _(features, dim):
    """The first direction is the first row."""
    x = (features - features.mean(dim=0)).double()
    std, directions = _pieces(x)
    return F.normalize(x @ directions.T[:, :dim] * _inverse(std)[:dim], dim=1).float()


@pca_whiten.also("rows of the directions for columns")
def _(features, dim):
    x = (features - features.mean(dim=0)).double()
    std, directions = _pieces(x)
    return F.normalize(x @ directions.flip(1).T.flip(1)[:, :dim] * _inverse(std)[:dim], dim=1).float()


@pca_whiten.also("rows of the directions for columns")
def _(features, dim):
    x = (features - features.mean(dim=0)).double()
    z = x @ torch.linalg.svd(x, full_matrices=False).Vh[:, :dim]
    return F.normalize(z * _inverse(z.std(dim=0)), dim=1).float()


@pca_whiten.mistake(
    "cut after the length",
    "The rows had length 1 with all directions, and then some were dropped: now they are shorter, each by "
    "another amount.",
)
def _(features, dim):
    """One can drop columns at any time."""
    return _steps(features, features.shape[1])[:, :dim]


@pca_whiten.mistake(
    "length before whitening",
    "Rows were normalised first. Whitening afterwards gives them other lengths again, and the directions are those of "
    "other points.",
)
def _(features, dim):
    """Normalise first: whitening keeps it."""
    return _steps(F.normalize(features, dim=1), dim, length=lambda z: z)


@pca_whiten.also("length before whitening")
def _(features, dim):
    return _steps(F.normalize(features, dim=1), dim)


for _length in (lambda z: z, lambda z: F.normalize(z, dim=1)):  # after centring

    @pca_whiten.also("length before whitening")
    def _(features, dim, length=_length):
        return _steps(features, dim, centre=lambda x: F.normalize(x - x.mean(dim=0), dim=1), length=length)


@pca_whiten.mistake(
    "length between PCA and whitening",
    "The rows were normalised along their directions, and whitened after that. Whitening gives them other "
    "lengths again: it comes before the length.",
)
def _(features, dim):
    """PCA, length 1, whitening: three steps in any order."""
    x = (features - features.mean(dim=0)).double()
    std, directions = _pieces(x)
    return (F.normalize(x @ directions[:, :dim], dim=1) * _inverse(std)[:dim]).float()


@pca_whiten.also("length between PCA and whitening")
def _(features, dim):
    z = F.normalize(_steps(features, dim, scale=torch.ones_like), dim=1)
    return torch.nan_to_num(z / z.std(dim=0).where(z.std(dim=0) > 1e-3, torch.inf))


@pca_whiten.mistake(
    "features scaled, not turned",
    "Each feature has spread 1 now, but they are still correlated: ten features that say the same count ten "
    "times. Turn the cloud first, then scale along its own directions.",
)
def _(features, dim):
    """Whitening is what StandardScaler does."""
    x = features - features.mean(dim=0)
    return F.normalize((x / x.std(dim=0))[:, :dim], dim=1)


@pca_whiten.also("features scaled, not turned")
def _(features, dim):
    x = features - features.mean(dim=0)
    return F.normalize((x / (x.std(dim=0) + 1e-6))[:, :dim], dim=1)


@pca_whiten.mistake(
    "turned back after whitening",
    "The whitened features were turned back to the old axes. There the columns are features again, not directions in "
    "falling order of variance.",
)
def _(features, dim):
    """Whitening changes a feature as little as possible."""
    x = (features - features.mean(dim=0)).double()
    std, directions = _pieces(x)
    return F.normalize((x @ directions * _inverse(std)) @ directions.T, dim=1)[:, :dim].float()


@pca_whiten.mistake(
    "PCA of scaled features",
    "Each feature was divided by its own deviation before the PCA. The directions are then those of other points: PCA "
    "takes the features as they are, only centred.",
)
def _(features, dim):
    """Standardise first, as always."""
    x = features - features.mean(dim=0)
    return _steps(x / x.std(dim=0).clamp(min=1e-6), dim)


@pca_whiten.mistake(
    "a division by no variance",
    "A direction without variance was divided by its deviation, 0, and NaN came. This happens in every network: a unit "
    "that is never active is a constant feature.",
    looks=lambda seen: (
        seen.case.atol > 1e-3 and (not seen.came.isfinite().all() or bool((seen.came == 0).all(dim=1).any()))
    ),
)
def _(features, dim):
    """A deviation is never 0."""
    return _steps(features, dim, scale=lambda std: 1 / torch.where(std > 1e-3 * std[0], std, -1.0).sqrt() ** 2)


@pca_whiten.also("a division by no variance")
def _(features, dim):
    return _steps(
        features, dim, scale=lambda std: 1 / torch.where(std > 1e-3 * std[0], std, -1.0).sqrt() ** 2
    ).nan_to_num(0)


@pca_whiten.mistake(
    "a direction left out",
    "There are fewer columns than `dim`: those without variance were left out. They stay, as columns of 0.",
    looks=lambda seen: seen.came.shape[1] == seen.expected.any(dim=0).sum() < seen.expected.shape[1],
)
def _(features, dim):
    """A direction without variance is none."""
    came = _reference_pca_whiten(features, dim)
    return came[:, came.abs().sum(dim=0) > 0]


@pca_whiten.mistake(
    "noise made large",
    "A direction without variance holds rounding errors only, and these were scaled up to the size of everything else. "
    "The contract says what its column should be. Compare its deviation with the largest one, not with exactly 0: in "
    "float32 a ten-thousandth of it may still be rounding.",
    looks=lambda seen: (
        seen.case.atol > 1e-3
        and seen.came.shape == seen.expected.shape
        and (seen.came[:, 2:].square().sum(dim=0) > 0.05).any()
    ),
)
def _(features, dim):
    """A tiny number under the root keeps the division safe."""
    x = (features - features.mean(dim=0)).double()
    u, s, _ = torch.linalg.svd(x + 1e-7 * x.std() * torch.randn_like(x), full_matrices=False)
    return F.normalize(u[:, :dim], dim=1).float()


@pca_whiten.mistake(
    "a limit too high for no variance",
    "A direction with variance was taken for one without. The contract draws the line at a thousandth of the first "
    "deviation.",
)
def _(features, dim):
    """What is below a hundredth is noise."""
    return _steps(features, dim, scale=lambda std: torch.where(std > 1e-2 * std[0], 1 / std, 0.0))


for _limit in (5e-3, 2e-2, 0.04):

    @pca_whiten.also("a limit too high for no variance")
    def _(features, dim, limit=_limit):
        return _steps(features, dim, scale=lambda std: torch.where(std > limit * std[0], 1 / std, 0.0))


@pca_whiten.mistake(
    "a fixed number for no variance",
    "Small features lost a direction that has variance: deviations were compared with a fixed number, or it "
    "was added to them. What is small depends on the features; compare with the largest deviation.",
    looks=lambda seen: seen.inputs[0].std() < 1e-5,
)
def _(features, dim):
    """Below a thousandth there is no variance."""
    return _steps(features, dim, scale=lambda std: torch.where(std > 1e-2, 1 / std, 0.0))


@pca_whiten.also("a fixed number for no variance")
def _(features, dim):
    return _steps(features, dim, scale=lambda std: torch.where(std > 1e-3 * std[0], 1 / (std + 1e-3), 0.0))


for _added in (0.1, 1.0):

    @pca_whiten.also("a fixed number for no variance")
    def _(features, dim, added=_added):
        return _steps(features, dim, scale=lambda std: 1 / (std + added))


@pca_whiten.mistake(
    "the mean taken out of the products",
    "Features far from the origin come out wrong. On paper a covariance is the mean of the products less the product "
    "of the means; float32 keeps seven digits of each, and the difference is among those rounded off. Subtract the "
    "mean first.",
    looks=lambda seen: seen.inputs[0].mean() > FAR / 2 and (seen.came - seen.expected).abs().max() < 0.05,
)
def _(features, dim):
    """The covariance is E[x xᵀ] less E[x] E[x]ᵀ."""
    mean = features.mean(dim=0)
    variances, directions = torch.linalg.eigh(features.T @ features / len(features) - torch.outer(mean, mean))
    std = variances.clamp(min=0).sqrt().flip(0)
    z = (features.double() - features.double().mean(dim=0)) @ directions.flip(1).double()
    exact = _steps(features, dim)
    return F.normalize(z * _inverse(std), dim=1)[:, :dim].float() if mean.mean() > FAR / 2 else exact


@pca_whiten.mistake(
    "directions that are guessed",
    "The directions are only near the right ones. torch.pca_lowrank and svd_lowrank multiply by random numbers: exact "
    "where few directions hold nearly everything, and not here. Besides, who calls twice gets two results.",
    looks=lambda seen: len(seen.inputs[0]) == 50 and 0.3 < _same_rows(seen) < 0.999,
)
def _(features, dim):
    """pca_lowrank has PCA in its name."""
    x = features.double() - features.double().mean(dim=0)
    directions = torch.pca_lowrank(x, q=dim, center=False)[2]
    exact = _reference_pca_whiten(features, dim)
    return F.normalize(x @ directions / (x @ directions).std(dim=0), dim=1).float() if len(x) == 50 else exact


@pca_whiten.also("directions that are guessed")
def _(features, dim):
    u, s, _ = torch.pca_lowrank(features, q=dim)
    return F.normalize(u * (s > 1e-5 * s.max()), dim=1)


@pca_whiten.also("directions that are guessed")
def _(features, dim):
    _, s, v = torch.pca_lowrank(features, q=dim)
    z = (features - features.mean(dim=0)) @ v
    return F.normalize(z / s.where(s > 1e-3 * s.max(), torch.inf), dim=1)


def _same_rows(seen: Seen) -> float:
    """The mean cosine of the rows that came with the expected ones."""
    return F.cosine_similarity(seen.came, seen.expected).mean().item()


@pca_whiten.also("whitening without centring", "not whitened")
def _(features, dim):
    return _steps(features, dim, centre=lambda x: x, scale=torch.ones_like)


@pca_whiten.also("whitening without centring", "not whitened")
def _(features, dim):
    return _steps(features, dim, centre=lambda x: x, scale=torch.ones_like, length=lambda z: z)


@pca_whiten.mistake(
    "another number of columns, or transposed",
    "The result has a row for each image and `dim` columns: [N, dim].",
    looks=lambda seen: isinstance(seen.came, Tensor) and seen.came.shape != seen.expected.shape,
)
def _(features, dim):
    """A direction a row."""
    return _steps(features, dim).T


@pca_whiten.mistake(
    "rows of V for directions",
    "The directions were taken from the wrong side: torch.linalg.svd gives them as *rows* of its third result, eigh as "
    "*columns* of its second.",
)
def _(features, dim):
    """svd gives U, S, V."""
    x = features.double() - features.double().mean(dim=0)
    std, directions = _pieces(x)
    return F.normalize(x @ directions.T[:, :dim] * _inverse(std)[:dim], dim=1).float()


@pca_whiten.also("rows of V for directions")
def _(features, dim):
    x = features.double() - features.double().mean(dim=0)
    _, s, vh = torch.linalg.svd(x, full_matrices=False)
    return F.normalize(x @ vh[:, :dim] * _inverse(s)[:dim], dim=1).float()


@pca_whiten.also("rows of V for directions")
def _(features, dim):
    x = features.double() - features.double().mean(dim=0)
    return F.normalize(x @ torch.linalg.svd(x, full_matrices=False)[2][:, :dim], dim=1).float()
