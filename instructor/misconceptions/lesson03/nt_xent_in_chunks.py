"""Answers to `nt_xent_in_chunks(z1, z2, temperature, chunk_size) -> scalar`, wrong and right."""

import torch
from torch.nn import functional as F


def _terms(z1, z2, temperature, chunk_size, reduction, mask=None, shift=None, keep_self=False):
    """The losses of each chunk, with slips on demand."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    n, terms = len(z1), []
    for rows in torch.arange(2 * n).split(chunk_size):
        block, local = z[rows] @ z.T / temperature, torch.arange(len(rows))
        if not keep_self:
            block[local, local if mask == "local" else rows] = -torch.inf
        target = ((local if shift == "local" else rows) + n) % (2 * n)
        terms.append(F.cross_entropy(block, target, reduction=reduction))
    return terms


def chunks_of_terms(z1, z2, temperature, chunk_size):
    """The chunks put together are the losses of all views."""
    return torch.cat(_terms(z1, z2, temperature, chunk_size, "none"))


def chunks_whole_only(z1, z2, temperature, chunk_size):
    """There are 2N // chunk_size chunks."""
    terms = _terms(z1, z2, temperature, chunk_size, "sum")
    whole = 2 * len(z1) // chunk_size
    return sum(terms[:whole]) / (whole * chunk_size)


def chunks_averaged(z1, z2, temperature, chunk_size):
    """The mean of the chunks is the mean of the views."""
    terms = _terms(z1, z2, temperature, chunk_size, "mean")
    return sum(terms) / len(terms)


def chunks_as_batches(z1, z2, temperature, chunk_size):
    """A loss in chunks is the loss of each chunk, averaged; with gradients this is how large batches are made small."""
    parts = []
    for a, b in zip(z1.split(chunk_size), z2.split(chunk_size), strict=True):
        parts.append(_terms(a, b, temperature, 2 * len(a), "mean")[0])
    return sum(parts) / len(parts)


def chunks_masked_on_their_diagonal(z1, z2, temperature, chunk_size):
    """`fill_diagonal_` takes out the similarity of a view with itself."""
    return sum(_terms(z1, z2, temperature, chunk_size, "sum", mask="local")) / (2 * len(z1))


def chunks_that_all_start_at_zero(z1, z2, temperature, chunk_size):
    """In each chunk, row r has its positive at r + N."""
    return sum(_terms(z1, z2, temperature, chunk_size, "sum", shift="local")) / (2 * len(z1))


def chunks_of_first_views(z1, z2, temperature, chunk_size):
    """The chunks are cut from z1."""
    terms = torch.cat(_terms(z1, z2, temperature, chunk_size, "none"))
    return terms[: len(z1)].mean()


def chunks_with_themselves(z1, z2, temperature, chunk_size):
    """A block is not square, so it has no diagonal to mask."""
    return sum(_terms(z1, z2, temperature, chunk_size, "sum", keep_self=True)) / (2 * len(z1))


def chunks_added_up(z1, z2, temperature, chunk_size):
    """The losses of the chunks are added up."""
    return sum(_terms(z1, z2, temperature, chunk_size, "sum"))


def chunks_of_the_whole_matrix(z1, z2, temperature, chunk_size):
    """Compute the similarities once, then take chunks of them."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    similarity = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    positives = torch.arange(len(z)).roll(len(z1))
    pairs = zip(similarity.split(chunk_size), positives.split(chunk_size), strict=True)
    return sum(F.cross_entropy(block, target, reduction="sum") for block, target in pairs) / len(z)


def chunks_by_broadcast(z1, z2, temperature, chunk_size):
    """A dot product is a product, element by element, and a sum."""
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    total = 0
    for rows in torch.arange(len(z)).split(chunk_size):
        block = (z[rows][:, None] * z[None]).sum(dim=2) / temperature
        block[torch.arange(len(rows)), rows] = -torch.inf
        total = total + F.cross_entropy(block, (rows + len(z1)) % len(z), reduction="sum")
    return total / len(z)


def right_chunks(z1, z2, temperature, chunk_size):
    """Blocks of rows against all views."""
    return sum(_terms(z1, z2, temperature, chunk_size, "sum")) / (2 * len(z1))


def right_chunks_by_start(z1, z2, temperature, chunk_size):
    """With the first row of each chunk, and the two parts of a log-softmax by themselves."""
    views = torch.cat([F.normalize(z1, dim=1), F.normalize(z2, dim=1)])
    partners, count, total = views.roll(len(z1), 0), len(views), 0.0
    for start in range(0, count, chunk_size):
        asking = views[start : start + chunk_size]
        scores = torch.einsum("id,kd->ik", asking, views) / temperature
        for row in range(len(asking)):
            scores[row, start + row] = float("-inf")
        pulled = (asking * partners[start : start + chunk_size]).sum(dim=1) / temperature
        total = total + (torch.logsumexp(scores, dim=1) - pulled).sum()
    return total / count


WRONG = {
    "not averaged": (chunks_of_terms, "one loss a view"),
    "the last rows left out": (chunks_whole_only, "were never asked"),
    "a mean of means": (chunks_averaged, "The last chunk is smaller"),
    "many small batches": (chunks_as_batches, "another loss"),
    "masked in the wrong columns": (chunks_masked_on_their_diagonal, "begins at column 0"),
    "positives counted from the chunk": (chunks_that_all_start_at_zero, "as if it were the first"),
    "one direction only": (chunks_of_first_views, "Only the first views were asked"),
    "self-similarity kept": (chunks_with_themselves, "still among its own"),
    "sum for mean": (chunks_added_up, "not divided"),
    "the whole matrix is there": (chunks_of_the_whole_matrix, "as many numbers as the whole"),
    "a block with a third dimension": (chunks_by_broadcast, "element by element"),
}

RIGHT = [right_chunks, right_chunks_by_start]
