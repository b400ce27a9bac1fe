"""Answers to `pca_whiten(features, dim) -> float32 [N, dim]`, wrong and right."""

import torch
from torch.nn import functional as F


def _eigen(x):
    """Deviations `[D]`, largest first, and directions `[D, D]`, a column each."""
    variances, directions = torch.linalg.eigh(x.T @ x / len(x))
    return variances.clamp(min=0).sqrt().flip(0), directions.flip(1)


def _scale(std):
    return torch.where(std > 1e-3 * std[0], 1 / std, 0.0)


def whiten_without_centring(features, dim):
    """PCA is the singular value decomposition of the features."""
    std, directions = _eigen(features)
    return F.normalize(features @ directions[:, :dim] * _scale(std)[:dim], dim=1)


def whiten_centred_in_part(features, dim):
    """The covariance needs centred features; the projection takes the features."""
    std, directions = _eigen(features - features.mean(dim=0))
    return F.normalize(features @ directions[:, :dim] * _scale(std)[:dim], dim=1)


def whiten_without_length(features, dim):
    """Whitened is whitened."""
    x = features - features.mean(dim=0)
    std, directions = _eigen(x)
    return x @ directions[:, :dim] * _scale(std)[:dim]


def whiten_columns(features, dim):
    """Each feature gets length 1."""
    return F.normalize(whiten_without_length(features, dim), dim=0)


def pca_only(features, dim):
    """PCA and L2; whitening is another name for PCA."""
    x = features - features.mean(dim=0)
    return F.normalize(x @ _eigen(x)[1][:, :dim], dim=1)


def whiten_by_variance(features, dim):
    """What eigh gives is what one divides by."""
    x = features - features.mean(dim=0)
    std, directions = _eigen(x)
    return F.normalize(x @ directions[:, :dim] * _scale(std)[:dim] ** 2, dim=1)


def whiten_by_product(features, dim):
    """Directions are weighted with their singular values."""
    x = features - features.mean(dim=0)
    std, directions = _eigen(x)
    return F.normalize(x @ directions[:, :dim] * std[:dim], dim=1)


def whiten_smallest(features, dim):
    """The first columns of eigh are the first principal directions."""
    x = features - features.mean(dim=0)
    std, directions = _eigen(x)
    std, directions = std.flip(0), directions.flip(1)
    return F.normalize(x @ directions[:, :dim] * torch.where(std > 0, 1 / std, 0.0)[:dim], dim=1)


def whiten_cut_last(features, dim):
    """One can drop columns at any time."""
    return F.normalize(whiten_without_length(features, features.shape[1]), dim=1)[:, :dim]


def whiten_length_first(features, dim):
    """Normalise first: whitening keeps it."""
    return whiten_without_length(F.normalize(features, dim=1), dim)


def standardise(features, dim):
    """Whitening is what StandardScaler does."""
    x = features - features.mean(dim=0)
    return F.normalize((x / x.std(dim=0))[:, :dim], dim=1)


def whiten_nan(features, dim):
    """A deviation is never 0."""
    x = features - features.mean(dim=0)
    variances, directions = torch.linalg.eigh(x.T @ x / len(x))
    return F.normalize(x @ directions.flip(1)[:, :dim] / variances.flip(0)[:dim].sqrt(), dim=1)


def whiten_noise(features, dim):
    """A tiny number under the root keeps the division safe."""
    x = (features - features.mean(dim=0)).double()
    u, s, _ = torch.linalg.svd(x + 1e-7 * torch.randn_like(x), full_matrices=False)
    return F.normalize(u[:, :dim], dim=1).float()


def whiten_to_double(features, dim):
    """More digits are better."""
    return right_whiten(features, dim).double()


def whiten_all_directions(features, dim):
    """PCA finds directions; how many are kept is decided later."""
    return right_whiten(features, features.shape[1])


def right_whiten(features, dim):
    """By the covariance, line by line."""
    x = features - features.mean(dim=0)
    std, directions = _eigen(x)
    return F.normalize(x @ directions[:, :dim] * _scale(std)[:dim], dim=1)


def right_whiten_svd(features, dim):
    """By the singular values of the centred features: the left vectors are white already."""
    centred = features.double() - features.double().mean(dim=0, keepdim=True)
    left, values, _ = torch.linalg.svd(centred, full_matrices=False)
    left = left[:, :dim] * (values[:dim] > 1e-6 * values[0])
    return (left / left.norm(dim=1, keepdim=True).clamp(min=1e-12)).float()


WRONG = {
    "whitening without centring": (whiten_without_centring, "never moved to the origin"),
    "centred for the directions only": (whiten_centred_in_part, "The directions are right"),
    "rows not of length 1": (whiten_without_length, "the last step is missing"),
    "columns of length 1": (whiten_columns, "a row is an image"),
    "not whitened": (pca_only, "decides nearly every"),
    "variance for deviation": (whiten_by_variance, "divided by their variance"),
    "multiplied, not divided": (whiten_by_product, "more different, not equal"),
    "the smallest directions": (whiten_smallest, "differ least"),
    "cut after the length": (whiten_cut_last, "then some were dropped"),
    "length before whitening": (whiten_length_first, "Rows were normalised first"),
    "features scaled, not turned": (standardise, "still correlated"),
    "a division by no variance": (whiten_nan, "never active"),
    "noise made large": (whiten_noise, "rounding errors"),
    "wrong dtype": (whiten_to_double, "float64"),
    "wrong shape": (whiten_all_directions, "the shape"),
}

RIGHT = [right_whiten, right_whiten_svd]
