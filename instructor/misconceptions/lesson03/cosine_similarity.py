"""Answers to `cosine_similarity(z) -> [M, M]`, wrong and right."""

import torch
from torch.nn import functional as F


def dot_products(z):
    """A dot product says how similar two vectors are."""
    return z @ z.T


def unit_columns(z):
    """`dim=0` is the dimension of the rows, so that normalises rows."""
    z = F.normalize(z, dim=0)
    return z @ z.T


def one_side_normalised(z):
    """It is enough to normalise one of the two factors."""
    return F.normalize(z, dim=1) @ z.T


def over_the_squares(z):
    """The diagonal has to be 1, so divide each row by its diagonal entry."""
    products = z @ z.T
    return products / products.diagonal()[:, None]


def cosine_distance(z):
    """Cosine similarity and cosine distance are two words for one thing."""
    return 1 - right_similarity_line_by_line(z)


def row_with_itself(z):
    """There is a function of this name in torch."""
    return F.cosine_similarity(z, z, dim=1)


def dimensions_compared(z):
    """The transposed matrix stands first, as in a covariance."""
    z = F.normalize(z, dim=1)
    return z.T @ z


def between_zero_and_one(z):
    """A similarity is a share, so it lies between 0 and 1."""
    return (1 + right_similarity_line_by_line(z)) / 2


def plain_division(z):
    """A row is never all zeros."""
    z = z / z.norm(dim=1, keepdim=True)
    return z @ z.T


def similarity_as_a_list(z):
    """A matrix is a list of lists."""
    return right_similarity_line_by_line(z).tolist()


def right_similarity_line_by_line(z):
    """Pair by pair."""
    rows = [[F.cosine_similarity(a, b, dim=0) for b in z] for a in z]
    return torch.stack([torch.stack(row) for row in rows])


def right_similarity_by_lengths(z):
    """All products first, then divided by both lengths at once."""
    length = z.square().sum(dim=1).sqrt().clamp(min=1e-12)
    return torch.einsum("id,kd->ik", z, z) / torch.outer(length, length)


WRONG = {
    "wrong type": (similarity_as_a_list, "another type"),
    "no normalisation": (dot_products, "only because it is long"),
    "columns normalised": (unit_columns, "every column has length 1"),
    "one length left": (one_side_normalised, "Only one of the two"),
    "squared lengths": (over_the_squares, "Too much was divided away"),
    "a distance": (cosine_distance, "A similarity is large"),
    "a row with itself only": (row_with_itself, "and nobody else"),
    "dimensions compared, not rows": (dimensions_compared, "the other way round"),
    "the sign lost": (between_zero_and_one, "the negative half"),
    "a row of zeros": (plain_division, "has no direction"),
}

RIGHT = [right_similarity_line_by_line, right_similarity_by_lengths]
