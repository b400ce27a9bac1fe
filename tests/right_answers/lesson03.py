"""Right answers to lesson 03, written in different ways."""

import numpy as np
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


def similarity_line_by_line(z):
    rows = [[F.cosine_similarity(a, b, dim=0) for b in z] for a in z]
    return torch.stack([torch.stack(row) for row in rows])


def similarity_by_lengths(z):
    length = z.norm(dim=1).clamp(min=1e-12)
    return torch.einsum("id,kd->ik", z, z) / torch.outer(length, length)


def similarity_in_float64(z):
    z = z.double()
    length = z.square().sum(dim=1, keepdim=True).clamp(min=1e-30).sqrt()
    z = z / length
    return torch.matmul(z, z.transpose(0, 1))


def positives_modulo(n):
    return (torch.arange(2 * n) + n) % (2 * n)


def positives_in_halves(n):
    return torch.tensor([*range(n, 2 * n), *range(n)])


def positives_in_a_loop(n):
    partners = torch.zeros(2 * n, dtype=torch.long)
    for i in range(n):
        partners[i] = i + n
        partners[i + n] = i
    return partners


def weights_by_autograd(similarity, positive, temperature):
    s = similarity.clone().requires_grad_()
    loss = F.cross_entropy(s / temperature, torch.tensor(positive))
    return torch.autograd.grad(loss, s)[0]


def weights_by_hand(similarity, positive, temperature):
    shifted = (similarity - similarity.max()) / temperature
    result = shifted.exp() / shifted.exp().sum() / temperature
    result[positive] -= 1 / temperature
    return result


def weights_in_numpy(similarity, positive, temperature):
    s = similarity.numpy().astype(np.float64) / temperature
    p = np.exp(s - s.max())
    p /= p.sum()
    return torch.tensor([(p[k] - (k == positive)) / temperature for k in range(len(p))])


RIGHT = {
    "cosine_similarity": [similarity_line_by_line, similarity_by_lengths, similarity_in_float64],
    "positives": [positives_modulo, positives_in_halves, positives_in_a_loop],
    "nt_xent": [nt_xent_by_cross_entropy, nt_xent_view_by_view, nt_xent_in_float64],
    "gradient_weights": [weights_by_autograd, weights_by_hand, weights_in_numpy],
    "nt_xent_in_chunks": [chunks_by_split, chunks_by_start, chunks_view_by_view],
}
