"""The matrix of cosine similarities of all pairs of rows."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl.exercises.framework import Case, Exercise


def _reference_cosine_similarity(z: Tensor) -> Tensor:
    """Cosines of all pairs of rows: `[M, D]` to `[M, M]`."""
    z = F.normalize(z, dim=1)
    return z @ z.T


def _rows() -> tuple[Tensor]:
    """Five rows of very different lengths in three dimensions."""
    return (torch.randn(5, 3) * torch.tensor([0.01, 4.0, 1.0, 3.0, 2.0])[:, None],)


def _value_and_gradient(function: Callable, z: Tensor) -> dict:
    similarities = function(z.requires_grad_())
    flows = isinstance(similarities, Tensor) and similarities.requires_grad
    weights = torch.linspace(-1, 2, 25).reshape(5, 5)  # an exact place in the sum for each pair
    whole = flows and similarities.shape == weights.shape
    gradient = torch.autograd.grad((similarities * weights).sum(), z)[0] if whole else torch.zeros_like(z)
    return {"the similarities": similarities, "a gradient flows": flows, "the gradient": gradient}


def _value_and_finite_gradient(function: Callable, z: Tensor) -> dict:
    similarities = function(z.requires_grad_())
    flows = isinstance(similarities, Tensor) and similarities.requires_grad
    gradient = torch.autograd.grad(similarities.sum(), z)[0] if flows else torch.zeros_like(z)
    return {"the similarities": similarities, "a gradient without NaN": bool(gradient.isfinite().all())}


cosine_similarity = Exercise(
    lesson="03",
    name="cosine_similarity",
    title="Compute the cosine similarity of all pairs of rows.",
    difficulty="●○○",
    minutes=5,
    reference=_reference_cosine_similarity,
    hints=(
        "The cosine of two vectors is their dot product, once both have length 1. So there are two steps, and the "
        "second one is a single product of two matrices.",
        "The length of a row is a norm along one dimension of z. Which one? In the product, row i meets row k: what "
        "must the second matrix look like?",
        "F.normalize(z, dim=1) gives unit rows, and leaves a row of zeros as it is. What is the matrix product of "
        "that and its own transpose?",
    ),
    cases=(
        Case("the similarities of 5 rows in 3 dimensions", _rows, _value_and_gradient, rtol=1e-3, atol=1e-5),
        Case(
            "the similarities where row 1 of 3 is all zeros",
            lambda: (torch.tensor([[1.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0], [2.0, 0.0, -2.0, 0.0]]),),
            _value_and_finite_gradient,
            atol=1e-5,
        ),
    ),
)


def _right(z: Tensor) -> Tensor:
    return _reference_cosine_similarity(z)


mistake, also = cosine_similarity.mistake, cosine_similarity.also


@mistake(
    "no normalisation",
    "These are dot products. A long vector wins here only because it is long; the angle alone should count.",
)
def _(z):
    """A dot product says how similar two vectors are."""
    return z @ z.T


@mistake(
    "columns normalised",
    "The lengths were taken along the wrong dimension: every column has length 1 now, and no row has.",
)
def _(z):
    """`dim=0` is the dimension of the rows, so that normalises rows."""
    z = F.normalize(z, dim=0)
    return z @ z.T


@also("columns normalised")
def _(z):
    return F.normalize(z @ z.T, dim=0)


@also("columns normalised")
def _(z):
    z = z / z.norm(dim=0)
    return z @ z.T


@mistake(
    "one length for the whole matrix",
    "All of z was divided by one number, the length of the whole. Each row has a length of its own.",
)
def _(z):
    """z.norm() is the length."""
    z = z / z.norm()
    return z @ z.T


@mistake("one length left", "A product holds the lengths of both rows. Only one of the two was divided away.")
def _(z):
    """It is enough to normalise one of the two factors."""
    return F.normalize(z, dim=1) @ z.T


@also("one length left")
def _(z):
    return z @ F.normalize(z, dim=1).T


@mistake("squared lengths", "Too much was divided away: the square of a length in place of the length.")
def _(z):
    """The length is the sum of the squares."""
    z = z / z.square().sum(dim=1, keepdim=True).clamp(min=1e-12)
    return z @ z.T


@also("squared lengths")
def _(z):
    return z @ z.T / (z @ z.T).diagonal()[:, None].clamp(min=1e-12)


@also("squared lengths")
def _(z):
    return z @ z.T / (z @ z.T).diagonal().clamp(min=1e-12)


@mistake(
    "another length",
    "The rows were divided by something that is not their Euclidean length: the root of the sum of the squares.",
)
def _(z):
    """The length is the sum of the absolute values."""
    z = F.normalize(z, p=1, dim=1)
    return z @ z.T


for _length in (
    lambda z: z.abs().amax(dim=1, keepdim=True),
    lambda z: z.std(dim=1, keepdim=True),
    lambda z: z.sum(dim=1, keepdim=True),
    lambda z: z.square().mean(dim=1, keepdim=True).sqrt(),
):

    @also("another length")
    def _(z, length=_length):
        z = z / torch.where(length(z) == 0, 1.0, length(z))
        return z @ z.T


@mistake(
    "the mean of each row taken away",
    "This is a correlation: each row lost its mean first. A cosine measures the angle from the origin.",
)
def _(z):
    """torch.corrcoef does just this."""
    return _right(z - z.mean(dim=1, keepdim=True))


@mistake(
    "the mean of all rows taken away",
    "The mean of the rows was taken away first, so the angles are no longer those from the origin.",
)
def _(z):
    """Data are centred before anything else."""
    return _right(z - z.mean(dim=0))


@mistake(
    "a softmax", "Each row of the result was made to add up to 1. That step belongs to the loss; a cosine has none."
)
def _(z):
    """Similarities are compared by a softmax."""
    return _right(z).softmax(dim=1)


@mistake("a distance", "A distance is small for two rows that are alike. A similarity is large.")
def _(z):
    """Cosine similarity and cosine distance are two words for one thing."""
    return 1 - _right(z)


@also("a distance")
def _(z):
    return torch.cdist(z, z)


@also("a distance")
def _(z):
    return torch.cdist(F.normalize(z, dim=1), F.normalize(z, dim=1))


@mistake("an angle", "This is the angle. The cosine of it is asked for.")
def _(z):
    """The similarity is the angle."""
    return _right(z).clamp(-1 + 1e-7, 1 - 1e-7).acos()


@also("an angle")
def _(z):
    return _right(z).clamp(-1, 1).acos()


@also("an angle")
def _(z):
    return torch.rad2deg(_right(z).clamp(-1 + 1e-7, 1 - 1e-7).acos())


@mistake(
    "a row with itself only",
    "One number a row: row i met row i, and nobody else. All pairs are asked for.",
    looks=lambda seen: seen.part()[1].shape == seen.inputs[0].shape[:1],
)
def _(z):
    """There is a function of this name in torch."""
    return F.cosine_similarity(z, z, dim=1)


@mistake(
    "dimensions compared, not rows",
    "The result is as large as D: the product was taken the other way round.",
    looks=lambda seen: seen.part()[1].shape == (seen.inputs[0].shape[1],) * 2,
)
def _(z):
    """The transposed matrix stands first, as in a covariance."""
    z = F.normalize(z, dim=1)
    return z.T @ z


@mistake(
    "compared along another dimension",
    "The result has a row for each row of z, but not a column. The sum of the products ran over the rows, not over the "
    "D numbers of a row: which `dim` does the function sum over if you do not say?",
    looks=lambda seen: seen.came.ndim == 2 and tuple(seen.came.shape) == tuple(seen.inputs[0].shape),
)
def _(z):
    """There is a function for it."""
    return F.cosine_similarity(z[:, None], z[None])


@mistake(
    "the sign lost",
    "A cosine runs from −1 to 1, and the negative half says something: these two point away from each other.",
)
def _(z):
    """A similarity is a share, so it lies between 0 and 1."""
    return (1 + _right(z)) / 2


for _form in (Tensor.abs, Tensor.square, Tensor.relu):

    @also("the sign lost")
    def _(z, form=_form):
        return form(_right(z))


@mistake("each pair once", "Half of the matrix is empty. Row i meets row k, and row k meets row i.")
def _(z):
    """(i, k) and (k, i) are one pair."""
    return _right(z).triu()


@also("each pair once")
def _(z):
    return _right(z).tril()


@mistake(
    "the diagonal taken out",
    "A row with itself is a pair, too. To leave it out is the business of the loss, later.",
)
def _(z):
    """The similarity with itself says nothing."""
    return _right(z).fill_diagonal_(0)


@also("the diagonal taken out")
def _(z):
    return _right(z).fill_diagonal_(-torch.inf)


@mistake(
    "the diagonal set to 1",
    "The diagonal was set to 1 by hand. A row of zeros has no direction, not even its own: its similarities are 0.",
)
def _(z):
    """Everything is similar to itself."""
    return _right(z).fill_diagonal_(1)


@mistake(
    "a sum of 0 taken for a row of zeros",
    "A row whose numbers add up to 0 was taken for a row of zeros. (2, −2) has a length and a direction.",
)
def _(z):
    """Zeros have the sum 0."""
    right = _right(z)
    gone = z.sum(dim=1) == 0
    return right.masked_fill(gone[:, None] | gone[None], 0)


@mistake(
    "a row of zeros",
    "A row of zeros has no direction: let it be similar to nothing, not even to itself. Where its length of 0 is "
    "divided by there is a NaN, and one NaN makes the loss of the whole batch NaN.",
    looks=lambda seen: "zeros" in seen.case.what and seen.part()[1].shape == (3, 3),
)
def _(z):
    """A row is never all zeros."""
    z = z / z.norm(dim=1, keepdim=True)
    return z @ z.T


@mistake(
    "a large number added to the lengths",
    "A number was added against a division by 0, and it is so large that short rows lose their cosines.",
    looks=lambda seen: (
        (seen.part()[1].abs() <= seen.part()[2].abs() + 1e-6).all() and seen.part()[1][1:, 1:].allclose(
            seen.part()[2][1:, 1:], rtol=0.02)
    ),
)  # fmt: skip
def _(z):
    """A little more in the denominator does no harm."""
    z = z / (z.norm(dim=1, keepdim=True) + 1e-3)
    return z @ z.T


@mistake(
    "no gradient",
    "The values are right, but the way back from them to z is cut, and the loss of exercise 3 could teach nothing. "
    "Look for .detach(), .data, .item(), NumPy, or a new torch.tensor(…).",
)
def _(z):
    """A similarity is a number."""
    return _right(z).detach()


@also("no gradient")
def _(z):
    return _right(z).detach().requires_grad_()


@mistake(
    "half of the gradient",
    "The values are right, but only a part of the gradient arrives: one of the two factors was detached.",
)
def _(z):
    """One row stands still while the other one learns."""
    unit = F.normalize(z, dim=1)
    return unit @ unit.detach().T


@also("half of the gradient")
def _(z):
    unit = z / z.norm(dim=1, keepdim=True).detach().clamp(min=1e-12)
    return unit @ unit.T


@mistake(
    "a gradient that is no number",
    "The values are right, but at the row of zeros the gradient is NaN. Who mends a NaN, or a root of 0, after it is "
    "there mends the value only: the way back still goes through the division by 0, or the slope of the root at 0. "
    "Make the length safe *before* it.",
)
def _(z):
    """A NaN is put right at the end."""
    z = z / z.norm(dim=1, keepdim=True)
    return (z @ z.T).nan_to_num()


@also("a gradient that is no number")
def _(z):
    z = z / z.square().sum(dim=1, keepdim=True).sqrt().clamp(min=1e-12)
    return z @ z.T
