"""Draw images so that every cluster is equally likely (arXiv:1807.05520, §3.3)."""

from collections.abc import Callable

import torch
from torch import Tensor

from aimsssl import clustering
from aimsssl.exercises.compare import difference, same
from aimsssl.exercises.framework import Case, Exercise, Seen, Wrong

COUNT, NOWHERE = "how many draws", "how many draws are no position"
SHARES, FIRST_HALF = "the share of each cluster", "the share of each cluster in the first half of the draws"
IMAGES = "how often each image was drawn, where 1 is its fair share"
ONCE = "the share of calls that draw every cluster once"
TWICE = "the share of calls in which an image comes twice"
SAME, OTHER, NEXT = "the same seed, the same draws", "another seed, other draws", "a second call draws others"


def _reference_uniform_over_clusters(assignments: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """`aimsssl.clustering.uniform_over_clusters`: positions of n images, int64 `[n]`."""
    return clustering.uniform_over_clusters(assignments, n, generator)


def _mixed(*sizes: int) -> Tensor:
    """Assignments with these cluster sizes, in random order: int64 `[N]`."""
    assignments = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    return assignments[torch.randperm(len(assignments))]


def _draws(function: Callable, assignments: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """What was drawn: whole numbers in one row."""
    came = function(assignments, n, generator)
    found = difference(came, torch.zeros(n, dtype=torch.int64))
    if found and (found.name in ("wrong type", "wrong dtype") or came.ndim != 1 or len(came) == 0):
        raise Wrong(found.name, found.sentence)
    return came


def _shares(function: Callable, assignments: Tensor, n: int) -> dict:
    came = _draws(function, assignments, n, torch.Generator().manual_seed(0))
    there = came[(came >= 0) & (came < len(assignments))]
    k = int(assignments.max()) + 1

    def share(positions: Tensor) -> Tensor:
        return assignments[positions].bincount(minlength=k) / max(1, len(positions))

    return {
        COUNT: len(came),
        NOWHERE: len(came) - len(there),
        SHARES: share(there),
        FIRST_HALF: share(there[: len(there) // 2]),
    }


def _of_each_image(function: Callable, assignments: Tensor, n: int) -> dict:
    """As `_shares`, of every image, the clusters one after the other."""
    came = _draws(function, assignments, n, torch.Generator().manual_seed(0))
    there = came[(came >= 0) & (came < len(assignments))]
    counts = assignments.bincount()
    fair = n / (counts > 0).sum() / counts[assignments]
    often = there.bincount(minlength=len(assignments)) / fair
    nowhere = len(came) - len(there)
    return {COUNT: len(came), NOWHERE: nowhere, IMAGES: often[assignments.argsort(stable=True)]}


def _few_at_a_time(function: Callable, assignments: Tensor, n: int) -> dict:
    """Forty calls with as many draws as there are clusters: independent ones seldom meet all of them."""
    generator = torch.Generator().manual_seed(0)
    calls = [_draws(function, assignments, n, generator).clamp(0, len(assignments) - 1) for _ in range(40)]
    once = sum(len(assignments[one].unique()) == n for one in calls) / len(calls)
    twice = sum(len(one.unique()) < n for one in calls) / len(calls)
    return {COUNT: len(calls[0]), ONCE: once, TWICE: twice}


def _repeated(function: Callable, assignments: Tensor, n: int) -> dict:
    generator = torch.Generator().manual_seed(1)
    first, following = (_draws(function, assignments, n, generator) for _ in range(2))
    again, other = (_draws(function, assignments, n, torch.Generator().manual_seed(seed)) for seed in (1, 2))
    return {
        COUNT: len(first),
        SAME: torch.equal(first, again),
        OTHER: not torch.equal(first, other),
        NEXT: not torch.equal(first, following),
    }


uniform_over_clusters = Exercise(
    lesson="05",
    name="uniform_over_clusters",
    title="Draw images so that each cluster is equally likely.",
    difficulty="●●○",
    minutes=15,
    reference=_reference_uniform_over_clusters,
    hints=(
        "Think of it as two draws, one after the other: first a cluster, then an image of that cluster. Or as one draw "
        "in which every image has a weight. What weight should an image of a large cluster have?",
        "If all images of a cluster together should weigh 1, each of them weighs one over the size of its cluster. "
        "bincount gives the sizes, and indexing with the assignments gives each image the size of its own cluster.",
        "torch.multinomial draws positions by weights, with replacement=True and the generator. Pass it 1 divided by "
        "the counts at the assignments, as floating-point numbers. Clusters without images never appear in it.",
    ),
    cases=(
        Case(
            "15000 draws from clusters of 7, 5 and 1 images",
            lambda: (_mixed(7, 5, 1), 15_000),
            _of_each_image,
            rtol=0.2,
            atol=0.1,
        ),
        Case(
            "2000 draws where the clusters have 30, 0 and 10 images",
            lambda: (_mixed(30, 0, 10), 2000),
            _shares,
            rtol=0,
            atol=0.08,
        ),
        Case(
            "30 draws from clusters of 50, 10 and 5 images, with several generators",
            lambda: (_mixed(50, 10, 5), 30),
            _repeated,
        ),
        Case(
            "40 times 3 draws from clusters of 2, 2 and 2 images",
            lambda: (_mixed(2, 2, 2), 3),
            _few_at_a_time,
            rtol=0,
            atol=0.38,
        ),
    ),
)


def _members(assignments: Tensor) -> list[Tensor]:
    return [(assignments == j).nonzero()[:, 0] for j in assignments.unique().tolist()]


def _weighted(assignments: Tensor, n: int, generator: torch.Generator, weight: Callable) -> Tensor:
    """Each image is drawn by the weight of the size of its cluster."""
    weights = weight(assignments.bincount().double())[assignments]
    return torch.multinomial(weights, n, replacement=True, generator=generator)


def _of_clusters(chosen: Tensor, members: list[Tensor], generator: torch.Generator, within: Callable) -> Tensor:
    """An image of each chosen cluster; `within(u)` in [0, 1) is its place there, for u drawn evenly."""
    sizes = torch.tensor([len(m) for m in members])[chosen]
    place = (within(torch.rand(len(chosen), generator=generator)) * sizes).long()
    starts = torch.tensor([0, *(len(m) for m in members[:-1])]).cumsum(0)[chosen]
    return torch.cat(members)[starts + place]


def _has_a_gap(assignments: Tensor) -> bool:
    return len(assignments.unique()) <= int(assignments.max())


def _shares_of(seen: Seen) -> Tensor:
    """How often each cluster was drawn, from what was seen of it or of its images."""
    if SHARES in seen.came:
        return seen.came[SHARES]
    return torch.zeros(int(seen.inputs[0].max()) + 1).index_add_(0, seen.inputs[0].sort().values, seen.came[IMAGES])


@uniform_over_clusters.mistake(
    "a gap in the numbers",
    "A number that nobody has was counted as a cluster, and the last cluster was never drawn: the numbers do not run "
    "from 0 to how many there are.",
    looks=lambda seen: SHARES in seen.came and seen.came[SHARES][-1] == 0 and _has_a_gap(seen.inputs[0]),
)
def _(assignments, n, generator):
    """The clusters are numbered 0, 1, 2."""
    members = [(assignments == j).nonzero()[:, 0] for j in range(len(assignments.unique()))]
    members = [one for one in members if len(one)]
    return _of_clusters(torch.randint(len(members), (n,), generator=generator), members, generator, lambda u: u)


@uniform_over_clusters.mistake(
    "one cluster for all draws",
    "All draws of a call come from one cluster. The choice is made anew for each of the n images.",
    looks=lambda seen: (_shares_of(seen) > 0).sum() == 1,
)
def _(assignments, n, generator):
    """A cluster is drawn, then n of its images."""
    members = _members(assignments)
    chosen = torch.randint(len(members), (1,), generator=generator)
    return _of_clusters(chosen.expand(n), members, generator, lambda u: u)


@uniform_over_clusters.mistake(
    "as many draws of each cluster",
    "The clusters take turns, or each gets the same number of draws. Each draw is to be independent: by chance one "
    "cluster comes twice, and another not at all.",
    looks=lambda seen: seen.came[ONCE] > 0.7,
)
def _(assignments, n, generator):
    """Equally likely is equally often."""
    members = _members(assignments)
    chosen = torch.arange(n) % len(members)
    return _of_clusters(chosen[torch.randperm(n, generator=generator)], members, generator, lambda u: u)


@uniform_over_clusters.mistake(
    "too few draws",
    "Fewer than n positions came. Were small clusters used up? An image may come more than once.",
    looks=lambda seen: seen.came[COUNT] < seen.inputs[1],
)
def _(assignments, n, generator):
    """Every image at most once in an epoch."""
    each = n // len(assignments.unique())
    return torch.cat([m[torch.randperm(len(m), generator=generator)[:each]] for m in _members(assignments)])


@uniform_over_clusters.also("too few draws")  # as many as can be shared evenly
def _(assignments, n, generator):
    drawn = _weighted(assignments, n, generator, lambda counts: 1 / counts)
    return drawn[: min(n, len(assignments))]


@uniform_over_clusters.mistake(
    "too many draws",
    "More than n positions came: n is how many images are wanted in all, not from each cluster.",
    looks=lambda seen: seen.came[COUNT] > seen.inputs[1],
)
def _(assignments, n, generator):
    """n images of each cluster."""
    k = len(assignments.unique())
    return _weighted(assignments, n * k, generator, lambda counts: 1 / counts)


@uniform_over_clusters.mistake(
    "no image twice in a call",
    "An image that was drawn does not come again in the same call. Draws are independent: each image may come again.",
    looks=lambda seen: seen.came[TWICE] == 0,
)
def _(assignments, n, generator):
    """Small clusters are repeated until all are as large, and the list is shuffled."""
    members = _members(assignments)
    largest = max(len(m) for m in members)
    pool = torch.cat([m[torch.arange(largest) % len(m)] for m in members])
    pool = pool.repeat(-(-n // len(pool)))
    return pool[torch.randperm(len(pool), generator=generator)[:n]]


@uniform_over_clusters.also("no image twice in a call")
def _(assignments, n, generator):
    return torch.multinomial(1.0 / assignments.bincount()[assignments], n, generator=generator)


@uniform_over_clusters.mistake("not a position", "Positions count images: from 0 to N − 1.")
def _(assignments, n, generator):
    """The images are numbered from 1."""
    return _weighted(assignments, n, generator, lambda counts: 1 / counts) + 1


@uniform_over_clusters.mistake(
    "cluster numbers, not images", "These are numbers of clusters. Which image should be shown?"
)
def _(assignments, n, generator):
    """Uniform over clusters: draw clusters."""
    return torch.randint(int(assignments.max()) + 1, (n,), generator=generator)


@uniform_over_clusters.also("cluster numbers, not images")
def _(assignments, n, generator):
    return assignments[_weighted(assignments, n, generator, lambda counts: 1 / counts)]


@uniform_over_clusters.also("cluster numbers, not images")
def _(assignments, n, generator):
    names = assignments.unique()
    return names[torch.randint(len(names), (n,), generator=generator)]


@uniform_over_clusters.mistake(
    "places within a cluster for positions",
    "The place of an image was counted within its cluster, and handed out as it is. Among all images that "
    "place belongs to another one.",
)
def _(assignments, n, generator):
    """A cluster, then the number of an image in it."""
    sizes = assignments.unique(return_counts=True)[1]
    chosen = torch.randint(len(sizes), (n,), generator=generator)
    return (torch.rand(n, generator=generator) * sizes[chosen]).long()


@uniform_over_clusters.mistake(
    "sampling by position",
    "Numbers of images were drawn fairly, then used as places in a list that is ordered by cluster. There, place i is "
    "another image. What comes out follows the sizes of the clusters again. A number means something only "
    "together with the list that it counts.",
)
def _(assignments, n, generator):
    """The images stand in the order of their clusters, and the numbers of the images tell where."""
    by_cluster = assignments.argsort(stable=True)
    return by_cluster[_weighted(assignments, n, generator, lambda counts: 1 / counts)]


@uniform_over_clusters.mistake(
    "places in the ordered list for positions",
    "The draws are places in a list that is ordered by cluster. At that place of the *images* stands another one: a "
    "number means something only together with the list that it counts.",
)
def _(assignments, n, generator):
    """Cluster after cluster, and the places are drawn."""
    return _weighted(assignments.sort().values, n, generator, lambda counts: 1 / counts)


@uniform_over_clusters.mistake(
    "uniform over images",
    "Each *image* is equally likely, so a cluster gets draws in proportion to its size. This is what should "
    "be avoided.",
)
def _(assignments, n, generator):
    """Every image has the same chance: that is uniform."""
    return torch.randint(len(assignments), (n,), generator=generator)


@uniform_over_clusters.mistake(
    "large clusters favoured",
    "Large clusters get even more than their size. Should the weight of an image grow or shrink with the size of its "
    "cluster?",
)
def _(assignments, n, generator):
    """The weight of an image is the size of its cluster."""
    return _weighted(assignments, n, generator, lambda counts: counts)


@uniform_over_clusters.mistake(
    "an empty cluster is drawn",
    "k-means can leave a cluster empty, and its number is then nobody's. It must not take part.",
    looks=lambda seen: (
        _has_a_gap(seen.inputs[0])
        and (
            "replacement" not in str(seen.trouble.error)
            if seen.trouble
            else seen.came[COUNT] == seen.inputs[1] and not same(seen.came[SHARES], seen.expected[SHARES], 0, 0.08)
        )
    ),
)
def _(assignments, n, generator):
    """Every number from 0 to the largest is a cluster."""
    chosen = torch.randint(int(assignments.max()) + 1, (n,), generator=generator)
    sizes = assignments.bincount()
    if (sizes == 0).any():
        raise IndexError("no image to draw from")
    return _of_clusters(chosen, _members(assignments), generator, lambda u: u)


@uniform_over_clusters.mistake(
    "only half-way",
    "Large clusters still get more than small ones: the weight of an image shrinks too slowly with the size of its "
    "cluster.",
    looks=lambda seen: _falls_with_size(seen, 1),
)
def _(assignments, n, generator):
    """One over the root of the size, as is usual for rare words."""
    return _weighted(assignments, n, generator, lambda counts: counts**-0.5)


@uniform_over_clusters.also("only half-way")
def _(assignments, n, generator):
    return _weighted(assignments, n, generator, lambda counts: 1 / (counts + 1))


@uniform_over_clusters.also("only half-way")
def _(assignments, n, generator):
    return _weighted(assignments, n, generator, lambda counts: 1 / (counts + 1).log())


@uniform_over_clusters.also("only half-way")
def _(assignments, n, generator):
    return _weighted(assignments, n, generator, lambda counts: 1 - counts / counts.sum())


@uniform_over_clusters.mistake(
    "small clusters favoured",
    "Now the small clusters get more than the large ones. The weight shrinks too fast with the size of the cluster.",
    looks=lambda seen: _falls_with_size(seen, -1),
)
def _(assignments, n, generator):
    """One over the squared size: small clusters need help."""
    return _weighted(assignments, n, generator, lambda counts: counts**-2)


@uniform_over_clusters.also("small clusters favoured")
def _(assignments, n, generator):
    return _weighted(assignments, n, generator, lambda counts: (-counts / counts.clamp(min=1).mean()).exp())


def _falls_with_size(seen: Seen, sign: int) -> bool:
    """Whether the share of a cluster falls (or rises) with its size, all of them drawn."""
    if IMAGES in seen.came:
        means = _means_of_clusters(seen)
        return bool((sign * means.diff() > -0.1).all() and means.max() - means.min() > 0.2)
    counts = seen.inputs[0].bincount()
    shares = seen.came[SHARES][counts.argsort()][(counts == 0).sum() :]
    falls = (shares > 0).all() and (sign * shares.diff() > -0.02).all() and shares.max() - shares.min() > 0.05
    return bool(falls and seen.came[COUNT] == seen.inputs[1])


def _means_of_clusters(seen: Seen) -> Tensor:
    """How often the images of each cluster were drawn, 1 is their fair share, the smallest cluster first."""
    counts = seen.inputs[0].bincount()
    means = torch.stack([part.mean() for part in seen.came[IMAGES].split(counts.tolist())])
    return means[counts.argsort()]


@uniform_over_clusters.mistake(
    "a cluster is never drawn",
    "A cluster that has images was never drawn. Do the cluster numbers go far enough?",
    looks=lambda seen: (_shares_of(seen)[seen.inputs[0].unique()] == 0).any(),
)
def _(assignments, n, generator):
    """The highest number is the number of clusters."""
    members = _members(assignments)
    chosen = torch.randint(len(members) - 1, (n,), generator=generator)
    return _of_clusters(chosen, members, generator, lambda u: u)


@uniform_over_clusters.also("a cluster is never drawn")
def _(assignments, n, generator):
    members = _members(assignments)
    chosen = torch.randint(1, len(members), (n,), generator=generator)
    return _of_clusters(chosen, members, generator, lambda u: u)


@uniform_over_clusters.mistake(
    "images that are never drawn",
    "Some images never came, in thousands of draws. Every image has its chance, in each draw.",
    looks=lambda seen: IMAGES in seen.came and (seen.came[IMAGES] == 0).any(),
)
def _(assignments, n, generator):
    """One image of a cluster is as good as another."""
    members = _members(assignments)
    return _of_clusters(torch.randint(len(members), (n,), generator=generator), members, generator, lambda u: 0 * u)


@uniform_over_clusters.mistake(
    "images of a cluster not equally likely",
    "The clusters are fair, but within one of them some images come more often than others, or never. Is the image "
    "drawn anew for each draw, and from all of its cluster?",
    looks=lambda seen: IMAGES in seen.came and bool((_means_of_clusters(seen) - 1).abs().max() < 0.2),
)
def _(assignments, n, generator):
    """Draw a place any way and take the image there."""
    members = _members(assignments)
    return _of_clusters(torch.randint(len(members), (n,), generator=generator), members, generator, lambda u: u**2)


@uniform_over_clusters.also("images of a cluster not equally likely")
def _(assignments, n, generator):
    members = _members(assignments)
    sizes = torch.tensor([len(m) for m in members])
    chosen = torch.randint(len(members), (n,), generator=generator)
    place = torch.randint(len(assignments), (n,), generator=generator) % sizes[chosen]
    return torch.cat(members)[sizes.cumsum(0)[chosen] - sizes[chosen] + place]


@uniform_over_clusters.also("images of a cluster not equally likely")
def _(assignments, n, generator):
    members = _members(assignments)
    sizes = torch.tensor([len(m) for m in members])
    chosen = torch.randint(len(members), (n,), generator=generator)
    place = torch.randint(int(sizes.max()), (n,), generator=generator) % sizes[chosen]
    return torch.cat(members)[sizes.cumsum(0)[chosen] - sizes[chosen] + place]


@uniform_over_clusters.mistake(
    "cluster after cluster",
    "The draws come cluster by cluster, or sorted. A batch then holds one pseudo-label only, and the network learns to "
    "say always the same.",
    looks=lambda seen: not torch.allclose(seen.came[FIRST_HALF], seen.came[SHARES], atol=0.15),
)
def _(assignments, n, generator):
    """Equal parts, one behind the other."""
    members = _members(assignments)
    chosen = torch.arange(n) * len(members) // n
    return _of_clusters(chosen, members, generator, lambda u: u)


@uniform_over_clusters.also("cluster after cluster")
def _(assignments, n, generator):
    return _weighted(assignments, n, generator, lambda counts: 1 / counts).sort().values


@uniform_over_clusters.mistake(
    "the generator is not used",
    "The draws did not come from the generator that was passed. A run that is stopped and goes on could not "
    "repeat them.",
    looks=lambda seen: not seen.came[SAME],
)
def _(assignments, n, generator):
    """torch.manual_seed is enough."""
    return _weighted(assignments, n, None, lambda counts: 1 / counts)


@uniform_over_clusters.mistake(
    "always the same draws",
    "The seed of the generator changes nothing: a new generator was made inside, or nothing is random.",
    looks=lambda seen: not seen.came[OTHER],
)
def _(assignments, n, generator):
    """A fixed seed makes it repeatable."""
    return _weighted(assignments, n, torch.Generator().manual_seed(0), lambda counts: 1 / counts)


@uniform_over_clusters.mistake(
    "the generator begins anew in each call",
    "The generator was set back to its seed, so each call draws the same images: every epoch would be the same one.",
    looks=lambda seen: not seen.came[NEXT] if NEXT in seen.came else seen.came[ONCE] in (0, 1),
)
def _(assignments, n, generator):
    """To be sure, seed it once more."""
    return _weighted(assignments, n, generator.manual_seed(generator.initial_seed()), lambda counts: 1 / counts)


@uniform_over_clusters.also("images of a cluster not equally likely")
def _(assignments, n, generator):
    members = _members(assignments)
    ones = torch.stack([m[torch.randint(len(m), (), generator=generator)] for m in members])
    return ones[torch.randint(len(members), (n,), generator=generator)]


@uniform_over_clusters.also("images of a cluster not equally likely")
def _(assignments, n, generator):
    members = _members(assignments)
    draws = torch.rand(n, generator=generator) * len(members)
    return torch.stack([members[int(d)][int((d % 1) ** 2 * len(members[int(d)]))] for d in draws])
