"""Right answers to lesson 03, written in different ways."""

import torch
import torch.nn.functional as F


def nt_xent_by_cross_entropy(z1, z2, temperature=0.5):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    scores = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    return F.cross_entropy(scores, torch.arange(2 * len(z1)).roll(len(z1)))


def nt_xent_view_by_view(z1, z2, temperature=0.5):
    views, n = [*z1, *z2], len(z1)
    terms = []
    for i, view in enumerate(views):
        others = [k for k in range(2 * n) if k != i]
        row = torch.stack([F.cosine_similarity(view, views[k], dim=0) for k in others]) / temperature
        terms.append(torch.logsumexp(row, dim=0) - row[others.index((i + n) % (2 * n))])
    return torch.stack(terms).mean()


def nt_xent_in_float64(z1, z2, temperature=0.5):
    z = torch.cat([z1, z2]).double()
    z = z / z.norm(dim=1, keepdim=True)
    scores = z @ z.T / temperature
    scores = scores.masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)
    positive = torch.cat([scores.diagonal(len(z1)), scores.diagonal(-len(z1))])
    return (scores.logsumexp(dim=1) - positive).mean()


def chunks_by_split(z1, z2, temperature, chunk_size):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    total = 0.0
    for rows in torch.arange(len(z)).split(chunk_size):
        block = (z[rows] @ z.T / temperature).scatter(1, rows[:, None], -torch.inf)
        total = total + F.cross_entropy(block, (rows + len(z1)) % len(z), reduction="sum")
    return total / len(z)


def chunks_by_start(z1, z2, temperature, chunk_size):
    views = torch.cat([F.normalize(z1, dim=1), F.normalize(z2, dim=1)])
    partners, count, terms = views.roll(len(z1), 0), len(views), []
    for start in range(0, count, chunk_size):
        asking = views[start : start + chunk_size]
        scores = torch.einsum("id,kd->ik", asking, views) / temperature
        for row in range(len(asking)):
            scores[row, start + row] = float("-inf")
        pulled = (asking * partners[start : start + chunk_size]).sum(dim=1) / temperature
        terms.append(torch.logsumexp(scores, dim=1) - pulled)
    return torch.cat(terms).mean()


def chunks_view_by_view(z1, z2, temperature, chunk_size):
    z = torch.cat([z1, z2]).double()
    z = z / z.norm(dim=1, keepdim=True)
    terms = []
    for i in range(len(z)):
        others = torch.cat([z[:i], z[i + 1 :]]) @ z[i] / temperature
        largest = others.max()
        positive = z[i] @ z[i - len(z1)] / temperature
        terms.append((others - largest).exp().sum().log() + largest - positive)
    return sum(terms) / len(terms)


RIGHT = {
    "nt_xent": [nt_xent_by_cross_entropy, nt_xent_view_by_view, nt_xent_in_float64],
    "nt_xent_in_chunks": [chunks_by_split, chunks_by_start, chunks_view_by_view],
}
