"""Answers to `uniform_over_clusters(assignments, n, generator) -> int64 [n]`, wrong and right."""

import torch


def _members(assignments):
    return [(assignments == j).nonzero()[:, 0] for j in assignments.unique().tolist()]


def _weighted(assignments, n, generator, power):
    counts = assignments.bincount().float()
    return torch.multinomial(counts[assignments] ** power, n, replacement=True, generator=generator)


def sample_until_used_up(assignments, n, generator):
    """Every image at most once in an epoch."""
    members = _members(assignments)
    each = n // len(members)
    taken = [m[torch.randperm(len(m), generator=generator)[:each]] for m in members]
    return torch.cat(taken)


def sample_counted_from_one(assignments, n, generator):
    """The images are numbered from 1."""
    return right_by_weights(assignments, n, generator) + 1


def sample_clusters(assignments, n, generator):
    """Uniform over clusters: draw clusters."""
    return torch.randint(int(assignments.max()) + 1, (n,), generator=generator)


def sample_by_position(assignments, n, generator):
    """The images stand in the order of their clusters, and the numbers of the images tell where."""
    by_cluster = assignments.argsort(stable=True)
    return by_cluster[right_by_weights(assignments, n, generator)]


def sample_images(assignments, n, generator):
    """Every image has the same chance: that is uniform."""
    return torch.randint(len(assignments), (n,), generator=generator)


def sample_by_size(assignments, n, generator):
    """The weight of an image is the size of its cluster."""
    return _weighted(assignments, n, generator, 1.0)


def sample_by_root(assignments, n, generator):
    """One over the root of the size, as is usual for rare words."""
    return _weighted(assignments, n, generator, -0.5)


def sample_by_square(assignments, n, generator):
    """One over the squared size: small clusters need help."""
    return _weighted(assignments, n, generator, -2.0)


def sample_without_last(assignments, n, generator):
    """The highest number is the number of clusters."""
    clusters = torch.randint(int(assignments.max()), (n,), generator=generator)
    members = _members(assignments)
    return torch.stack([members[c][torch.randint(len(members[c]), (), generator=generator)] for c in clusters.tolist()])


def sample_first_of_cluster(assignments, n, generator):
    """One image of a cluster is as good as another."""
    first = torch.stack([m[0] for m in _members(assignments)])
    return first[torch.randint(len(first), (n,), generator=generator)]


def sample_next_image(assignments, n, generator):
    """Draw any place and take the next image of the cluster behind it."""
    out = []
    members = _members(assignments)
    clusters = torch.randint(len(members), (n,), generator=generator).tolist()
    for cluster in clusters:
        m = members[cluster]
        share = torch.rand((), generator=generator).item() ** 2
        out.append(m[int(share * len(m))])
    return torch.stack(out)


def sample_cluster_by_cluster(assignments, n, generator):
    """Equal parts, one behind the other."""
    members = _members(assignments)
    each = -(-n // len(members))
    drawn = [m[torch.randint(len(m), (each,), generator=generator)] for m in members]
    return torch.cat(drawn)[:n]


def sample_all_numbers(assignments, n, generator):
    """Every number from 0 to the largest is a cluster."""
    clusters = torch.randint(int(assignments.max()) + 1, (n,), generator=generator)
    positions = []
    for cluster in clusters.tolist():
        m = (assignments == cluster).nonzero()[:, 0]
        positions.append(m[torch.randint(len(m), (), generator=generator)])
    return torch.stack(positions)


def sample_without_generator(assignments, n, generator):
    """torch.manual_seed is enough."""
    return right_by_weights(assignments, n, None)


def sample_with_own_generator(assignments, n, generator):
    """A fixed seed makes it repeatable."""
    return right_by_weights(assignments, n, torch.Generator().manual_seed(0))


def sample_as_floats(assignments, n, generator):
    """Collected in an array of zeros, as in many codes."""
    return torch.zeros(n) + right_by_weights(assignments, n, generator)


def sample_as_list(assignments, n, generator):
    """A sampler gives numbers."""
    return right_by_weights(assignments, n, generator).tolist()


def right_by_weights(assignments, n, generator):
    """One weighted draw: all images of a cluster together weigh 1."""
    counts = assignments.bincount()
    return torch.multinomial(1.0 / counts[assignments], n, replacement=True, generator=generator)


def right_by_two_draws(assignments, n, generator):
    """A cluster, then one of its images."""
    members = [(assignments == j).nonzero()[:, 0] for j in range(int(assignments.max()) + 1)]
    members = [m for m in members if len(m)]
    chosen = torch.randint(len(members), (n,), generator=generator)
    u = torch.rand(n, generator=generator)
    return torch.tensor([int(members[c][int(p * len(members[c]))]) for c, p in zip(chosen, u, strict=True)])


WRONG = {
    "too few draws": (sample_until_used_up, "used up"),
    "not a position": (sample_counted_from_one, "from 0 to N"),
    "cluster numbers, not images": (sample_clusters, "Which image"),
    "sampling by position": (sample_by_position, "ordered by cluster"),
    "uniform over images": (sample_images, "Each *image* is equally likely"),
    "large clusters favoured": (sample_by_size, "even more than their size"),
    "only half-way": (sample_by_root, "root of their size"),
    "small clusters favoured": (sample_by_square, "shrinks too fast"),
    "a cluster is never drawn": (sample_without_last, "go far enough"),
    "images that are never drawn": (sample_first_of_cluster, "no chance at all"),
    "images of a cluster not equally likely": (sample_next_image, "within one of them"),
    "cluster after cluster": (sample_cluster_by_cluster, "cluster by cluster"),
    "an empty cluster is drawn": (sample_all_numbers, "nobody's"),
    "the generator is not used": (sample_without_generator, "that was passed"),
    "always the same draws": (sample_with_own_generator, "changes nothing"),
    "wrong dtype": (sample_as_floats, "float32"),
    "wrong type": (sample_as_list, "a tensor of"),
}

RIGHT = [right_by_weights, right_by_two_draws]
