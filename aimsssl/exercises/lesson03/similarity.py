"""The matrix of cosine similarities of all pairs of rows."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from aimsssl.exercises.old_framework import Exercise, call, expect, one_of


def _reference_cosine_similarity(z: Tensor) -> Tensor:
    """Cosines of all pairs of rows: `[M, D]` to `[M, M]`."""
    z = F.normalize(z, dim=1)
    return z @ z.T


def _all_pairs(student: Callable) -> None:
    """Five rows of different lengths in three dimensions."""
    z = torch.randn(5, 3) * torch.tensor([0.5, 1.0, 2.0, 3.0, 4.0])[:, None]
    right, products, length = _reference_cosine_similarity(z), z @ z.T, z.norm(dim=1)
    columns = z / z.norm(dim=0)
    expect(
        "the similarities of 5 rows in 3 dimensions",
        call(student, z),
        right,
        likely={
            "no normalisation": products,
            "columns normalised": one_of(columns @ columns.T, products / products.norm(dim=0)),
            "one length left": one_of(products / length, products / length[:, None]),
            "squared lengths": one_of(
                products / length.square(),
                products / length.square()[:, None],
                products / torch.outer(length, length).square(),
            ),
            "a distance": one_of(1 - right, torch.cdist(z, z), torch.cdist(z, z) / torch.outer(length, length)),
            "a row with itself only": lambda came: came.shape == (5,),
            "dimensions compared, not rows": lambda came: came.shape == (3, 3),
            "the sign lost": one_of((1 + right) / 2, right.abs(), right.square(), right.clamp(min=0)),
        },
        atol=1e-5,
    )


def _a_row_of_zeros(student: Callable) -> None:
    """A row without a direction is similar to nothing."""
    z = torch.tensor([[1.0, 1.0], [0.0, 0.0], [2.0, 0.0]])
    came, right = call(student, z), _reference_cosine_similarity(z)
    expect(
        "the similarities where row 1 is all zeros",
        came,
        right,
        likely={"a row of zeros": lambda came: not came.isfinite().all() or came[1].abs().max() > 0},
        atol=1e-5,
    )


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
    checks=(_all_pairs, _a_row_of_zeros),
    mistakes={
        "no normalisation": "These are dot products. A long vector wins here only because it is long; the angle "
        "alone should count.",
        "columns normalised": "The lengths were taken along the wrong dimension: every column has length 1 now, and "
        "no row has.",
        "one length left": "A product holds the lengths of both rows. Only one of the two was divided away.",
        "squared lengths": "Too much was divided away: the square of a length in place of the length.",
        "a distance": "A distance is small for two rows that are alike. A similarity is large.",
        "a row with itself only": "One number a row: row i met row i, and nobody else. All pairs are asked for.",
        "dimensions compared, not rows": "The result is as large as D: the product was taken the other way round.",
        "the sign lost": "A cosine runs from −1 to 1, and the negative half says something: these two point away from "
        "each other.",
        "a row of zeros": "A row of zeros has no direction, and its length of 0 was divided by. One NaN, and the loss "
        "of the whole batch is NaN. Let such a row be similar to nothing.",
    },
)
