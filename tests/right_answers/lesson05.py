"""Right answers to lesson 05, in different ways: PyTorch's own functions, loops, NumPy where it can be."""

import math

import numpy as np
import torch


def loop_line_by_line(images, rounds, extract, cluster, new_head, train):
    history = []
    for _ in range(rounds):
        features = extract(images)
        pseudo_labels = cluster(features)
        head = new_head()
        train(head, images, pseudo_labels)
        history.append(pseudo_labels)
    return history


def loop_round_as_a_function(images, rounds, extract, cluster, new_head, train):
    def one_round(number):
        found = cluster(extract(images))
        train(head=new_head(), images=images, labels=found)
        return found

    return list(map(one_round, range(rounds)))


def loop_with_heads_made_before(images, rounds, extract, cluster, new_head, train):
    heads = [new_head() for _ in range(rounds)]
    history = ()
    for head in heads:
        history += (cluster(extract(images)),)
        train(head, images, history[-1])
    return history


def refill_step_by_step(x, centroids, assignments):
    new_centroids, new = centroids.clone(), assignments.clone()
    for empty in range(len(centroids)):
        counts = torch.bincount(new, minlength=len(centroids))
        if counts[empty] > 0:
            continue
        largest = counts.argmax().item()
        members = torch.where(new == largest)[0]
        to_old = torch.cdist(x[members], new_centroids[largest][None])[:, 0]
        seed = members[to_old.argmax()]
        new_centroids[empty] = x[seed]
        to_new = torch.cdist(x[members], x[seed][None])[:, 0]
        new[members[to_new < to_old]] = empty
    return new_centroids, new


def refill_with_masks(x, centroids, assignments):
    centroids, assignments = centroids.clone(), assignments.clone()
    k = len(centroids)
    for j in range(k):
        sizes = torch.tensor([int((assignments == i).sum()) for i in range(k)])
        if sizes[j]:
            continue
        big = sizes.argmax().item()
        inside = assignments == big
        to_old = torch.linalg.vector_norm(x - centroids[big], dim=1)
        seed = torch.where(inside, to_old, -1.0).argmax()
        centroids[j] = x[seed]
        to_new = torch.linalg.vector_norm(x - x[seed], dim=1)
        assignments = torch.where(inside & (to_new < to_old), j, assignments)
    return centroids, assignments


def refill_point_by_point(x, centroids, assignments):
    places, numbers, points = centroids.double().tolist(), assignments.tolist(), x.double().tolist()
    for empty in range(len(places)):
        if empty in numbers:
            continue
        largest = max(range(len(places)), key=numbers.count)
        members = [i for i, number in enumerate(numbers) if number == largest]
        places[empty] = points[max(members, key=lambda i: math.dist(points[i], places[largest]))]
        for i in members:
            if math.dist(points[i], places[empty]) < math.dist(points[i], places[largest]):
                numbers[i] = empty
    return torch.tensor(places), torch.tensor(numbers)


def lloyd_by_products(x, centroids):
    squared = x.square().sum(dim=1, keepdim=True) - 2 * x @ centroids.T + centroids.square().sum(dim=1)
    nearest = squared.min(dim=1).indices
    counts = torch.bincount(nearest, minlength=len(centroids)).unsqueeze(1)
    sums = torch.zeros_like(centroids).index_add(0, nearest, x)
    return nearest, torch.where(counts == 0, centroids, sums / counts)


def lloyd_point_by_point(x, centroids):
    places = centroids.tolist()
    numbers = [min(range(len(places)), key=lambda j: math.dist(point, places[j])) for point in x.tolist()]
    moved = []
    for j, place in enumerate(places):
        members = [point for point, number in zip(x.tolist(), numbers, strict=True) if number == j]
        moved.append([sum(values) / len(members) for values in zip(*members, strict=True)] if members else place)
    return torch.tensor(numbers), torch.tensor(moved)


def lloyd_in_numpy(x, centroids):
    a, b = x.double().numpy(), centroids.double().numpy()
    assignments = ((a[:, None] - b[None]) ** 2).sum(axis=2).argmin(axis=1)
    moved = b.copy()
    for j in range(len(b)):
        if (assignments == j).any():
            moved[j] = a[assignments == j].mean(axis=0)
    return torch.from_numpy(assignments), torch.from_numpy(moved)


def whiten_by_svd(features, dim):
    centred = features.double() - features.double().mean(dim=0, keepdim=True)
    left, values, _ = torch.linalg.svd(centred, full_matrices=False)
    left = left[:, :dim] * (values[:dim] > 1e-6 * values[0])
    return (left / left.norm(dim=1, keepdim=True).clamp(min=1e-12)).float()


def whiten_by_numpy_covariance(features, dim):
    x = features.numpy().astype(np.float64)
    x = x - x.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(x, rowvar=False))
    order = np.argsort(-variances)[:dim]
    z = x @ directions[:, order]
    for column, variance in enumerate(variances[order]):
        z[:, column] *= 0 if variance < 1e-8 * variances.max() else variance**-0.5
    return torch.from_numpy(z / np.linalg.norm(z, axis=1, keepdims=True)).float()


def whiten_column_by_column(features, dim):
    x = features - features.mean(dim=0)
    directions = torch.linalg.svd(x, full_matrices=False)[2]
    columns = [x @ direction for direction in directions[:dim]]
    largest = columns[0].std()
    white = [c / c.std() if c.std() > 1e-3 * largest else torch.zeros(len(x)) for c in columns]
    return torch.stack([row / row.norm() for row in torch.stack(white, dim=1)])


def sample_by_two_draws(assignments, n, generator):
    members = [(assignments == j).nonzero()[:, 0] for j in range(int(assignments.max()) + 1)]
    members = [m for m in members if len(m)]
    chosen = torch.randint(len(members), (n,), generator=generator).tolist()
    places = torch.rand(n, generator=generator).tolist()
    return torch.tensor([members[c][int(p * len(members[c]))].item() for c, p in zip(chosen, places, strict=True)])


def sample_by_thresholds(assignments, n, generator):
    numbers, sizes = assignments.unique(return_counts=True)
    weights = 1 / sizes[torch.searchsorted(numbers, assignments)].double()
    edges = weights.cumsum(0) / weights.sum()
    return torch.searchsorted(edges, torch.rand(n, generator=generator))


def sample_in_numpy(assignments, n, generator):
    random = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
    sizes = np.bincount(assignments.numpy())
    chances = 1.0 / sizes[assignments.numpy()]
    return torch.from_numpy(random.choice(len(assignments), size=n, p=chances / chances.sum()))


RIGHT = {
    "uniform_over_clusters": [sample_by_two_draws, sample_by_thresholds, sample_in_numpy],
    "pca_whiten": [whiten_by_svd, whiten_by_numpy_covariance, whiten_column_by_column],
    "lloyd_step": [lloyd_by_products, lloyd_point_by_point, lloyd_in_numpy],
    "refill": [refill_step_by_step, refill_with_masks, refill_point_by_point],
    "deepcluster": [loop_line_by_line, loop_round_as_a_function, loop_with_heads_made_before],
}
